"""Is a time-lapse rig alone for thirty days still well? A month in ten minutes, with faults of every kind: `make month`.

Two rigs photograph every hour, one of them by day only, into a real Mosquitto and a real reconstructor with a quick black
box; the rigs' clocks run 4,320 times as fast as ours, everything else runs at its own speed. At random moments (the seed is
printed) programs are killed, frozen and emptied, disks are full, links are cut, clocks jump. A supervisor does what systemd
does with our units. One line of JSON last; exit code 1 when a goal is missed or something could not be measured.
"""

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.month.course import PHASES, Course, Play, Story, without_disks
from benchmarks.month.ledger import Ledger, balance
from benchmarks.month.stage import REFETCH_EVERY, Stage
from broker.logs import LogLevel, configure

GOAL_FAULTS: Final = 200
GOAL_MEMORY_SHARE: Final = 0.05
WATCHED: Final = ("agent", "reconstructor")
Figures = dict[str, object]


def play(folder: Path, course: Course, logs: Path | None = None) -> tuple[Story, Ledger, Figures]:
    """One run in a folder of its own: what happened, where the photographs are, and further figures."""
    stage = Stage(folder, course.pace, course.seed)
    try:
        is_able = all(disk.is_mounted for disk in (stage.store_disk, *(rig.disk for rig in stage.rigs)))
        story = asyncio.run(_played(stage, course if is_able else without_disks(course)))
        spools, witnesses = [rig.spool for rig in stage.rigs], [rig.witness for rig in stage.rigs]
        ledger = balance(spools, witnesses, stage.store_folder, REFETCH_EVERY)
        log_bytes = sum(unit.log_bytes + unit.log.stat().st_size for unit in stage.units)
        further: Figures = {
            "supervised_restarts": sum(unit.restart_count for unit in stage.units),
            "log_kb_per_photograph": round(log_bytes / 1e3 / max(1, ledger.photographs), 1),
            "left_by_cameras": sum(len(list((spool / "camera").rglob("*.*"))) for spool in spools),
        }
    finally:
        if logs is not None:
            stage.copy_logs(logs)
        stage.close()
    return story, ledger, further


async def _played(stage: Stage, course: Course) -> Story:
    async with stage.playing():
        return await Play(stage, course).run()


def figures_of(story: Story, ledger: Ledger, further: Figures) -> tuple[Figures, list[str]]:
    """The last line, and the goals that were missed."""
    growth = {name: story.samples.growth(name, PHASES - 2, PHASES - 1) for name in WATCHED}
    known = [each for each in growth.values() if each is not None]
    memory_share = max((each.memory_share for each in known), default=None)
    descriptors = max((each.descriptor_count for each in known), default=None)
    goals = {
        "hand_restarts": not story.hands,
        "lost": ledger.lost == 0 and ledger.open_jobs == 0 and ledger.left == 0,
        "twice": ledger.twice == 0,
        "memory_growth_share": memory_share is not None and memory_share <= GOAL_MEMORY_SHARE,
        "descriptor_growth": descriptors is not None and descriptors <= 0,
        "faults": story.faults.total() >= GOAL_FAULTS,
        "photographs": ledger.photographs > 0,
    }
    goals |= {f"{name}_measured": each is not None for name, each in growth.items()}
    figures: Figures = {
        "days": round(story.days, 1),
        "photographs": ledger.photographs,
        "rejected": ledger.rejected,
        "lost": ledger.lost,
        "twice": ledger.twice,
        "open_jobs": ledger.open_jobs,
        "left_in_spools": ledger.left,
        "hand_restarts": len(story.hands),
        "memory_growth_share": memory_share,
        "descriptor_growth": None if descriptors is None else max(0, descriptors),
        "faults": story.faults.total(),
        "missed": story.missed.total(),
        "kinds": {kind.value: count for kind, count in sorted(story.faults.items())},
        "memory_mb": {name: each.memory_mb for name, each in growth.items() if each is not None},
        "memory_shares": {name: each.memory_share for name, each in growth.items() if each is not None},
        "descriptors": {name: each.descriptor_count for name, each in growth.items() if each is not None},
    }
    return figures | further, [goal for goal, is_met in goals.items() if not is_met]


def main() -> int:
    """Run and print; 0 when every goal is met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.month", description=__doc__)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--logs", type=Path, default=None, help="copy the programs' logs into this folder")
    wishes = parser.parse_args()
    configure(level=LogLevel.ERROR)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended, and disks are unmounted
    seed = random.randrange(10**6) if wishes.seed is None else wishes.seed  # noqa: S311 - moments of faults
    sys.stderr.write(f"seed {seed}\n")
    began_s = time.monotonic()
    course = Course.month(days=wishes.days, lasts_s=60 * wishes.minutes, seed=seed)
    with tempfile.TemporaryDirectory(prefix="cairn-month-") as name:
        story, ledger, further = play(Path(name), course, wishes.logs)
    figures, missed = figures_of(story, ledger, further)
    for hand in story.hands:
        sys.stderr.write(f"by hand: {hand}\n")
    duration_s = round(time.monotonic() - began_s, 1)
    print(json.dumps(figures | {"seed": seed, "duration_s": duration_s, "goals_missed": missed}), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
