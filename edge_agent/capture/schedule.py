"""During which hours does the rig photograph by itself? In a daily window in UTC, which may cross midnight; pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self

from broker.errors import CairnError
from edge_agent.config import read_hours


class BadHoursError(CairnError):
    """A text that is no daily window."""

    code = "bad_hours"
    remedy = "Write the window like 06:00-20:00."


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The window from `opens` up to, not including, `closes`; both the same: all day."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `06:00-19:30`.

        Raises:
            BadHoursError: the text has another form.
        """
        try:
            opens, closes = read_hours(text)
        except ValueError as exc:
            raise BadHoursError(str(exc)) from exc
        return cls(opens=opens, closes=closes)

    def is_open(self, now: datetime) -> bool:
        """Whether an instant (UTC) is in the window."""
        clock = now.time()
        if self.opens == self.closes:
            return True
        if self.opens < self.closes:
            return self.opens <= clock < self.closes
        return clock >= self.opens or clock < self.closes

    def opens_in_s(self, now: datetime) -> float:
        """Seconds until the window is open; 0 when it is."""
        if self.is_open(now):
            return 0.0
        opening = now.replace(hour=self.opens.hour, minute=self.opens.minute, second=0, microsecond=0)
        if opening <= now:
            opening += timedelta(days=1)
        return (opening - now).total_seconds()
