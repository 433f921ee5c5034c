"""Is anything new since the last refetch, and is there nothing left to do? What a resting project is asked."""

from typing import Final

from reconstructor.schedule import JobKind, JobState
from reconstructor.storage.database import Database

_LEAST_IMAGES: Final = 3  # of two there is nothing to solve again


class Rest:
    """What the database knows about a project that rests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def change_count(self) -> int:
        """Grows with everything that is stored; asking costs nothing."""
        return self._database.change_count

    def newest_change(self) -> tuple[int, ...]:
        """Numbers that change with every photograph and with every job that begins or ends."""
        row = self._database.row(
            "SELECT (SELECT count(*) FROM images), (SELECT count(*) FROM jobs), "
            "(SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'stored'))"
        )
        return tuple(row) if row is not None else ()

    def lacks_refetch(self) -> bool:
        """Whether images came after the one that the last refetch was about, and no job is left.

        A refetch that failed counts: the next one would fail, too.
        """
        newest = self._database.number("SELECT max(number) FROM images")
        open_count = self._database.number("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'stored')")
        last = self._database.number(
            "SELECT max(image_number) FROM jobs WHERE kind = ? AND state IN (?, ?)",
            *(JobKind.REFETCH, JobState.DONE, JobState.FAILED),
        )
        return newest >= _LEAST_IMAGES and open_count == 0 and last < newest
