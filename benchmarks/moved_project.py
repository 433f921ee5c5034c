"""Does a project survive being moved, backed up and imported? `python -m benchmarks.moved_project`: one line of JSON last.

Move: two reconstructors beside one broker. A rig sends at a steady pace to a project of the first, and meanwhile
`cairn project move` brings it to the second. `lost` photographs were never processed; `twice` got a second number;
`revision_decreased` counts the events in which viewers would have seen an older state than before; `silence_s` is the
longest time between two photographs that were processed, less the rig's pace.

Backup: `cairn project backup` while photographs come, `restore` at another broker, and all photographs once more there.
`backup_shards_changed` counts restored shards that differ from what the first viewers saw; `backup_same_cloud` says
whether both projects have the same points in the end.

Import: the built-in engine places photographs of a simulated facade one by one; `cairn project import` then makes a
project from their files alone, in another service. `import_worst_camera_change` is the largest distance between the two
places of one camera, in parts of the distance of the two cameras that are farthest apart, after the best similarity.

Exit code 1 when it could not be measured, or when anything was lost, twice, older or changed.
"""

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

from benchmarks.parts.kept_project import backed_up, imported
from benchmarks.parts.services import broker, cairn, installed, running
from broker.ids import ProjectId
from broker.logs import LogLevel, configure
from broker.messages import ProcessingComplete, ReconstructorPresence, ShardUpdate
from tests.integration.reconstructor.programs import PROJECT, Rig, Watcher
from tests.photographs import image_id, photograph

STAYING, FOREIGN = ProjectId("abbey"), ProjectId("crypt")
PACE_S: Final = 0.25
START_S, DONE_S = 120.0, 300.0
MOST_CHANGE: Final = 1e-3


async def sending(rig: Rig, enough: asyncio.Event) -> int:
    """Send at the rig's pace until it is enough; returns how many photographs."""
    under_way: list[asyncio.Task[object]] = []
    async with asyncio.TaskGroup() as tasks:
        while not enough.is_set():
            payload = photograph(len(under_way) + 1)
            name = image_id(payload, len(under_way) + 1)
            under_way.append(tasks.create_task(rig.send(payload, name)))
            await asyncio.sleep(PACE_S)
    return len(under_way)


async def moved(folder: Path, before: int, after: int) -> dict[str, object]:
    """Move a project between so many photographs."""
    await asyncio.to_thread(folder.mkdir)
    with broker(folder / "broker", PROJECT, STAYING, FOREIGN) as mosquitto:
        async with (
            running(mosquitto, installed(mosquitto, folder / "south", [FOREIGN])) as target,
            running(mosquitto, installed(mosquitto, folder / "north", [PROJECT, STAYING])),
            Watcher.of(mosquitto.connection("viewer")) as seen,
            Rig.of(mosquitto.connection("rig-north")) as rig,
        ):
            await seen.until(lambda watched: watched.presence is ReconstructorPresence.READY, START_S)
            enough = asyncio.Event()
            walk = asyncio.create_task(sending(rig, enough))
            await seen.until_complete(before, DONE_S)
            began_s = time.monotonic()
            await cairn("project", "move", PROJECT, str(target), "--folder", str(folder / "north"))
            move_s = time.monotonic() - began_s
            await seen.until_complete(len(seen.completed) + after, DONE_S)
            enough.set()
            sent = await walk
            await seen.until_complete(sent, DONE_S)
            return figures(seen, sent) | {"move_s": round(move_s, 1)}


def figures(seen: Watcher, sent: int) -> dict[str, object]:
    """What the events say."""
    complete = [each for each in seen.of_type(ProcessingComplete) if not each.is_refetch]
    numbers_of = {each.image_id: set[int]() for each in complete}
    for each in complete:
        numbers_of[each.image_id].add(each.image_number)
    states = [(each.generation, each.revision) for each in seen.of_type(ShardUpdate)]
    at_s = sorted(each.sent_at.timestamp() for each in complete)
    again = Counter(each.image_number for each in complete)
    return {
        "photographs": sent,
        "lost": sent - len(numbers_of),
        "twice": sum(len(numbers) > 1 for numbers in numbers_of.values()),
        "told_again": sum(count - 1 for count in again.values()),
        "revision_decreased": sum(late < early for early, late in itertools.pairwise(states)),
        "silence_s": round(max(late - early for early, late in itertools.pairwise(at_s)) - PACE_S, 2),
    }


def is_whole(found: dict[str, object]) -> bool:
    """Whether nothing was lost, twice, older or changed, as far as it was measured."""
    none_of = ("lost", "twice", "revision_decreased", "backup_shards_changed", "backup_lost", "backup_twice")
    moves = [found.get(f"import_{name}", 0) for name in ("worst_camera_change", "worst_turn_rad")]
    return (
        not any(found.get(name) for name in none_of)
        and found.get("backup_same_cloud", True) is True
        and not found.get("import_not_in_both")
        and all(isinstance(each, int | float) and each <= MOST_CHANGE for each in moves)
    )


async def measure(folder: Path, wishes: argparse.Namespace) -> dict[str, object]:
    """All parts, one after the other."""
    found = await moved(folder / "move", wishes.before, wishes.after)
    print(json.dumps(found), flush=True)
    found |= await backed_up(folder / "backup", wishes.before, wishes.after)
    print(json.dumps(found), flush=True)
    if wishes.imported:
        found |= await imported(folder / "import", wishes.imported)
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moved_project", description=__doc__)
    parser.add_argument("--before", type=int, default=30, help="photographs before the move, and before the backup")
    parser.add_argument("--after", type=int, default=30, help="photographs after it")
    parser.add_argument("--imported", type=int, default=20, help="photographs of the import; 0 leaves it out")
    wishes = parser.parse_args()
    configure(level=LogLevel.ERROR)
    with tempfile.TemporaryDirectory(prefix="cairn-moved-") as name:
        found = asyncio.run(measure(Path(name), wishes))
    print(json.dumps(found))
    return 0 if is_whole(found) else 1


if __name__ == "__main__":
    sys.exit(main())
