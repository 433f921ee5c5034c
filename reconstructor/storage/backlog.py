"""How far behind is a project? Since when an image waits, when the newest job ended, how long a refetch takes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from reconstructor.storage.database import Database

# The newest 1,000 jobs, so that the queries do not take longer as a project grows.
_NEWEST: Final = "number > (SELECT max(number) FROM jobs) - 1000"
_LAST: Final = "ORDER BY number DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Backlog:
    """Times of one project's jobs."""

    database: Database

    def queued_since(self) -> datetime | None:
        """When the oldest image was stored that an open job belongs to; None: nothing waits."""
        return self._time(
            "SELECT min(stored_at) FROM images WHERE number IN "
            "(SELECT image_number FROM jobs WHERE state IN ('queued', 'running', 'stored'))"
        )

    def processed_at(self) -> datetime | None:
        """When the newest of the ended jobs did so; None if none of the newest ones has."""
        return self._time(f"SELECT finished_at FROM jobs WHERE {_NEWEST} AND finished_at IS NOT NULL {_LAST}")  # noqa: S608 - constants

    def refetch_s(self) -> float | None:
        """How long the last refetch took, seconds; None without one among the newest jobs."""
        return self._number(
            f"SELECT finished_at - started_at FROM jobs WHERE {_NEWEST} AND finished_at > started_at "  # noqa: S608 - constants
            f"AND kind = 'refetch' {_LAST}"
        )

    def _time(self, query: str) -> datetime | None:
        found = self._number(query)
        return None if found is None else datetime.fromtimestamp(found, UTC)

    def _number(self, query: str) -> float | None:
        row = self.database.row(query)
        return None if row is None else row[0]
