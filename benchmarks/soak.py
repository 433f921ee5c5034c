"""Does anything grow that should not? All programs at work for an hour, their memory watched: `make soak`.

`python -m benchmarks.soak --minutes 60`: rigs that photograph at a steady pace, a reconstructor with a light black box, a
page server, and viewers through its relay who leave and join again. Memory is the median of a quarter of the run: the
second quarter, when everything is warm, beside the last. One line of JSON last; exit code 1 when a program grew by more
than it may, or an image is lost.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from benchmarks.chaos import PROJECT, Outcome, Stage, count_losses
from benchmarks.relay import page_server
from broker.config import Connection
from broker.contract import REFERENCE, SHARD
from broker.live import BrokerLostError, follow
from broker.logs import LogLevel, configure

RIG_COUNT: Final = 2
VIEWER_COUNT: Final = 4
VISIT_S: Final = 7.0
LOOKS: Final = 80  # at every program's memory, over the whole run
MAY_GROW_RATIO: Final = 0.10
MAY_GROW_MB: Final = 12.0  # what an allocator keeps at hand


@dataclass(slots=True)
class Memory:
    """Resident memory of each program over the run, in bytes."""

    looks: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def look(self, process_by_name: dict[str, psutil.Process]) -> None:
        """Note what each takes now, with its children; one that has ended is passed over."""
        for name, process in process_by_name.items():
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            with contextlib.suppress(psutil.NoSuchProcess):
                family = [process, *process.children(recursive=True)]
                self.looks[name].append(sum(each.memory_info().rss for each in family))

    def quarters_mb(self, name: str) -> tuple[float, float]:
        """The median of the second quarter and of the last."""
        sizes = self.looks[name]
        quarter = max(1, len(sizes) // 4)
        return statistics.median(sizes[quarter : 2 * quarter]) / 1e6, statistics.median(sizes[-quarter:]) / 1e6

    def has_grown(self, name: str) -> bool:
        """Whether a program takes more than it may."""
        before_mb, after_mb = self.quarters_mb(name)
        return after_mb - before_mb > max(MAY_GROW_MB, MAY_GROW_RATIO * before_mb)


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


async def work(stage: Stage, url: str, minutes: float, memory: Memory, processes: dict[str, psutil.Process]) -> int:
    """Watch until the time is over and every image is processed; returns how many messages viewers got."""
    direct = stage.broker.connection("viewer")
    address = url.removeprefix("ws://").removesuffix("/mqtt").rpartition(":")
    relayed = direct.model_copy(
        update={"host": address[0], "port": int(address[2]), "websocket_path": "/mqtt"},
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        visits = [tasks.create_task(visit(relayed, stop), name=f"viewer {number}") for number in range(VIEWER_COUNT)]
        end_s = time.monotonic() + 60 * minutes
        while time.monotonic() < end_s:
            await asyncio.sleep(60 * minutes / LOOKS)
            memory.look(processes)
        await stage.until_processed()
        stop.set()
    return sum(each.result() for each in visits)


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


def soak(folder: Path, *, minutes: float, images: int) -> tuple[Outcome, Memory, int]:
    """One run in a folder of its own."""
    interval_s = 60 * minutes * RIG_COUNT / images * 0.9  # done a little before the end
    stage = Stage(folder, image_count=images, rig_count=RIG_COUNT, is_persistent=True, seed=1, interval_s=interval_s)
    memory, began_s = Memory(), time.monotonic()
    with playing(stage), page_server(stage.broker) as url:
        pages = [each for each in psutil.Process().children() if "view" in each.cmdline()]
        processes = {
            "broker": psutil.Process(stage.broker.pid),
            "reconstructor": psutil.Process(stage.reconstructor.pid),
            "rig": psutil.Process(stage.rigs[0].pid),
            "page_server": pages[0],
        }
        message_count = asyncio.run(work(stage, url, minutes, memory, processes))
    return count_losses(stage, 0, time.monotonic() - began_s), memory, message_count


def main() -> int:
    """Measure and print; 0 when nothing grew and nothing was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--images", type=int, default=1800)
    wishes = parser.parse_args()
    configure(level=LogLevel.ERROR)
    with tempfile.TemporaryDirectory(prefix="cairn-soak-") as name:
        outcome, memory, message_count = soak(Path(name), minutes=wishes.minutes, images=wishes.images)
    figures: dict[str, object] = {"minutes": wishes.minutes, "images": outcome.images, "lost": outcome.lost}
    for name in memory.looks:
        before_mb, after_mb = memory.quarters_mb(name)
        figures |= {f"{name}_mb": round(after_mb, 1), f"{name}_growth_mb": round(after_mb - before_mb, 1)}
    grown = [name for name in memory.looks if memory.has_grown(name)]
    print(json.dumps(figures | {"messages_to_viewers": message_count, "grown": grown}))
    return 0 if outcome.is_end_state_equal and not grown else 1


if __name__ == "__main__":
    sys.exit(main())
