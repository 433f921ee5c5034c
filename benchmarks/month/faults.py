"""Which faults does the month have, and how is each done to real programs? One function each; true when it was done."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final

from benchmarks.month.clock import DAY_S
from benchmarks.month.controls import CameraMode, Control
from benchmarks.month.controls import Stage as PowerStage
from benchmarks.month.stage import FAST_LINK_BYTES_PER_S, Rig, Stage

LOOK_S: Final = 0.1
PATIENCE_S: Final = 15.0
FORTY_YEARS_S: Final = 40 * 365 * DAY_S
QUOTA_A_MINUTE: Final = "8"
_CAMERA, _BLACK_BOX, _DECODER = "edge_agent.cameras.child", "reconstructor.worker", "reconstructor.decoders.process"


class FaultKind(StrEnum):
    CAMERA_HANGS = "camera_hangs"
    CAMERA_FROZEN = "camera_frozen"
    CAMERA_KILLED = "camera_killed"
    CAMERA_FAILS = "camera_fails"
    BAD_FILE = "bad_file"
    RIG_DISK_FULL = "rig_disk_full"
    NETWORK_CUT = "network_cut"
    NETWORK_SLOW = "network_slow"
    NETWORK_HALF_OPEN = "network_half_open"
    BROKER_KILLED = "broker_killed"
    BROKER_EMPTIED = "broker_emptied"
    RECONSTRUCTOR_KILLED = "reconstructor_killed"
    RECONSTRUCTOR_RESTARTED = "reconstructor_restarted"
    RECONSTRUCTOR_AWAY = "reconstructor_away"
    RECONSTRUCTOR_FROZEN = "reconstructor_frozen"
    RECONSTRUCTOR_DISK_FULL = "reconstructor_disk_full"
    BLACK_BOX_KILLED = "black_box_killed"
    DECODER_KILLED = "decoder_killed"
    QUOTA = "quota"
    AGENT_KILLED = "agent_killed"
    AGENT_HUNG = "agent_hung"
    POWER_CUT = "power_cut"
    CLOCK_FORWARDS = "clock_forwards"
    CLOCK_BACKWARDS = "clock_backwards"
    CLOCK_YEARS_OFF = "clock_years_off"


# These end the process whose memory is watched, or keep it from work: only before the phases that are compared.
OF_THE_FIRST_PHASE: Final = frozenset(
    {
        FaultKind.RECONSTRUCTOR_KILLED,
        FaultKind.RECONSTRUCTOR_RESTARTED,
        FaultKind.RECONSTRUCTOR_AWAY,
        FaultKind.QUOTA,
    }
)
# What needs a disk of its own.
OF_DISKS: Final = frozenset({FaultKind.RIG_DISK_FULL, FaultKind.RECONSTRUCTOR_DISK_FULL})


class Faults:
    """Does faults to a stage, one at a time for each part of it."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self._random = random.Random(seed)  # noqa: S311 - moments and lengths
        self._locks: dict[str, asyncio.Lock] = {}

    def disturbed(self, rig: Rig) -> set[str]:
        """The parts that a fault strikes at this moment, of those that this rig needs."""
        parts = (name.partition(" ") for name, lock in self._locks.items() if lock.locked())
        return {part for part, _, whose in parts if whose in {"", rig.name}}

    async def do(self, kind: FaultKind) -> bool:
        """Do one fault and undo it again; whether it struck."""
        rig = self._random.choice(self._stage.rigs)
        mortal = self._stage.rigs[-1]
        do, part, victim = self._table()[kind]
        rig = mortal if victim == "mortal" else rig
        async with self._locks.setdefault(f"{part} {rig.name}" if victim else part, asyncio.Lock()):
            return await do(rig)

    def _table(self) -> dict[FaultKind, tuple[Callable[[Rig], Awaitable[bool]], str, str]]:
        """What does it, the part of the stage that it needs for itself, and whether it strikes any rig or the mortal one."""
        kind = FaultKind
        return {
            kind.CAMERA_HANGS: (lambda rig: self._spoil(rig, CameraMode.HANGS), "camera", "any"),
            kind.CAMERA_FROZEN: (self._freeze_camera, "camera", "any"),
            kind.CAMERA_KILLED: (self._kill_camera, "camera", "any"),
            kind.CAMERA_FAILS: (lambda rig: self._spoil(rig, CameraMode.FAILS), "camera", "any"),
            kind.BAD_FILE: (self._bad_file, "camera", "any"),
            kind.RIG_DISK_FULL: (self._fill_rig, "disk", "any"),
            kind.NETWORK_CUT: (self._cut, "link", "any"),
            kind.NETWORK_SLOW: (self._slow, "link", "any"),
            kind.NETWORK_HALF_OPEN: (self._half_open, "link", "any"),
            kind.BROKER_KILLED: (lambda _: self._end_broker(is_emptied=False), "broker", ""),
            kind.BROKER_EMPTIED: (lambda _: self._end_broker(is_emptied=True), "broker", ""),
            kind.RECONSTRUCTOR_KILLED: (self._kill_reconstructor, "reconstructor", ""),
            kind.RECONSTRUCTOR_RESTARTED: (self._restart_reconstructor, "reconstructor", ""),
            kind.RECONSTRUCTOR_AWAY: (self._away, "reconstructor", ""),
            kind.RECONSTRUCTOR_FROZEN: (self._freeze_reconstructor, "reconstructor", ""),
            kind.RECONSTRUCTOR_DISK_FULL: (self._fill_store, "store", ""),
            kind.BLACK_BOX_KILLED: (lambda _: self._kill_child_of_reconstructor(_BLACK_BOX), "reconstructor", ""),
            kind.DECODER_KILLED: (lambda _: self._kill_child_of_reconstructor(_DECODER), "reconstructor", ""),
            kind.QUOTA: (self._quota, "reconstructor", ""),
            kind.AGENT_KILLED: (self._kill_agent, "agent", "mortal"),
            kind.AGENT_HUNG: (self._hang_agent, "agent", "mortal"),
            kind.POWER_CUT: (self._cut_power, "agent", "mortal"),
            kind.CLOCK_FORWARDS: (lambda rig: self._jump(rig, self._some(3600, 20 * DAY_S)), "clock", "any"),
            kind.CLOCK_BACKWARDS: (lambda rig: self._jump(rig, -self._some(3600, 20 * DAY_S)), "clock", "any"),
            kind.CLOCK_YEARS_OFF: (self._years_off, "clock", "any"),
        }

    def _some(self, least: float, most: float) -> float:
        return self._random.uniform(least, most)

    async def _wait(self, is_so: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
        for _ in range(int(patience_s / LOOK_S)):
            if is_so():
                return True
            await asyncio.sleep(LOOK_S)
        return is_so()

    async def _spoil(self, rig: Rig, mode: CameraMode) -> bool:
        before = rig.controls.get(Control.MISHAPS)
        rig.controls.set(Control.CAMERA, mode)
        try:
            return await self._wait(lambda: rig.controls.get(Control.MISHAPS) != before)
        finally:
            rig.controls.clear(Control.CAMERA)

    async def _bad_file(self, rig: Rig) -> bool:
        return await self._spoil(rig, self._random.choice((CameraMode.GARBAGE, CameraMode.CUT, CameraMode.EMPTY)))

    async def _kill_camera(self, rig: Rig) -> bool:
        if not await self._wait(lambda: bool(rig.agent.children(_CAMERA))):
            return False
        for child in rig.agent.children(_CAMERA):
            child.kill()
        return True

    async def _freeze_camera(self, rig: Rig) -> bool:
        if not await self._wait(lambda: bool(rig.agent.children(_CAMERA))):
            return False
        frozen = rig.agent.children(_CAMERA)
        for child in frozen:
            child.suspend()
        return await self._wait(lambda: not any(child.is_running() for child in frozen))  # the agent has killed it

    async def _fill_rig(self, rig: Rig) -> bool:
        return await self._fill(rig.disk.fill, rig.disk.empty)

    async def _fill_store(self, _rig: Rig) -> bool:
        disk = self._stage.store_disk
        return await self._fill(disk.fill, disk.empty)

    async def _fill(self, fill: Callable[[], bool], empty: Callable[[], None]) -> bool:
        try:
            is_done = await asyncio.to_thread(fill)
            await asyncio.sleep(self._some(1, 4))
        finally:
            await asyncio.to_thread(empty)
        return is_done

    async def _cut(self, rig: Rig) -> bool:
        uplink = self._stage.uplinks[rig.name]
        uplink.cut()
        await asyncio.sleep(self._some(0.3, 4))
        uplink.is_down = False
        return True

    async def _slow(self, rig: Rig) -> bool:
        link = self._stage.uplinks[rig.name].link
        link.rate_bytes_per_s, link.round_trip_s, link.stall_ratio = self._some(8_000, 40_000), 0.3, 0.02
        await asyncio.sleep(self._some(2, 6))
        link.rate_bytes_per_s, link.round_trip_s, link.stall_ratio = FAST_LINK_BYTES_PER_S, 0.0, 0.0
        return True

    async def _half_open(self, rig: Rig) -> bool:
        await self._stage.uplinks[rig.name].link.cut()
        return True

    async def _end_broker(self, *, is_emptied: bool) -> bool:
        broker = self._stage.broker
        await asyncio.to_thread(broker.kill)
        if is_emptied:
            for path in broker.plan.data_dir.glob("*.db*"):
                path.unlink()
        await asyncio.sleep(self._some(0, 1.5))
        await asyncio.to_thread(broker.start)
        return True

    async def _kill_reconstructor(self, _rig: Rig) -> bool:
        return self._stage.reconstructor.signal(signal.SIGKILL)

    async def _restart_reconstructor(self, _rig: Rig) -> bool:
        return self._stage.reconstructor.signal(signal.SIGTERM)

    async def _away(self, _rig: Rig) -> bool:
        unit = self._stage.reconstructor
        unit.is_held = True
        try:
            is_done = unit.signal(self._random.choice((signal.SIGKILL, signal.SIGTERM)))
            await asyncio.sleep(self._some(6, 12))
            unit.end_group()
        finally:
            unit.is_held = False
        return is_done

    async def _freeze_reconstructor(self, _rig: Rig) -> bool:
        unit = self._stage.reconstructor
        is_done = unit.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(self._some(2, 7))
        finally:
            unit.signal(signal.SIGCONT)
        return is_done

    async def _kill_child_of_reconstructor(self, module: str) -> bool:
        unit = self._stage.reconstructor
        if not await self._wait(lambda: bool(unit.children(module)), 5):
            return False
        for child in unit.children(module)[:1]:
            child.kill()
        return True

    async def _quota(self, _rig: Rig) -> bool:
        """The reconstructor runs for a while with a low quota; the rigs wait a minute for it."""
        unit, before = self._stage.reconstructor, _quota_count(self._stage)
        unit.is_held = True
        try:
            await asyncio.to_thread(unit.stop)
            unit.start({"CAIRN_RECONSTRUCTOR_SENDER_IMAGES_PER_MINUTE": QUOTA_A_MINUTE})
            is_told = await self._wait(lambda: _quota_count(self._stage) > before, 30)
            await asyncio.to_thread(unit.stop)
            unit.start()
        finally:
            unit.is_held = False
        return is_told

    async def _kill_agent(self, rig: Rig) -> bool:
        return rig.agent.signal(signal.SIGKILL)

    async def _hang_agent(self, rig: Rig) -> bool:
        """The supervisor's watchdog finds it, kills it and starts it again."""
        before = rig.agent.restart_count
        return rig.agent.signal(signal.SIGSTOP) and await self._wait(lambda: rig.agent.restart_count > before, 30)

    async def _cut_power(self, rig: Rig) -> bool:
        stage = self._random.choice(list(PowerStage))
        rig.controls.set(Control.POWER, stage)
        try:
            return await self._wait(lambda: not rig.controls.get(Control.POWER))
        finally:
            rig.controls.clear(Control.POWER)

    async def _jump(self, rig: Rig, seconds: float) -> bool:
        """The clock is wrong until somebody sets it."""
        rig.controls.set(Control.JUMP, repr(seconds))
        await asyncio.sleep(self._some(0.5, 4))
        rig.controls.clear(Control.JUMP)
        return True

    async def _years_off(self, rig: Rig) -> bool:
        """A rig without a battery for its clock starts somewhere in the past, until a time server sets it."""
        if rig is self._stage.rigs[-1]:
            rig.agent.signal(signal.SIGKILL)
        return await self._jump(rig, -FORTY_YEARS_S)


def _quota_count(stage: Stage) -> int:
    """How often rigs said that they wait for a quota."""
    logs = (rig.agent.log.read_text(encoding="utf-8", errors="replace") for rig in stage.rigs)
    return sum(log.count("image_waits_for_quota") for log in logs)
