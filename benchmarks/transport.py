"""How much of the link does a rig use? 4 MB photographs through spool and uploader, beside paho alone, in one run.

`python -m benchmarks.transport`: one line of JSON last. Both send the same bytes to the same consumer in a process of its
own, which answers each image with a receipt, and the time of both is from the first PUBLISH to the last receipt: only then
has anybody but the broker the image. Ours begins with photographs on the disk and ends with the last receipt in the index.
Paho alone is given what makes it fastest: bytes in memory, all published at once, 16 in flight, TCP_NODELAY; it reads no
disk, keeps no index, computes no digest and knows no window. Its time to the last PUBACK, when only the broker
has everything, is printed, too. They take turns, so that a busy machine is busy for both.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from broker.accounts.access import Credential, User
from broker.config import Connection
from broker.contract import IMAGE, RECEIPT, RECONSTRUCTOR_STATE, match
from broker.delivery import Delivery
from broker.ids import AgentId, ImageId, ProjectId
from broker.logs import LogLevel, configure
from broker.messages import ReceiptStatus, ReconstructorPresence, ReconstructorState, UploadAcknowledged
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.outgoing import Outgoing
from edge_agent.photograph import Photograph
from edge_agent.spool.index import SpooledImage
from edge_agent.spool.spool import Spool
from edge_agent.uplink.outbox import PreviewBook
from edge_agent.uplink.rate import Window
from edge_agent.uplink.uploader import Uploader, subscriptions

PROJECT: Final = ProjectId("bench")
RIG: Final = AgentId("rig-bench")
IMAGE_BYTES: Final = 4_000_000
FIRST_BYTES: Final = 100_000  # goes whole on any link
KEEPALIVE_S: Final = 30.0
SINGLES: Final = 4  # a round: so many one by one, then a batch as fast as it goes
BATCH: Final = 24


async def consume(connection: Connection) -> None:
    """Takes images until cancelled, and answers each with a receipt."""
    space = connection.space
    filters = (space.filter(IMAGE.template, PROJECT),)
    async with Delivery(connection, client_id="consumer", subscriptions=filters, receive_maximum=4) as delivery:
        await delivery.wait_connected(10)
        state = ReconstructorState(project=PROJECT, presence=ReconstructorPresence.READY, boot_id="bench")
        topic = space.topic(PROJECT, RECONSTRUCTOR_STATE.template)
        await delivery.publish(Outgoing(topic=topic, payload=state.encode(), is_retained=True))
        async for incoming in delivery.messages():
            name = match(space, incoming.topic).image_name
            digest = sha256(incoming.payload).hexdigest()
            receipt = UploadAcknowledged(
                project=PROJECT,
                status=ReceiptStatus.STORED,
                image_name=name,
                image_id=ImageId.from_name(name, digest),
                image_number=1,
                sha256=digest,
            )
            answer = space.topic(PROJECT, RECEIPT.template, sender=RIG, image_name=name)
            await delivery.publish(Outgoing(topic=answer, payload=receipt.encode()))
            incoming.acknowledge()


def consumer(connection: Connection) -> None:
    """The consumer's process."""
    configure(level=LogLevel.ERROR)
    asyncio.run(consume(connection))


def send_raw(connection: Connection, payloads: list[bytes]) -> tuple[float, float]:
    """Bytes a second of paho alone: from the first PUBLISH to the last receipt, as ours, and to the last PUBACK."""
    space, receipts = connection.space, threading.Semaphore(0)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "raw", protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(connection.username or "", connection.secret())
    client.on_socket_open = lambda _client, _userdata, connected: connected.setsockopt(  # type: ignore[attr-defined]
        socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
    )
    client.max_inflight_messages_set(16)
    client.on_message = lambda *_: receipts.release()
    client.connect(connection.host, connection.port)
    client.loop_start()
    client.subscribe(space.filter(RECEIPT.template, PROJECT, sender=RIG), 1)
    began_s = time.perf_counter()
    sent = [
        client.publish(space.topic(PROJECT, IMAGE.template, sender=RIG, image_name=f"raw-{number}"), each, 1)
        for number, each in enumerate(payloads)
    ]
    for info in sent:
        info.wait_for_publish(60)
    acknowledged_s = time.perf_counter() - began_s
    for _ in payloads:
        receipts.acquire(timeout=60)
    seconds = time.perf_counter() - began_s
    client.disconnect()
    client.loop_stop()
    size_bytes = sum(map(len, payloads))
    return size_bytes / seconds, size_bytes / acknowledged_s


@dataclass(slots=True, kw_only=True)
class Held:
    """A spool that offers nothing while photographs are still being put into it: spooling is not timed."""

    spool: Spool
    is_open: bool = False

    @property
    def previews(self) -> PreviewBook:
        """As the spool; this consumer takes none."""
        return self.spool.previews

    def waiting(self, limit: int, *, without: frozenset[ImageId], first: Sequence[ImageId]) -> list[SpooledImage]:
        """What the spool has, once it is open."""
        return self.spool.waiting(limit, without=without, first=first) if self.is_open else []

    def read(self, image: SpooledImage) -> bytes:
        """As the spool reads."""
        return self.spool.read(image)

    def settle(self, receipt: UploadAcknowledged, image_id: ImageId) -> SpooledImage | None:
        """As the spool settles."""
        return self.spool.settle(receipt, image_id)

    def lacking(self, session: str, sequences: Iterable[int]) -> list[int]:
        """As the spool."""
        return self.spool.lacking(session, sequences)

    def keep(self, payloads: list[bytes]) -> None:
        """Closes, and puts photographs in."""
        self.is_open = False
        for payload in payloads:
            self.spool.add(Photograph(content=payload, content_type="image/jpeg"))

    def meet(self, store_id: str | None) -> None:
        """As the spool."""
        self.spool.meet(store_id)


@dataclass(slots=True, kw_only=True)
class Measured:
    """Bytes a second of each round, and seconds from the spool to each receipt when they come one by one."""

    ours: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    raw_puback: list[float] = field(default_factory=list)
    receipts_s: list[float] = field(default_factory=list)


async def measure(connection: Connection, folder: Path, rounds: int) -> Measured:
    """Takes turns, ours and paho alone, so that a busy machine is busy for both."""
    receipts: asyncio.Queue[SpooledImage] = asyncio.Queue()
    measured, source = Measured(), random.Random(1)  # noqa: S311 - bytes that no compression shortens
    with Spool(folder, RIG) as spool:
        uploader = Uploader(
            lambda: Delivery(connection, client_id=RIG, subscriptions=subscriptions(connection.space, PROJECT, RIG)),
            held := Held(spool=spool),
            space=connection.space,
            project=PROJECT,
            sender=RIG,
            window=Window(image_count=8, size_bytes=32 * 1024 * 1024),
            keepalive_s=KEEPALIVE_S,
            settled=receipts.put_nowait,
        )
        running = asyncio.create_task(uploader.run())

        async def send(payloads: list[bytes]) -> float:
            await asyncio.to_thread(held.keep, payloads)
            held.is_open, began_s = True, time.perf_counter()
            uploader.wake()
            for _ in payloads:
                await receipts.get()
            return time.perf_counter() - began_s

        await send([source.randbytes(FIRST_BYTES)])  # connects, and learns the rate; this consumer takes no pieces
        for _ in range(rounds):
            for _ in range(SINGLES):
                measured.receipts_s.append(await send([source.randbytes(IMAGE_BYTES)]))
            payloads = [source.randbytes(IMAGE_BYTES) for _ in range(BATCH)]
            measured.ours.append(BATCH * IMAGE_BYTES / await send(payloads))
            to_receipt, to_puback = await asyncio.to_thread(send_raw, connection, payloads)
            measured.raw.append(to_receipt)
            measured.raw_puback.append(to_puback)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return measured


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    configure(level=LogLevel.ERROR)
    with tempfile.TemporaryDirectory(prefix="cairn-transport-") as name:
        plan = BrokerPlan(data_dir=Path(name) / "broker", port=free_port())
        people = [("reconstructor", "reconstructor"), (RIG, "agent")]
        users = [Credential.fresh(User.build(each, role, [PROJECT])) for each, role in people]
        with Mosquitto(plan, users) as mosquitto:
            process = multiprocessing.get_context("spawn").Process(
                target=consumer, args=(mosquitto.connection("reconstructor"),), daemon=True
            )
            process.start()
            rig = mosquitto.connection(RIG)
            measured = asyncio.run(measure(rig, Path(name) / "spool", rounds))
            process.kill()
            process.join()
    shares = [ours / raw for ours, raw in zip(measured.ours, measured.raw, strict=True)]
    figures = {
        "upload_share_of_raw": round(statistics.median(shares), 3),
        "upload_mb_per_s": round(statistics.median(measured.ours) / 1e6, 1),
        "raw_paho_mb_per_s": round(statistics.median(measured.raw) / 1e6, 1),
        "raw_paho_to_puback_mb_per_s": round(statistics.median(measured.raw_puback) / 1e6, 1),
        "receipt_p50_ms": round(statistics.median(measured.receipts_s) * 1000),
        "receipt_p95_ms": round(statistics.quantiles(measured.receipts_s, n=20)[-1] * 1000),
        "image_mb": IMAGE_BYTES / 1e6,
        "rounds": rounds,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
