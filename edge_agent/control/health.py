"""How is the rig? Counted as it works, told every half minute and soon after something changed."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from broker.errors import CairnError
from broker.ids import AgentId, ProjectId
from broker.rig_messages import AgentHealth
from edge_agent.cameras.camera import now_utc
from edge_agent.control.machine import look
from edge_agent.spool.spool import Spool
from edge_agent.uplink.uploader import Uploader

SOONEST_S: Final = 1.0  # between two health messages, whatever happens
ALARM_RATIO: Final = 0.8  # of the spool's room


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the agent counts since it started."""

    camera_error_count: int = 0
    camera_restart_count: int = 0
    refused_count: int = 0  # taken and not kept: the spool was full and its policy is to reject
    reconnect_count: int = 0
    last_error: str | None = None
    alarms: set[str] = field(default_factory=set)

    def note_error(self, error: CairnError) -> None:
        self.last_error = error.sentence


def measure(project: ProjectId, agent: AgentId, spool: Spool, uploader: Uploader, tally: Tally) -> AgentHealth:
    """Takes every figure of the rig; blocks for some milliseconds."""
    figures, machine, free_bytes = spool.figures(), look(), spool.free_bytes()
    oldest_s = (now_utc() - figures.oldest_at).total_seconds() if figures.oldest_at else None
    dropped_count = figures.aside_count + figures.thinned_count
    alarms = tally.alarms | ({"spool_filling"} if _is_filling(figures.waiting_bytes, spool) else set())
    return AgentHealth(
        project=project,
        agent=agent,
        captured_count=figures.captured_count + tally.refused_count,
        kept_count=figures.captured_count - dropped_count,
        dropped_count=dropped_count + tally.refused_count,
        sent_count=uploader.sent_count,
        stored_count=figures.stored_count,
        rejected_count=figures.rejected_count,
        spool_count=figures.waiting_count,
        spool_bytes=figures.waiting_bytes,
        spool_oldest_s=max(0.0, oldest_s) if oldest_s is not None else None,
        disk_free_bytes=free_bytes,
        memory_bytes=machine.memory_bytes,
        load_ratio=machine.load_ratio,
        temperature_deg=machine.temperature_deg,
        is_throttled=machine.is_throttled,
        is_clock_synchronised=machine.is_clock_synchronised,
        reconnect_count=tally.reconnect_count,
        camera_restart_count=tally.camera_restart_count,
        receipt_s=uploader.uplink.receipt_s,
        alarms=tuple(sorted(alarms)),
        last_error=tally.last_error or uploader.last_error,
    )


def _is_filling(waiting_bytes: int, spool: Spool) -> bool:
    room = spool.room_bytes()
    return waiting_bytes > 0 and waiting_bytes >= ALARM_RATIO * (waiting_bytes + room)


class Pulse:
    """Says when the next health message is due: regularly, and soon after a change."""

    def __init__(self, interval_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s, self._clock = interval_s, clock
        self._changed = asyncio.Event()

    def quicken(self) -> None:
        """Something changed that people want to see."""
        self._changed.set()

    async def wait(self) -> None:
        """Waits for the interval, or at least `SOONEST_S` and a change."""
        began_s = self._clock()
        await asyncio.sleep(min(SOONEST_S, self._interval_s))
        try:
            async with asyncio.timeout(max(0.0, self._interval_s - (self._clock() - began_s))):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()
