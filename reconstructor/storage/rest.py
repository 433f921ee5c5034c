"""Is anything new since the last refetch, and is there nothing left to do? What a resting project is asked."""

from typing import Final

from reconstructor.schedule import Job, JobKind, JobState
from reconstructor.storage.database import Database
from reconstructor.storage.image_rows import COMPLETED_COUNT

_LEAST_IMAGES: Final = 3  # of two there is nothing to solve again
_REFETCHED_COUNT: Final = "refetched_count"  # of originals that had taken a preview's place when the last refetch began


class Rest:
    """What the database knows about a project that rests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def change_count(self) -> int:
        """Grows with everything that is stored; asking costs nothing."""
        return self._database.change_count

    def newest_change(self) -> tuple[int, ...]:
        """Numbers that change with every photograph, every original that replaces a preview, and every job that begins or ends."""
        row = self._database.row(
            "SELECT (SELECT count(*) FROM images), (SELECT count(*) FROM jobs), "
            "(SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'stored'))"
        )
        completed_count = int(self._database.fact(COMPLETED_COUNT) or 0)
        return (*row, completed_count) if row is not None else ()

    def note_start(self, job: Job) -> None:
        """Remember, inside the transaction that starts a refetch, which originals it can read."""
        if job.kind is JobKind.REFETCH:
            self._database.set_fact(_REFETCHED_COUNT, int(self._database.fact(COMPLETED_COUNT) or 0))

    def lacks_refetch(self) -> bool:
        """Whether images came after the one that the last refetch was about, or originals since it began, and no job is left.

        A refetch that failed counts: the next one would fail, too. Originals are counted, because clocks jump.
        """
        newest = self._database.number("SELECT max(number) FROM images")
        open_count = self._database.number("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'stored')")
        last = self._database.number(
            "SELECT max(image_number) FROM jobs WHERE kind = ? AND state IN (?, ?)",
            *(JobKind.REFETCH, JobState.DONE, JobState.FAILED),
        )
        has_originals = int(self._database.fact(COMPLETED_COUNT) or 0) > int(self._database.fact(_REFETCHED_COUNT) or 0)
        return newest >= _LEAST_IMAGES and open_count == 0 and (last < newest or has_originals)
