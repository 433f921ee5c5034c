"""How does a rig publish its health? A snapshot of all counters, sent at an interval and soon after a change."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from broker.ids import AgentId, ProjectId
from broker.rig_messages import AgentHealth
from edge_agent.capture.counters import Counters
from edge_agent.control.machine import read_state
from edge_agent.photograph import now_utc
from edge_agent.spool.spool import Spool

SOONEST_S: Final = 1.0  # least time between two health messages
PHOTOGRAPHS_HELD: Final = "photographs_held"  # the alarm while some wait for another project or broker
ALARM_RATIO: Final = 0.8  # share of the spool's room that raises the alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadCounts:
    """The uploader's share of a health message."""

    sent_count: int
    receipt_s: float | None
    last_error: str | None


def measure(project: ProjectId, agent: AgentId, spool: Spool, uploads: UploadCounts, counters: Counters) -> AgentHealth:
    """Collect every figure of the rig into a health message. Blocks for some milliseconds."""
    counts, machine, free_bytes = spool.counts(), read_state(), spool.free_bytes()
    dropped_count = counts.quarantined_count + counts.evicted_count
    kept_bytes = counts.waiting_bytes + counts.held_bytes
    alarms = counters.alarms | ({"spool_filling"} if _is_filling(kept_bytes, spool) else set())
    alarms |= {PHOTOGRAPHS_HELD} if counts.held_count else set()
    return AgentHealth(
        project=project,
        agent=agent,
        captured_count=counts.captured_count + counters.refused_count,
        kept_count=counts.captured_count - dropped_count,
        dropped_count=dropped_count + counters.refused_count,
        sent_count=uploads.sent_count,
        stored_count=counts.stored_count,
        rejected_count=counts.rejected_count,
        spool_count=counts.waiting_count,
        spool_bytes=counts.waiting_bytes,
        held_count=counts.held_count,
        preview_count=counts.previewed_count,
        spool_oldest_s=counts.oldest_s(now_utc()),
        disk_free_bytes=free_bytes,
        memory_bytes=machine.memory_bytes,
        load_ratio=machine.load_ratio,
        temperature_deg=machine.temperature_deg,
        battery_ratio=machine.battery_ratio,
        is_throttled=machine.is_throttled,
        is_clock_synchronised=machine.is_clock_synchronised,
        reconnect_count=counters.reconnect_count,
        camera_restart_count=counters.camera_restart_count,
        left_out_count=len(counters.left_out),
        receipt_s=uploads.receipt_s,
        alarms=tuple(sorted(alarms)),
        last_error=counters.last_error or uploads.last_error,
    )


def _is_filling(waiting_bytes: int, spool: Spool) -> bool:
    room = spool.room_bytes()
    return waiting_bytes > 0 and waiting_bytes >= ALARM_RATIO * (waiting_bytes + room)


class HealthTimer:
    """A timer for health messages: due at an interval, and soon after a change."""

    def __init__(self, interval_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s, self._clock = interval_s, clock
        self._changed = asyncio.Event()

    def notify_change(self) -> None:
        """Make the next health message due soon."""
        self._changed.set()

    async def wait(self) -> None:
        """Wait for the interval, or for a change but at least `SOONEST_S`."""
        began_s = self._clock()
        await asyncio.sleep(min(SOONEST_S, self._interval_s))
        try:
            async with asyncio.timeout(max(0.0, self._interval_s - (self._clock() - began_s))):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()
