"""What time is it on the rig? A wall clock, which may jump or be years off, and a monotonic clock, which paces the work.

One object gives both, so that a long run can pass at another pace: `benchmarks.month` makes a month of ten minutes.
"""

import asyncio
import time
from datetime import datetime
from typing import Final

from edge_agent.photograph import now_utc


class Clock:
    """The clocks of this machine."""

    def now_utc(self) -> datetime:
        """The wall clock. Only what people mean by a time of day depends on it."""
        return now_utc()

    def monotonic_s(self) -> float:
        """Seconds since some instant; no setting of the wall clock changes it."""
        return time.monotonic()

    def timeout(self, duration_s: float) -> asyncio.Timeout:
        """As `asyncio.timeout`."""
        return asyncio.timeout(duration_s)


SYSTEM_CLOCK: Final = Clock()
