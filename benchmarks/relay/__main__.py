"""How fast do large messages reach MQTT.js, by our relay and by Mosquitto's own WebSocket listener?

`python -m benchmarks.relay`: MQTT.js in Node, 1 MiB messages; one line of JSON last. Both are measured with the same
broker, messages and reader in the same run; the listener gets one message and at most `LISTENER_PATIENCE_S`.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.parts.page.server import page_server
from broker.accounts.access import Credential, User
from broker.contract import SHARD
from broker.delivery import Delivery
from broker.ids import ProjectId
from broker.logs import LogLevel, configure
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.outgoing import Outgoing

PROJECT: Final = ProjectId("bench")
MESSAGE_BYTES: Final = 1024 * 1024
MESSAGE_COUNT: Final = 64
ROUNDS: Final = 5
RELAY_PATIENCE_S: Final = 60.0
LISTENER_PATIENCE_S: Final = 45.0
_READER: Final = Path(__file__).with_name("reader.mjs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What the reader tells: seconds of each round, and bytes of the last."""

    seconds: list[float]
    bytes: int

    @property
    def mb_per_s(self) -> float:
        """Megabytes a second, in the median round."""
        return self.bytes / statistics.median(self.seconds) / 1e6


async def publish(mosquitto: Mosquitto) -> None:
    """Retain the messages where shards are."""
    connection = mosquitto.connection("reconstructor")
    async with Delivery(connection, client_id="bench", session_expiry_s=0) as delivery:
        await delivery.wait_connected(10)
        for index in range(MESSAGE_COUNT):
            topic = connection.space.topic(PROJECT, SHARD.template, generation=1, encoding="ply", index=index)
            await delivery.publish(Outgoing(topic=topic, payload=os.urandom(MESSAGE_BYTES), is_retained=True))


def fetch(mosquitto: Mosquitto, url: str, *, index: str, count: int, rounds: int, patience_s: float) -> Fetched:
    """Let MQTT.js in Node fetch the retained messages."""
    connection = mosquitto.connection("viewer")
    topic = f"{connection.root}/{PROJECT}/shard/1/ply/{index}"
    numbers = [str(count), str(MESSAGE_BYTES), str(rounds), str(patience_s)]
    done = subprocess.run(
        [shutil.which("node") or "node", str(_READER), url, "viewer", topic, *numbers],
        env=os.environ | {"MQTT_PASSWORD": connection.secret() or ""},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=patience_s + 30,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    return Fetched(seconds=told["seconds"], bytes=told["bytes"])


def main() -> None:
    """Measure both ways and print the figures."""
    argparse.ArgumentParser(prog="python -m benchmarks.relay", description=__doc__).parse_args()
    configure(level=LogLevel.WARNING)
    people = (("reconstructor", "reconstructor"), ("viewer", "viewer"))
    credentials = [Credential.fresh(User.build(name, role, [PROJECT])) for name, role in people]
    with tempfile.TemporaryDirectory() as folder:
        plan = BrokerPlan(data_dir=Path(folder), port=free_port(), websocket_port=free_port())
        with Mosquitto(plan, credentials) as mosquitto:
            asyncio.run(publish(mosquitto))
            with page_server(mosquitto) as url:
                relay = fetch(
                    mosquitto, url, index="+", count=MESSAGE_COUNT, rounds=ROUNDS, patience_s=RELAY_PATIENCE_S
                )
            own = f"ws://127.0.0.1:{plan.websocket_port}/mqtt"
            listener = fetch(mosquitto, own, index="0", count=1, rounds=1, patience_s=LISTENER_PATIENCE_S)
    figures = {
        "relay_mb_per_s": round(relay.mb_per_s, 1),
        "native_listener_mb_per_s": round(listener.mb_per_s, 4),
        "times_faster": round(relay.mb_per_s / listener.mb_per_s),
        "message_bytes": MESSAGE_BYTES,
        "messages": MESSAGE_COUNT,
        "rounds": ROUNDS,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
