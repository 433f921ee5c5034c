"""How does the month go? Faults at random moments in four equal phases, a look at everything each second, then peace.

The first phase also has the faults that end the reconstructor. In the second the programs become warm. The other two have
the same faults in another order: what the programs take in them is compared.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from benchmarks.month.clock import DAY_S, Pace
from benchmarks.month.faults import OF_DISKS, FaultKind, Faults
from benchmarks.month.growth import Samples
from benchmarks.month.ledger import open_job_count
from benchmarks.month.stage import Rig, Stage

PHASES: Final = 4
LOOK_S: Final = 0.25
SAMPLE_S: Final = 1.0
STUCK_S: Final = 60.0  # a rig that takes no photograph, or twice so long gets no receipt, though nothing hinders it
START_S: Final = 10.0  # of a program on a loaded machine
NEEDED_TO_TAKE: Final = frozenset({"agent", "camera", "disk"})
NEEDED_TO_SEND: Final = frozenset({"agent", "disk", "link", "broker", "reconstructor", "store"})
PEACE_S: Final = 180.0  # until everything is through, after the last fault
QUIET_S: Final = 8.0  # of each phase at its end: what was disturbed last recovers

K = FaultKind
EACH_PHASE: Final[dict[FaultKind, int]] = {
    K.CAMERA_HANGS: 3,
    K.CAMERA_FROZEN: 2,
    K.CAMERA_KILLED: 4,
    K.CAMERA_FAILS: 4,
    K.BAD_FILE: 4,
    K.RIG_DISK_FULL: 3,
    K.NETWORK_CUT: 5,
    K.NETWORK_SLOW: 2,
    K.NETWORK_HALF_OPEN: 2,
    K.BROKER_KILLED: 3,
    K.BROKER_EMPTIED: 2,
    K.RECONSTRUCTOR_FROZEN: 2,
    K.RECONSTRUCTOR_DISK_FULL: 2,
    K.BLACK_BOX_KILLED: 2,
    K.DECODER_KILLED: 1,
    K.AGENT_KILLED: 3,
    K.AGENT_HUNG: 1,
    K.POWER_CUT: 4,
    K.CLOCK_FORWARDS: 3,
    K.CLOCK_BACKWARDS: 3,
    K.CLOCK_YEARS_OFF: 1,
}
FIRST_PHASE_TOO: Final[dict[FaultKind, int]] = {
    K.RECONSTRUCTOR_KILLED: 8,
    K.RECONSTRUCTOR_RESTARTED: 3,
    K.RECONSTRUCTOR_AWAY: 4,
    K.QUOTA: 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A plan: so many days in so many seconds, with these faults in each phase; longer when photographs are few."""

    days: float
    lasts_s: float
    seed: int
    by_phase: tuple[tuple[FaultKind, ...], ...]
    least_photographs: int = 1

    @classmethod
    def month(cls, *, days: float, lasts_s: float, seed: int) -> "Course":
        """The whole of it."""
        each, first = Counter(EACH_PHASE), Counter(EACH_PHASE) + Counter(FIRST_PHASE_TOO)
        phases = (tuple(first.elements()), *(tuple(each.elements()) for _ in range(PHASES - 1)))
        return cls(days=days, lasts_s=lasts_s, seed=seed, by_phase=phases)

    @property
    def pace(self) -> Pace:
        """The pace of a run that begins now."""
        return Pace(began_s=time.monotonic(), speed=self.days * DAY_S / self.lasts_s)

    def moments(self) -> list[tuple[float, FaultKind]]:
        """When each fault begins, seconds from the start."""
        chance = random.Random(self.seed)  # noqa: S311 - moments
        phase_s = self.lasts_s / len(self.by_phase)
        room_s = max(phase_s - QUIET_S, phase_s / 2)
        moments = [
            (number * phase_s + chance.uniform(0, room_s), kind)
            for number, kinds in enumerate(self.by_phase)
            for kind in kinds
        ]
        return sorted(moments)


@dataclass(slots=True, kw_only=True)
class Story:
    """What happened."""

    faults: Counter[FaultKind] = field(default_factory=Counter)
    missed: Counter[FaultKind] = field(default_factory=Counter)
    samples: Samples = field(default_factory=Samples)
    hands: list[str] = field(default_factory=list)  # one sentence for each restart by hand
    days: float = 0.0


@dataclass(slots=True, kw_only=True)
class _Progress:
    """What a rig had done when it last did something, and for how long it has not, though nothing hindered it."""

    captured_count: int = -1
    settled_count: int = -1
    without_photograph_s: float = 0.0
    without_receipt_s: float = 0.0
    looked_s: float = field(default_factory=time.monotonic)


class Play:
    """One run of a course on a stage."""

    def __init__(self, stage: Stage, course: Course) -> None:
        self._stage, self._course, self.story = stage, course, Story()
        self._began_s = stage.pace.began_s
        self._faults = Faults(stage, course.seed + 1)
        self._progress = {rig.name: _Progress() for rig in stage.rigs}
        self._sampled_s = 0.0

    async def run(self) -> Story:
        """Play to the end; everything still runs then, and nothing is under way."""
        async with asyncio.TaskGroup() as tasks:
            doing = tasks.create_task(self._do_faults(), name="faults")
            while not doing.done() or self._passed_s < self._course.lasts_s or self._has_few:
                await self._look()
        self.story.days = self._passed_s * self._stage.pace.speed / DAY_S
        for rig in self._stage.rigs:
            rig.stop_clock()
        await self._until_peace()
        return self.story

    @property
    def _has_few(self) -> bool:
        taken_count = sum(progress.captured_count for progress in self._progress.values())
        return taken_count < self._course.least_photographs and self._passed_s < 2 * self._course.lasts_s + PEACE_S

    @property
    def _passed_s(self) -> float:
        return time.monotonic() - self._began_s

    async def _do_faults(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for begins_s, kind in self._course.moments():
                await asyncio.sleep(max(0.0, begins_s - self._passed_s))
                tasks.create_task(self._do(kind), name=kind)

    async def _do(self, kind: FaultKind) -> None:
        is_done = await self._faults.do(kind)
        (self.story.faults if is_done else self.story.missed)[kind] += 1
        sys.stderr.write(
            f"day {self._passed_s * self._stage.pace.speed / DAY_S:5.1f}  {kind}{'' if is_done else ' missed'}\n"
        )

    async def _look(self) -> None:
        await asyncio.sleep(LOOK_S)
        await asyncio.to_thread(self._stage.tick)
        if time.monotonic() - self._sampled_s > SAMPLE_S:
            self._sampled_s = time.monotonic()
            self._sample()
            for rig in self._stage.rigs:
                await self._help_if_stuck(rig)

    def _sample(self) -> None:
        phase = min(int(self._passed_s / self._course.lasts_s * PHASES), PHASES - 1)
        self.story.samples.look("agent", phase, self._stage.rigs[0].agent.process)
        self.story.samples.look("reconstructor", phase, self._stage.reconstructor.process)

    async def _help_if_stuck(self, rig: Rig, *, is_taking: bool = True) -> None:
        """Restart by hand what does nothing; that must never be needed."""
        counts, progress = await asyncio.to_thread(rig.counts), self._progress[rig.name]
        passed_s, progress.looked_s = time.monotonic() - progress.looked_s, time.monotonic()
        if counts is None:
            return
        disturbed, is_up = self._faults.disturbed(rig), rig.agent.up_s > START_S
        if counts.captured_count != progress.captured_count or not is_taking:
            progress.captured_count, progress.without_photograph_s = counts.captured_count, 0.0
        elif is_up and not disturbed & NEEDED_TO_TAKE:
            progress.without_photograph_s += passed_s
        settled_count = counts.stored_count + counts.rejected_count
        if settled_count != progress.settled_count or counts.waiting_count == 0:
            progress.settled_count, progress.without_receipt_s = settled_count, 0.0
        elif is_up and self._stage.reconstructor.up_s > START_S and not disturbed & NEEDED_TO_SEND:
            progress.without_receipt_s += passed_s
        if progress.without_photograph_s > STUCK_S:
            progress.without_photograph_s = 0.0
            await self._help(rig, f"{rig.name} took no photograph for {STUCK_S:g} s")
        if progress.without_receipt_s > 2 * STUCK_S:
            progress.without_receipt_s = 0.0
            await self._help(rig, f"{rig.name} got no receipt for {2 * STUCK_S:g} s")

    async def _help(self, rig: Rig, why: str) -> None:
        self.story.hands.append(f"day {self._passed_s * self._stage.pace.speed / DAY_S:.1f}: {why}")
        for unit in (rig.agent, self._stage.reconstructor):
            await asyncio.to_thread(unit.stop)
            unit.start()

    async def _until_peace(self) -> None:
        """Wait until nothing waits on the rigs and the reconstructor has no job."""
        until_s = time.monotonic() + PEACE_S
        while time.monotonic() < until_s:
            await asyncio.sleep(LOOK_S)
            await asyncio.to_thread(self._stage.tick)
            counts = [await asyncio.to_thread(rig.counts) for rig in self._stage.rigs]
            is_empty = all(each is not None and each.waiting_count == 0 for each in counts)
            if is_empty and await asyncio.to_thread(open_job_count, self._stage.store_folder) == 0:
                return
            for rig in self._stage.rigs:
                await self._help_if_stuck(rig, is_taking=False)


def without_disks(course: Course) -> Course:
    """The course on a machine where no file system may be mounted."""
    phases = tuple(tuple(kind for kind in kinds if kind not in OF_DISKS) for kinds in course.by_phase)
    return replace(course, by_phase=phases)
