"""What happens when a whole team opens the page at once? Fifty viewers through one relay and broker.

`python -m benchmarks.fanout`: one line of JSON last. The viewers are the page's own follower on MQTT.js, all in one
Node: each loads a set of 30 MB in windows, coarse to fine, and checks every shard's length and SHA-256. The broker's
growth is its largest resident memory while they load, less what it held with the set retained and nobody there.
"""

import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
from pydantic import BaseModel, ConfigDict

from benchmarks.parts.page_set import PROJECT, Shards, publish_manifest, publish_shards, surface
from benchmarks.relay import page_server
from broker.accounts.access import Credential, User
from broker.delivery import Delivery
from broker.ids import Encoding
from broker.logs import LogLevel, configure
from broker.mosquitto import BrokerPlan, Mosquitto, free_port

VIEWER_COUNT: Final = 50
POINT_COUNT: Final = 2_000_000  # 30 MB of PLY
PATIENCE_S: Final = 180.0
WATCH_INTERVAL_S: Final = 0.05
WEB: Final = Path(__file__).parents[1] / "viewer/web"


class Joined(BaseModel):
    """What the viewers tell: how many there were, and seconds from the beginning to each complete set."""

    model_config = ConfigDict(frozen=True)

    viewers: int
    seconds: tuple[float, ...]


@dataclass(slots=True)
class Memory:
    """Resident memory of one process, watched for a while."""

    process: psutil.Process
    before_bytes: int = 0
    largest_bytes: int = 0

    @property
    def growth_mb(self) -> float:
        """How much more it took than before, at the worst moment."""
        return round((self.largest_bytes - self.before_bytes) / 1e6, 1)

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look again and again until the block ends."""
        self.before_bytes = self.largest_bytes = self.process.memory_info().rss
        watch = asyncio.create_task(self._look(), name="memory")
        try:
            yield
        finally:
            watch.cancel()

    async def _look(self) -> None:
        while True:
            self.largest_bytes = max(self.largest_bytes, self.process.memory_info().rss)
            await asyncio.sleep(WATCH_INTERVAL_S)


async def publish(mosquitto: Mosquitto) -> Shards:
    """Retain one reference set."""
    connection = mosquitto.connection("reconstructor")
    async with Delivery(connection, client_id="bench", session_expiry_s=0) as delivery:
        await delivery.wait_connected(10)
        levels = [surface(count, seed=1) for count in (16_000, 60_000, 240_000, POINT_COUNT - 316_000)]
        shards = await publish_shards(delivery, connection, levels, generation=1, encoding=Encoding.PLY)
        await publish_manifest(delivery, connection, shards)
    return shards


@contextlib.contextmanager
def viewers_program() -> Iterator[Path]:
    """The viewers as one file that Node runs."""
    with tempfile.TemporaryDirectory() as folder:
        build = ["npx", "vite", "build", "--ssr", "bench/fanout.ts", "--outDir", folder, "--logLevel", "error"]
        subprocess.run(build, cwd=WEB, check=True, timeout=120)
        yield Path(folder) / "fanout.js"


async def join(mosquitto: Mosquitto, url: str, program: Path) -> Joined:
    """Let all of them join at once, and wait until each has everything or patience ends."""
    connection = mosquitto.connection("viewer")
    process = await asyncio.create_subprocess_exec(
        *(shutil.which("node") or "node", str(program), url, connection.root, "viewer", PROJECT),
        *(str(VIEWER_COUNT), str(PATIENCE_S)),
        env=os.environ | {"MQTT_PASSWORD": connection.secret() or ""},
        stdout=subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S + 30):
        said, _ = await process.communicate()
    return Joined.model_validate_json(said.splitlines()[-1])


async def measure(mosquitto: Mosquitto, url: str, program: Path) -> dict[str, float]:
    """All figures."""
    shards = await publish(mosquitto)
    memory = Memory(psutil.Process(mosquitto.pid))
    async with memory.watched():
        joined = await join(mosquitto, url, program)
    slowest_s = max(joined.seconds, default=float("nan"))
    return {
        "viewers": joined.viewers,
        "complete": len(joined.seconds),
        "seconds": round(slowest_s, 2),
        "seconds_p50": round(statistics.median(joined.seconds or (float("nan"),)), 2),
        "set_mb": round(shards.byte_count / 1e6, 1),
        "mb_per_s": round(len(joined.seconds) * shards.byte_count / slowest_s / 1e6, 1),
        "broker_growth_mb": memory.growth_mb,
    }


def main() -> None:
    """Measure and print."""
    configure(level=LogLevel.WARNING)
    people = [Credential.fresh(User.build(name, name, [PROJECT])) for name in ("reconstructor", "viewer")]
    with tempfile.TemporaryDirectory() as folder, viewers_program() as program:
        plan = BrokerPlan(data_dir=Path(folder), port=free_port())
        with Mosquitto(plan, people) as mosquitto, page_server(mosquitto) as url:
            figures = asyncio.run(measure(mosquitto, url, program))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
