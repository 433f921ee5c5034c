"""How far behind is a project? Since when an image waits, when the newest job ended, how long a refetch takes."""

from dataclasses import dataclass
from datetime import UTC, datetime

from reconstructor.storage.database import Database


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
        """When the newest of the ended jobs did so."""
        return self._time("SELECT finished_at FROM jobs WHERE finished_at IS NOT NULL ORDER BY number DESC LIMIT 1")

    def refetch_s(self) -> float | None:
        """How long the last refetch took, seconds."""
        return self._number(
            "SELECT finished_at - started_at FROM jobs WHERE finished_at > started_at AND kind = 'refetch' "
            "ORDER BY number DESC LIMIT 1"
        )

    def _time(self, query: str) -> datetime | None:
        found = self._number(query)
        return None if found is None else datetime.fromtimestamp(found, UTC)

    def _number(self, query: str) -> float | None:
        row = self.database.row(query)
        return None if row is None else row[0]
