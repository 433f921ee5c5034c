"""How does a month pass in minutes? The rig's clocks run faster, and a control makes its wall clock jump."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from benchmarks.month.controls import Control, Controls
from edge_agent.clock import Clock

BEGAN_AT: Final = datetime(2026, 3, 1, tzinfo=UTC)
DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast time passes, and since when on the machine's monotonic clock."""

    began_s: float
    speed: float

    @classmethod
    def read(cls, began: str, speed: str) -> Self:
        """From the words that `words` wrote."""
        return cls(began_s=float(began), speed=float(speed))

    def words(self) -> tuple[str, str]:
        """For the command line of a rig."""
        return repr(self.began_s), repr(self.speed)


class FastClock(Clock):
    """The clocks of a rig. All processes of a run agree about the true time: they share the machine's monotonic clock."""

    def __init__(self, pace: Pace, controls: Controls) -> None:
        self._pace, self._controls = pace, controls

    def now_utc(self) -> datetime:
        """The wall clock of the rig, as wrong as it was made."""
        ahead_s = float(self._controls.get(Control.JUMP) or 0.0)
        return BEGAN_AT + timedelta(seconds=self.monotonic_s() + ahead_s)

    def monotonic_s(self) -> float:
        stopped = self._controls.get(Control.STOPPED)
        return ((float(stopped) if stopped else time.monotonic()) - self._pace.began_s) * self._pace.speed

    def timeout(self, duration_s: float) -> asyncio.Timeout:
        # A rig whose clock was stopped is asked whether it has heard of that.
        return asyncio.timeout(max(duration_s / self._pace.speed, 0.05))
