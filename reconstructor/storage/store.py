"""Where is a project stored? In one folder with one writer: images, jobs and reference sets."""

import shutil
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from broker.ids import ImageId
from reconstructor.clouds.sharding import ReadyShard
from reconstructor.schedule import Job, JobKind, JobState, is_refetch_due, jobs_on_image, next_job, superseded
from reconstructor.storage.annotations import Annotations
from reconstructor.storage.attempts import Attempts
from reconstructor.storage.backlog import Backlog
from reconstructor.storage.database import Database
from reconstructor.storage.durable_files import make_folder, remove_unfinished, translate, write_durably
from reconstructor.storage.identity import Identity
from reconstructor.storage.image_rows import ImageRows, completing
from reconstructor.storage.images import ImageState, NewImage, StoredImage, files_of
from reconstructor.storage.lock import lock
from reconstructor.storage.partial_uploads import MOST_OPEN, PartialUploads
from reconstructor.storage.past.events import PastEvents
from reconstructor.storage.previews import Previews
from reconstructor.storage.read_only import DATABASE_NAME, ReadOnlyStore
from reconstructor.storage.reference_set import ReferenceSet
from reconstructor.storage.reference_sets import ReferenceSets
from reconstructor.storage.rest import Rest
from reconstructor.storage.room import Room
from reconstructor.storage.senders import Senders

_OPEN: Final = "('queued', 'running', 'stored')"
_PAUSED: Final = "is_paused"
_REJECTED: Final = "rejected_count"
_ERRORS: Final = "error_count"
_SOLUTION: Final = "solution"
_SUPERSEDED: Final = "superseded"
_SCALE_BAR: Final = "scale_bar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a job changes, all of it in one transaction.

    Attributes:
        reference: the reference set to publish, or None when neither points nor cameras changed.
        shards: the shards that are new in it.
        states: what became of images, by image id.
        solution: the complete solution that the points stand on; see `reconstructor.jobs.commit_order`.
        wants_refetch: whether a refetch on the job's image is queued, unless one is.
    """

    reference: ReferenceSet | None = None
    shards: tuple[ReadyShard, ...] = ()
    states: Mapping[str, ImageState]
    solution: int = 0
    wants_refetch: bool = False

    @property
    def grown(self) -> ReferenceSet | None:
        """The reference set, if points came."""
        return self.reference if self.shards else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLimits:
    """How many there are at most: uploads in pieces of a sender, and earlier generations with a copy."""

    open_uploads: int = MOST_OPEN
    earlier_generations: int = 12


NORMAL_LIMITS: Final = StoreLimits()


class Store:
    """One project's folder. Methods block on the disk: call them from a thread where that matters."""

    def __init__(
        self, folder: Path, *, refetch_every: int, room: Room | None = None, limits: StoreLimits = NORMAL_LIMITS
    ) -> None:
        self.folder = make_folder(folder)
        self._storing = threading.Lock()
        self._refetch_every, self._room = refetch_every, room or Room()
        with ExitStack() as opened:
            opened.enter_context(lock(folder))
            self.images_folder = make_folder(folder / "images")
            self.black_box_folder = make_folder(folder / "black_box")
            self.partial_uploads = PartialUploads(folder=make_folder(folder / "uploads"), most_open=limits.open_uploads)
            self.partial_uploads.close_forgotten()
            remove_unfinished(self.images_folder)
            self.attempts = Attempts(folder)
            self._database = opened.enter_context(closing(Database(folder / DATABASE_NAME)))
            self._rows, self.annotations = ImageRows(self._database), Annotations(self._database)
            self.previews = Previews(self._database, folder / "previews")
            self.identity, self.backlog = Identity(self._database), Backlog(self._database)
            self.rest, self.past_events = Rest(self._database), PastEvents(self._database)
            self.senders = Senders(self._database, self.images_folder, self.previews.folder)
            self.references = ReferenceSets(self._database, folder, limits.earlier_generations)
            self._opened = opened.pop_all()

    @staticmethod
    def read_only(folder: Path) -> ReadOnlyStore:
        """Open a store beside a service that may be running; raises StoreError when the folder holds none."""
        return ReadOnlyStore(folder=folder)

    def close(self) -> None:
        """Let go of the database and the lock."""
        self._opened.close()

    # Images

    def find(self, image_id: ImageId, sha256: str) -> StoredImage | None:
        """The image of this id or with these very bytes, or the one whose preview announced them."""
        return self._rows.find(image_id, sha256)

    def find_previewed(self, image_id: ImageId) -> StoredImage | None:
        """The image with the digest in this id, itself or its preview."""
        return self._rows.find_digest(image_id)

    def image(self, number: int) -> StoredImage:
        """The image with this number; raises StoreError."""
        return self._rows.image(number)

    def images(self) -> list[StoredImage]:
        """All images in order."""
        return self._rows.all()

    def path(self, image: StoredImage) -> Path:
        """Where an image's bytes are: the original, or its preview until that is there."""
        if image.file_name is not None:
            return self.images_folder / image.file_name
        return self.previews.folder / str(image.preview_name)

    def content(self, number: int) -> bytes:
        """The bytes of an image, also while its original replaces its preview; raises StoreError."""
        try:
            try:
                return self.path(self.image(number)).read_bytes()
            except FileNotFoundError:  # its preview may have gone in this moment
                return self.path(self.image(number)).read_bytes()
        except OSError as exc:
            raise translate(exc) from exc

    def add_image(self, image: NewImage, payload: bytes) -> tuple[StoredImage, bool]:
        """Make an image safe and return it with whether it was taken; the same image again changes nothing.

        A new one gets its number and its jobs. The original of a preview gets neither: it takes the preview's place.

        Raises:
            DiskFullError: there is no room; nothing was taken.
            DiskBudgetError: a budget is used up; nothing was taken.
            StoreError: another trouble with the disk.
        """
        with self._storing:  # two senders may send the same image at once
            known = self.find(image.image_id, str(image.sha256))
            if known is not None and known.has_original:
                return known, False
            self.check_room(len(payload) + len(image.readable))
            image = completing(known, image) if known is not None else image
            write_durably(self.images_folder, files_of(image, payload))
            self._room.note(len(payload) + len(image.readable))
            with self._database.transaction():
                return (self._number(image) if known is None else self._rows.complete(known, image)), True

    def add_preview(self, preview: NewImage, payload: bytes) -> tuple[StoredImage, bool]:
        """Make the preview of an image safe, number the image and queue its jobs, as `add_image` does and raises."""
        with self._storing:
            known = self.find_previewed(preview.image_id)
            if known is not None:
                return known, False
            self.check_room(len(payload))
            self.previews.write(preview, payload)
            self._room.note(len(payload))
            with self._database.transaction():
                return self._number(preview), True

    # Jobs

    def next_job(self, kinds: Collection[JobKind] = tuple(JobKind)) -> Job | None:
        """The job of these kinds to run or to publish now; refetches that a later one makes needless are over."""
        jobs = self._open_jobs()
        needless = superseded(jobs)
        if needless:
            with self._database.transaction():
                for job in needless:
                    self._end(job, JobState.DONE, _SUPERSEDED)
        return next_job([job for job in jobs if job not in needless], kinds)

    def start(self, job: Job) -> None:
        """Mark that the black box starts on it."""
        with self._database.transaction():
            self._database.change("UPDATE jobs SET started_at = ? WHERE number = ?", time.time(), job.number)
            self._database.change("UPDATE jobs SET state = ? WHERE number = ?", JobState.RUNNING, job.number)
            self.rest.note_start(job)

    def fail(self, job: Job, code: str) -> None:
        """End a failed job; its image stays."""
        with self._database.transaction():
            self._end(job, JobState.FAILED, code)
            if job.kind is JobKind.ADD:
                self._rows.set_states({self.image(job.image_number).image_id: ImageState.FAILED})

    def commit(self, job: Job, change: Change) -> None:
        """Store a job's results in one transaction; a crash after it repeats the publication, not the job."""
        grown = change.grown
        if grown is not None:
            self.references.write(grown.manifest.generation, change.shards)
        with self._database.transaction():
            self._database.change(
                "UPDATE jobs SET state = ?, generation = ? WHERE number = ?",
                *(JobState.STORED, grown.manifest.generation if grown else None, job.number),
            )
            self._rows.set_states(change.states)
            if change.reference is not None:
                self.references.record(change.reference)
                self.annotations.move(change.reference.manifest)
            if change.solution > self.solution:
                self._database.set_fact(_SOLUTION, change.solution)
            if change.wants_refetch and not is_refetch_due(self._open_jobs()):
                self._queue(job.image_number, JobKind.REFETCH)

    def finish(self, job: Job) -> None:
        """End a job whose results are published."""
        with self._database.transaction():
            self._end(job, JobState.DONE, None)

    def job_generation(self, job: Job) -> int | None:
        """The generation that a stored job wrote, or None when it brought no points."""
        return self._database.number("SELECT generation FROM jobs WHERE number = ?", job.number) or None

    def job_started_at(self, job: Job) -> float:
        """When the black box got it, seconds of the wall clock."""
        row = self._database.row("SELECT started_at FROM jobs WHERE number = ?", job.number)
        return float(row["started_at"] or time.time()) if row is not None else time.time()

    def request_refetch(self) -> int | None:
        """Queue a refetch on the newest image, unless one is queued; its image number, or None without images."""
        with self._database.transaction():
            newest = self.image_count()
            if newest and not is_refetch_due(self._open_jobs()):
                self._queue(newest, JobKind.REFETCH)
            return newest or None

    # Small facts

    @property
    def solution(self) -> int:
        """The newest complete solution of which anything is stored."""
        return int(self._database.fact(_SOLUTION) or 0)

    @property
    def is_paused(self) -> bool:
        """Whether a person paused the project."""
        return bool(self._database.fact(_PAUSED))

    def pause(self, *, is_paused: bool) -> None:
        """Pause or resume, also across restarts."""
        with self._database.transaction():
            self._database.set_fact(_PAUSED, int(is_paused))

    def scale_bar(self) -> bytes:
        """The scale bar that the present scale comes from, as it came; empty without one."""
        return bytes(self._database.fact(_SCALE_BAR) or b"")

    def keep_scale_bar(self, payload: bytes, revised: ReferenceSet | None) -> None:
        """Keep a scale bar, or that there is none, with the manifest that says so; None when it says so already."""
        with self._database.transaction():
            self._database.set_fact(_SCALE_BAR, payload)
            if revised is not None:
                self.references.record(revised)

    def count_rejected(self) -> None:
        """Count a refused image."""
        self._count(_REJECTED)

    def count_error(self) -> None:
        """Count a published error."""
        self._count(_ERRORS)

    def image_count(self) -> int:
        """Number of stored images."""
        return self._rows.count()

    def counts(self) -> dict[str, int]:
        """Images by state, `preview_count`, open jobs as `open_jobs`, and what was counted: `rejected_count`, `error_count`."""
        return self._rows.counts() | {
            "open_jobs": self._database.number(f"SELECT count(*) FROM jobs WHERE state IN {_OPEN}"),  # noqa: S608 - a constant
            _REJECTED: int(self._database.fact(_REJECTED) or 0),
            _ERRORS: int(self._database.fact(_ERRORS) or 0),
        }

    def check_room(self, size_bytes: int) -> None:
        """Check the room for an image of this size; raises DiskFullError, and DiskBudgetError."""
        self._room.check(self.folder, size_bytes)

    def free_bytes(self) -> int:
        """Free space on the disk, bytes."""
        return shutil.disk_usage(self.folder).free

    def _number(self, image: NewImage) -> StoredImage:
        """Give the image number and queue the jobs, inside the one transaction that makes both durable."""
        stored = self._rows.add(image)
        for kind in jobs_on_image(stored.number, self._refetch_every):
            self._queue(stored.number, kind)
        return stored

    def _open_jobs(self) -> tuple[Job, ...]:
        rows = self._database.rows(f"SELECT * FROM jobs WHERE state IN {_OPEN} ORDER BY number")  # noqa: S608 - a constant
        return tuple(_job(row) for row in rows)

    def _queue(self, image_number: int, kind: JobKind) -> None:
        self._database.change(
            "INSERT INTO jobs (image_number, kind, state) VALUES (?, ?, ?)", image_number, kind, JobState.QUEUED
        )

    def _end(self, job: Job, state: JobState, code: str | None) -> None:
        self._database.change(
            "UPDATE jobs SET state = ?, code = ?, finished_at = ? WHERE number = ?",
            *(state, code, time.time(), job.number),
        )

    def _count(self, name: str) -> None:
        with self._database.transaction():
            self._database.set_fact(name, int(self._database.fact(name) or 0) + 1)


def _job(row: Any) -> Job:
    return Job(
        number=row["number"], image_number=row["image_number"], kind=JobKind(row["kind"]), state=JobState(row["state"])
    )
