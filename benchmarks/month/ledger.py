"""Is every photograph there, once? The spools, by index and by what was seen in their folders, are compared with the store."""

import contextlib
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from broker.files import UNFINISHED
from broker.ids import BadIdError, ImageId
from edge_agent.spool.index import SpoolState
from reconstructor.schedule import JobState
from reconstructor.storage.read_only import DATABASE_NAME
from reconstructor.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Where the photographs are at the end.

    Attributes:
        photographs: that reached a spool and are photographs.
        rejected: files of a broken camera, which the reconstructor refused with a reason.
        lost: that reached a spool and are not in the store.
        twice: that are in the store more than once.
        open_jobs: that the reconstructor still has.
        left: files of stored photographs that are still on the rigs.
    """

    photographs: int
    rejected: int
    lost: int
    twice: int
    open_jobs: int
    left: int


class Witness:
    """Looks into a spool's folder now and then, and remembers every file. It does not trust the index."""

    def __init__(self, spool: Path) -> None:
        self._images, self.seen = spool / "images", set[ImageId]()

    def look(self) -> None:
        """Remember the finished files."""
        with contextlib.suppress(OSError):
            for path in self._images.iterdir():
                if not path.name.endswith(UNFINISHED):
                    with contextlib.suppress(BadIdError):
                        self.seen.add(ImageId(path.stem))


def balance(spools: list[Path], witnesses: list[Witness], store_folder: Path, refetch_every: int) -> Ledger:
    """Compare spools and store after everything has ended."""
    state_by_digest: dict[str, str] = {}
    for spool in spools:
        with contextlib.closing(_opened(spool / "index.sqlite")) as index:
            state_by_digest |= dict(index.execute("SELECT sha256, state FROM image").fetchall())
    with contextlib.closing(Store(store_folder, refetch_every=refetch_every)) as store:
        images, open_jobs = store.images(), store.counts()["open_jobs"]
    stored = Counter(image.sha256 for image in images if image.sha256 is not None)  # else only its preview came
    numbers = Counter(image.number for image in images)
    rejected = {digest for digest, state in state_by_digest.items() if state == SpoolState.REJECTED}
    wanted = set(state_by_digest) - rejected
    beginnings_of_stored = {digest[:16] for digest in stored}
    beginnings = beginnings_of_stored | {digest[:16] for digest in rejected}
    unseen = {each.digest for witness in witnesses for each in witness.seen} - beginnings
    return Ledger(
        photographs=len(wanted),
        rejected=len(rejected),
        lost=len({digest[:16] for digest in wanted - set(stored)} | unseen),
        twice=sum(count - 1 for count in (*stored.values(), *numbers.values())),
        open_jobs=open_jobs,
        left=sum(digest in beginnings_of_stored for spool in spools for digest in _digests(spool)),
    )


def open_job_count(store_folder: Path) -> int | None:
    """How many jobs a running reconstructor still has; None while that cannot be read."""
    states = ", ".join(f"'{state}'" for state in (JobState.QUEUED, JobState.RUNNING, JobState.STORED))
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(store_folder / DATABASE_NAME)) as database:
        found = database.execute(f"SELECT count(*) FROM jobs WHERE state IN ({states})").fetchone()  # noqa: S608
        return int(found[0])
    return None


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)


def _digests(spool: Path) -> list[str]:
    """The beginnings of the digests of all files of a spool, whatever else their names say."""
    return [path.stem[-16:] for path in (spool / "images").iterdir()]
