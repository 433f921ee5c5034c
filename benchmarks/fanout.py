"""What happens when a whole team opens the page at once? Fifty viewers through one relay and broker.

`python -m benchmarks.fanout`: one line of JSON last. `--viewers 200 --proxy nginx` lets them come through Debian's nginx, with
addresses of their own, once by shards over HTTP and once over MQTT; each by a page server of its own. The viewers are the page's own follower on MQTT.js, all in one
Node: each loads a set of 30 MB in windows, coarse to fine, and checks every shard's length and SHA-256. The broker's
growth is its largest resident memory while they load, less what it held with the set retained and nobody there.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil
from pydantic import BaseModel, ConfigDict

from benchmarks.parts.nginx import proxy
from benchmarks.parts.page.server import page_server
from benchmarks.parts.page.set import PROJECT, Shards, publish_manifest, publish_ready, publish_shards, surface
from broker.accounts.access import Credential, User
from broker.delivery import Delivery
from broker.ids import Encoding
from broker.logs import LogLevel, configure
from broker.mosquitto import BrokerPlan, Mosquitto, free_port

VIEWER_COUNT: Final = 50
POINT_COUNT: Final = 2_000_000  # 30 MB of PLY
PATIENCE_S: Final = 180.0  # at least
PATIENCE_OF_A_VIEWER_S: Final = 2.5
WATCH_INTERVAL_S: Final = 0.05
WEB: Final = Path(__file__).parents[1] / "viewer/web"


class Joined(BaseModel):
    """What the viewers tell: how many there were, seconds from the beginning to each complete set, shards by HTTP."""

    model_config = ConfigDict(frozen=True)

    viewers: int
    seconds: tuple[float, ...]
    by_http: int


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
        await publish_ready(delivery, connection)
    return shards


@contextlib.contextmanager
def viewers_program() -> Iterator[Path]:
    """The viewers as one file that Node runs."""
    with tempfile.TemporaryDirectory() as folder:
        build = ["npx", "vite", "build", "--ssr", "bench/fanout.ts", "--outDir", folder, "--logLevel", "error"]
        subprocess.run(build, cwd=WEB, check=True, timeout=120)
        yield Path(folder) / "fanout.js"


async def join(
    mosquitto: Mosquitto, url: str, program: Path, viewer_count: int = VIEWER_COUNT, page: str = ""
) -> Joined:
    """Let all of them join at once, and wait until each has everything or patience ends; by HTTP from a page."""
    connection = mosquitto.connection("viewer")
    patience_s = max(PATIENCE_S, PATIENCE_OF_A_VIEWER_S * viewer_count)
    process = await asyncio.create_subprocess_exec(
        *(shutil.which("node") or "node", str(program), url, connection.root, "viewer", PROJECT),
        *(str(viewer_count), str(patience_s), page),
        env=os.environ | {"MQTT_PASSWORD": connection.secret() or ""},
        stdout=subprocess.PIPE,
    )
    async with asyncio.timeout(patience_s + 30):
        said, _ = await process.communicate()
    return Joined.model_validate_json(said.splitlines()[-1])


async def measure(mosquitto: Mosquitto, url: str, program: Path, viewer_count: int) -> dict[str, object]:
    """All figures."""
    shards = await publish(mosquitto)
    memory = Memory(psutil.Process(mosquitto.pid))
    async with memory.watched():
        joined = await join(mosquitto, url, program, viewer_count)
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


async def measure_ways(mosquitto: Mosquitto, program: Path, folder: Path, viewer_count: int) -> dict[str, object]:
    """Figures of both ways through one proxy."""
    shards = await publish(mosquitto)
    process, seconds, complete, over_http = psutil.Process(mosquitto.pid), {}, {}, {}
    memory = Memory(process)
    before_bytes, growth_mb = process.memory_info().rss, {}
    for way in ("http", "mqtt"):
        with page_server(mosquitto, trusted_proxies='["127.0.0.1"]') as url:
            page_port = urlsplit(url).port
            if page_port is None:
                raise AssertionError
            with proxy(folder / way, page_port) as port:
                page = f"http://127.0.0.1:{port}/" if way == "http" else ""
                async with memory.watched():
                    joined = await join(mosquitto, f"ws://127.0.0.1:{port}/mqtt", program, viewer_count, page)
        growth_mb[way] = round((memory.largest_bytes - before_bytes) / 1e6, 1)
        complete[way] = len(joined.seconds)
        over_http[way] = joined.by_http
        seconds[way] = round(max(joined.seconds, default=float("nan")), 1)
        print(
            f"{way}: {complete[way]} of {viewer_count} complete in {seconds[way]} s, {over_http[way]} shards by HTTP",
            flush=True,
        )
    return {
        "viewers": viewer_count,
        "set_mb": round(shards.byte_count / 1e6, 1),
        "http_s": seconds["http"],
        "mqtt_s": seconds["mqtt"],
        "complete": min(complete.values()),
        "share_by_http": round(over_http["http"] / (viewer_count * len(shards.entries)), 4),
        "broker_growth_mb": max(growth_mb.values()),
        "broker_growth_by_way_mb": growth_mb,
    }


def main() -> int:
    """Measure and print; 1 when a viewer did not get everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fanout")
    parser.add_argument("--viewers", type=int, default=VIEWER_COUNT)
    parser.add_argument("--proxy", choices=["nginx"], help="let them come through a proxy, by HTTP and by MQTT")
    wishes = parser.parse_args()
    configure(level=LogLevel.WARNING)
    people = [Credential.fresh(User.build(name, name, [PROJECT])) for name in ("reconstructor", "viewer")]
    with tempfile.TemporaryDirectory(prefix="cairn-fanout-") as name, viewers_program() as program:
        folder = Path(name)
        with Mosquitto(BrokerPlan(data_dir=folder / "broker", port=free_port()), people) as mosquitto:
            if wishes.proxy is None:
                with page_server(mosquitto, connections_per_address=str(2 * wishes.viewers)) as url:
                    figures = asyncio.run(measure(mosquitto, url, program, wishes.viewers))
            else:
                figures = asyncio.run(measure_ways(mosquitto, program, folder, wishes.viewers))
    print(json.dumps(figures))
    return 0 if figures["complete"] == wishes.viewers else 1


if __name__ == "__main__":
    sys.exit(main())
