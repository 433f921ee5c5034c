"""What do many projects cost, and a long one? `python -m benchmarks.projects`: one line of JSON last.

Four parts: fifty idle projects (cores), twenty at once with a light black box (is the slowest project as fast as the
median, of which the median of three rounds counts; is anything lost, is the order kept), one project of 2,000 photographs
(does an image cost more than the 200th of a younger project that takes turns with it, by how much does memory grow, does a
late joiner get all), and, with `--engine`, twenty at once with the built-in engine (memory). Costs are processor time of the
reconstructor and all its processes, so that other programs on the machine do not count; wall times stand beside them. Exit
code 1 when something could not be measured.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.parts.many_projects import LIGHT, Processed, Stage, project_names, stage
from benchmarks.parts.truth import kept
from broker.ids import ProjectId
from broker.logs import LogLevel, configure
from tests.integration.reconstructor.index_bytes import IndexBytes
from tests.integration.reconstructor.programs import PROJECT, RIG, Rig, join
from tests.photographs import image_id, photograph

BUILT_IN: Final = "reconstructor.engine.live:black_box"
NEVER: Final = 1_000_000
EARLY, WINDOW, TURN = 200, 100, 10  # an image's cost is the mean of a window that ends there
YOUNGER: Final = ProjectId("younger")
REST_S: Final = 15.0
SOON_S, LATE_S = 300.0, 2400.0
ROUNDS: Final = 3  # of projects at once: whose black box is loaded last is an accident of the machine
UNITED: Final[dict[str, Callable[[Iterable[Any]], Any]]] = {
    "fairness_ratio": statistics.median,
    "sent_to_processed_s": statistics.median,
    "resident_gb": max,
}
Figures = dict[str, Any]


async def idle(folder: Path, count: int, seconds: float) -> Figures:
    """Cores that idle projects take, each with one image in its store."""
    with stage(folder, project_names(count)) as here:
        async with Processed.watched(here.broker.connection("viewer"), here.projects) as seen:
            await seen.until_ready(count)
            for each in here.projects:
                async with _rig(here, each) as rig:
                    await _send(rig, [photograph(1)])
                await seen.until_processed(each, 1, SOON_S)
            await asyncio.sleep(REST_S)
            before_s, began_s = here.cpu_s(), time.monotonic()
            await asyncio.sleep(seconds)
            cores = (here.cpu_s() - before_s) / (time.monotonic() - began_s)
            resident_mb = here.resident_bytes() / 1e6
    return {f"idle_cores_at_{count}": round(cores, 3), "idle_resident_mb": round(resident_mb)}


async def at_once(
    folder: Path, count: int, photographs: Sequence[bytes], black_box: str = LIGHT, limit_s: float = SOON_S
) -> Figures:
    """All projects get the same photographs at the same time: is one of them served worse, is anything lost?"""
    with stage(folder, project_names(count), black_box) as here:
        async with (
            Processed.watched(here.broker.connection("viewer"), here.projects) as seen,
            contextlib.AsyncExitStack() as connected,
        ):
            await seen.until_ready(count)
            watching = asyncio.create_task(_highest_resident_bytes(here))
            # All are logged in before any sends: the broker checks one password after the other.
            rigs = [await connected.enter_async_context(_rig(here, each)) for each in here.projects]
            sent = await asyncio.gather(*(_send(each, photographs) for each in rigs))
            for each in here.projects:
                await seen.until_processed(each, len(photographs), limit_s)
            watching.cancel()
            resident_bytes = max(await asyncio.gather(watching))
    waits = [
        [seen.at_s[project][name] - at_s for name, at_s in names.items()]
        for project, names in zip(here.projects, sent, strict=True)
    ]
    medians = [statistics.median(each) for each in waits]
    in_order = list(range(1, len(photographs) + 1))
    return {
        "fairness_ratio": round(max(medians) / statistics.median(medians), 3),
        "sent_to_processed_s": round(statistics.median(medians), 2),
        "lost": sum(len(photographs) - len(seen.at_s[each]) for each in here.projects),
        "out_of_order": sum(seen.numbers[each] != in_order for each in here.projects),
        "errors": len(seen.errors),
        "resident_gb": round(resident_bytes / 1e9, 2),
    }


@dataclass(slots=True, kw_only=True)
class Growing:
    """A project that gets photographs one after the other, and what they cost."""

    here: Stage
    seen: Processed
    rig: Rig
    project: ProjectId
    count: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0

    async def grow(self, count: int) -> None:
        """Send so many photographs, and wait until they are processed."""
        before_s, began_s = self.here.cpu_s(), time.monotonic()
        await self.rig.send_many(range(self.count + 1, self.count + count + 1))
        self.count += count
        await self.seen.until_processed(self.project, self.count, SOON_S)
        self.cpu_s += self.here.cpu_s() - before_s
        self.wall_s += time.monotonic() - began_s

    def forget_costs(self) -> None:
        """Count from here on."""
        self.cpu_s = self.wall_s = 0.0


async def long(folder: Path, image_count: int) -> Figures:
    """One project grows by a shard an image and is never rebuilt: what does each image cost?

    Its last hundred images take turns with those of a younger project, ten and ten: the machine's speed, which wanders by a
    fifth within a minute, is the same for both.
    """
    resident_bytes = {}
    with stage(folder, [PROJECT, YOUNGER], refetch_every=NEVER) as here:
        viewer = here.broker.connection("viewer")
        async with (
            Processed.watched(viewer, here.projects) as seen,
            IndexBytes.counted(viewer) as index,
            _rig(here, PROJECT) as rig,
            _rig(here, YOUNGER) as rig_of_younger,
        ):
            await seen.until_ready(len(here.projects))
            old = Growing(here=here, seen=seen, rig=rig, project=PROJECT)
            young = Growing(here=here, seen=seen, rig=rig_of_younger, project=YOUNGER)
            while old.count < image_count - WINDOW:
                old.forget_costs()
                await old.grow(WINDOW)
                resident_bytes[old.count] = await asyncio.to_thread(here.resident_bytes)
                costs = f"{old.cpu_s / WINDOW * 1e3:.1f} ms of CPU, {old.wall_s / WINDOW * 1e3:.1f} ms each"
                print(f"{old.count} images: {costs}", flush=True)
            growth_bytes = resident_bytes[old.count] - resident_bytes[EARLY]
            await young.grow(EARLY - WINDOW)
            old.forget_costs()
            young.forget_costs()
            for _ in range(WINDOW // TURN):
                await old.grow(TURN)
                await young.grow(TURN)
            index_bytes = sum(index.sizes)
        manifest = await join(viewer)
    return {
        "images": image_count,
        f"cost_ratio_{image_count}_to_{EARLY}": round(old.cpu_s / young.cpu_s, 3),
        f"wall_ratio_{image_count}_to_{EARLY}": round(old.wall_s / young.wall_s, 3),
        "resident_growth_kb_per_image": round(growth_bytes / (image_count - WINDOW - EARLY) / 1e3, 1),
        "cpu_ms_per_image": round(old.cpu_s / WINDOW * 1e3, 1),
        "index_kb_per_image": round(index_bytes / image_count / 1e3, 1),
        "late_joiner_shards_missing": image_count - manifest.shard_count,
    }


def _rig(here: Stage, project: ProjectId) -> AbstractAsyncContextManager[Rig]:
    return Rig.of(here.broker.connection(RIG), project=project)


async def _send(rig: Rig, photographs: Sequence[bytes]) -> dict[str, float]:
    """Send photographs one after the other; returns when each was sent, by its id."""
    sent: dict[str, float] = {}
    for number, payload in enumerate(photographs):
        name = image_id(payload, number + 1)
        sent[name] = time.monotonic()
        await rig.send(payload, name)
    return sent


async def _highest_resident_bytes(here: Stage) -> int:
    highest = 0
    try:
        while True:
            highest = max(highest, await asyncio.to_thread(here.resident_bytes))
            await asyncio.sleep(1.0)
    except asyncio.CancelledError:
        return highest


def _engine_photographs(count: int) -> list[bytes]:
    """The first photographs of a real set, or none without one."""
    for folder in kept("fountain-P11"):
        return [path.read_bytes() for path in sorted((folder / "images").iterdir())[:count]]
    return []


async def measure(folder: Path, wishes: argparse.Namespace) -> Figures:
    """All parts, one after the other."""
    figures = await idle(folder / "idle", wishes.idle, wishes.seconds)
    print(json.dumps(figures), flush=True)
    photographs = [photograph(seed) for seed in range(1, wishes.each + 1)]
    rounds = [await at_once(folder / f"at-once-{number}", wishes.projects, photographs) for number in range(ROUNDS)]
    figures |= {name: UNITED.get(name, sum)(each[name] for each in rounds) for name in rounds[0]}
    figures["fairness_ratio_of_rounds"] = [each["fairness_ratio"] for each in rounds]
    print(json.dumps(figures), flush=True)
    figures |= await long(folder / "long", wishes.images)
    if wishes.engine:
        real = _engine_photographs(4)
        of_engine = await at_once(folder / "engine", wishes.projects, real, BUILT_IN, LATE_S) if real else {}
        names = ("resident_gb", "fairness_ratio", "lost", "errors")
        figures |= {f"engine_{name}": of_engine.get(name) for name in names}
    return figures


def main() -> int:
    """Measure and print; 0 when everything was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.projects", description=__doc__)
    parser.add_argument("--idle", type=int, default=50, help="idle projects")
    parser.add_argument("--seconds", type=float, default=30.0, help="for how long they are watched")
    parser.add_argument("--projects", type=int, default=20, help="projects at once")
    parser.add_argument("--each", type=int, default=10, help="photographs of each of them")
    parser.add_argument("--images", type=int, default=2000, help="photographs of the long project, in hundreds")
    parser.add_argument("--engine", action="store_true", help="the built-in engine, too")
    wishes = parser.parse_args()
    if wishes.images <= EARLY + WINDOW or wishes.images % WINDOW:
        parser.error(f"--images is a multiple of {WINDOW}, more than {EARLY + WINDOW}")
    configure(level=LogLevel.ERROR)
    with tempfile.TemporaryDirectory(prefix="cairn-projects-") as name:
        figures = asyncio.run(measure(Path(name), wishes))
    print(json.dumps(figures), flush=True)
    return 1 if any(value is None for value in figures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
