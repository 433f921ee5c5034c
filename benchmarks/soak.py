"""Does anything grow that should not? All programs at work for half an hour, watched: `make soak`.

`python -m benchmarks.soak --minutes 30`: four rigs that photograph at a steady pace, a reconstructor with a light black box
whose cloud stays the same, a page server, and eight viewers through its relay who leave and join again. Memory and descriptors
are medians of a quarter of the run: the second quarter, when everything is warm, beside the last. From the broker's memory is
taken what it keeps by what `$SYS` says: thumbnails and cameras of new photographs, payload and 3 kB of overhead each. One line of JSON last; exit code 1
when a program grew by more than 5 %, opened descriptors, an image is lost, or the broker dropped a message.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from benchmarks.chaos.outcome import Outcome, count_losses
from benchmarks.chaos.stage import PROJECT, Stage
from benchmarks.parts.growth import BROKER, BrokerFigures, Growth
from benchmarks.parts.page.server import page_server
from broker.config import Connection
from broker.contract import RECONSTRUCTOR_STATISTICS, REFERENCE, SHARD
from broker.envelope import decode
from broker.live import BrokerLostError, follow
from broker.logs import LogLevel, configure
from broker.messages import ReconstructorStatistics

RIG_COUNT: Final = 4
VIEWER_COUNT: Final = 8
IMAGES_PER_MINUTE: Final = 30
VISIT_S: Final = 7.0
LOOKS: Final = 120  # at every program, over the whole run
END_PATIENCE_S: Final = 300.0
SETTINGS: Final = {"BLACK_BOX": "benchmarks.parts.steady_black_box:steady", "GRACE_S": "5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """What a run ended with."""

    outcome: Outcome
    growth: Growth
    broker: BrokerFigures
    message_count: int

    @property
    def is_good(self) -> bool:
        """Whether nothing grew, nothing is lost and the broker dropped nothing."""
        return self.outcome.is_end_state_equal and not self.growth.grown() and self.broker.dropped == 0

    def figures(self) -> dict[str, object]:
        """Every figure by its name."""
        found: dict[str, object] = {
            "images": self.outcome.images,
            "lost": self.outcome.lost,
            "sys_dropped": self.broker.dropped,
            "sys_most_connected": self.broker.most_connected,
            "sys_kept_mb": round(self.broker.kept_bytes / 1e6, 2),
            "messages_to_viewers": self.message_count,
        }
        for name in self.growth.looks:
            (warm_mb, last_mb), (warm, last) = self.growth.memory_mb(name), self.growth.descriptors(name)
            found[name] = {
                "memory_mb": round(self.growth.resident_mb(name), 1),
                "growth_percent": round(100 * (last_mb / warm_mb - 1), 1),
                "descriptors": last,
                "descriptor_growth": last - warm,
            }
        return found | {"grown": self.growth.grown()}


async def visit(connection: Connection, stop: asyncio.Event) -> int:
    """Look at the present set as a page does, leave, and come again; returns how many messages came."""
    count = 0
    topics = [connection.space.filter(channel.template, PROJECT) for channel in (REFERENCE, SHARD)]
    while not stop.is_set():
        with contextlib.suppress(TimeoutError, BrokerLostError):
            async with asyncio.timeout(VISIT_S), follow(connection) as follower:
                await follower.subscribe(*topics)
                async for _ in follower.messages():
                    count += 1
    return count


async def work(
    stage: Stage, url: str, minutes: float, growth: Growth, processes: dict[str, psutil.Process]
) -> tuple[int, BrokerFigures]:
    """Watch until the time is over and every image is processed; returns how many messages viewers got, and `$SYS`."""
    direct = stage.broker.connection("viewer")
    address = url.removeprefix("ws://").removesuffix("/mqtt").rpartition(":")
    relayed = direct.model_copy(
        update={"host": address[0], "port": int(address[2]), "websocket_path": "/mqtt"},
    )
    stop, figures = asyncio.Event(), BrokerFigures()
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(figures.follow(stage.broker.connection("ops")), name="$SYS")
        visits = [tasks.create_task(visit(relayed, stop), name=f"viewer {number}") for number in range(VIEWER_COUNT)]
        end_s = time.monotonic() + 60 * minutes
        while time.monotonic() < end_s:
            await asyncio.sleep(60 * minutes / LOOKS)
            growth.look(processes, figures.kept_bytes)
        await _until_processed(stage)
        stop.set()
        await asyncio.wait(visits)
        following.cancel()
    return sum(each.result() for each in visits), figures


async def _until_processed(stage: Stage) -> None:
    """Wait until every image is stored and no work is left."""
    connection = stage.broker.connection("viewer")
    async with asyncio.timeout(END_PATIENCE_S), follow(connection) as follower:
        await follower.subscribe(connection.space.topic(PROJECT, RECONSTRUCTOR_STATISTICS.template))
        async for message in follower.messages():
            found = decode(message.payload, ReconstructorStatistics)
            if (found.stored_count, found.queued_count, found.preview_count) == (stage.image_count, 0, 0):
                break


@contextlib.contextmanager
def playing(stage: Stage) -> Iterator[None]:
    """Broker, reconstructor and rigs, from start to end."""
    stage.broker.start()
    try:
        for program in (stage.reconstructor, *stage.rigs):
            program.start()
        yield
    finally:
        stage.end()


def soak(folder: Path, *, minutes: float, images: int) -> Soaked:
    """One run in a folder of its own."""
    interval_s = 60 * minutes * RIG_COUNT / images * 0.95  # done a little before the end
    stage = Stage(
        folder,
        image_count=images,
        rig_count=RIG_COUNT,
        is_persistent=True,
        seed=1,
        interval_s=interval_s,
        settings=SETTINGS,
    )
    growth, began_s = Growth(), time.monotonic()
    with playing(stage), page_server(stage.broker) as url:
        pages = [each for each in psutil.Process().children() if "view" in each.cmdline()]
        processes = {
            BROKER: psutil.Process(stage.broker.pid),
            "reconstructor": psutil.Process(stage.reconstructor.pid),
            "page_server": pages[0],
            **{f"rig_{number}": psutil.Process(rig.pid) for number, rig in enumerate(stage.rigs)},
        }
        message_count, broker = asyncio.run(work(stage, url, minutes, growth, processes))
    outcome = count_losses(stage, 0, time.monotonic() - began_s)
    return Soaked(outcome=outcome, growth=growth, broker=broker, message_count=message_count)


def main() -> int:
    """Measure and print; 0 when nothing grew, nothing was lost and nothing dropped."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default: 30)")
    parser.add_argument("--images", type=int, help=f"photographs (default: {IMAGES_PER_MINUTE} a minute)")
    wishes = parser.parse_args()
    images = wishes.images or max(RIG_COUNT, round(IMAGES_PER_MINUTE * wishes.minutes))
    configure(level=LogLevel.ERROR)
    with tempfile.TemporaryDirectory(prefix="cairn-soak-") as name:
        soaked = soak(Path(name), minutes=wishes.minutes, images=images)
    counts = {"minutes": wishes.minutes, "rigs": RIG_COUNT, "viewers": VIEWER_COUNT}
    print(json.dumps(counts | soaked.figures()))
    return 0 if soaked.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
