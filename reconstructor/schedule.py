"""What happens on image n? Pure: the same answer from the same numbers, after every restart."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class JobKind(StrEnum):
    """What the black box is asked for."""

    ADD = "add"
    REFETCH = "refetch"


class JobState(StrEnum):
    """How far a job has come; after a restart `running` jobs run again and `stored` ones are published."""

    QUEUED = "queued"
    RUNNING = "running"
    STORED = "stored"
    DONE = "done"
    FAILED = "failed"


_ORDER: Final = (JobState.STORED, JobState.RUNNING, JobState.QUEUED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One call of the black box.

    Attributes:
        number: the job's own number; jobs run in the order of image number, then of this.
        image_number: the image that it is about.
        kind: whether the image is added or everything solved again.
        state: how far it has come.
    """

    number: int
    image_number: int
    kind: JobKind
    state: JobState


def jobs_on_image(image_number: int, refetch_every: int) -> tuple[JobKind, ...]:
    """The jobs that an image brings, in order: every `refetch_every`-th is added like any other first."""
    if image_number < 1 or refetch_every < 1:
        raise ValueError(f"images and intervals count from 1, not {image_number} and {refetch_every}")
    is_due = image_number % refetch_every == 0
    return (JobKind.ADD, JobKind.REFETCH) if is_due else (JobKind.ADD,)


def next_job(jobs: Collection[Job], kinds: Collection[JobKind] = tuple(JobKind)) -> Job | None:
    """The job of these kinds to run next, if any.

    What is stored is published first, what a crash interrupted runs again, then the oldest; a refetch only once the
    images up to its own are through.
    """
    ready = [job for job in jobs if job.kind in kinds and job.state in _ORDER and _is_ready(job, jobs)]
    return min(ready, key=lambda job: (_ORDER.index(job.state), job.image_number, job.number), default=None)


def superseded(jobs: Collection[Job]) -> tuple[Job, ...]:
    """Queued refetches that a later queued refetch makes unnecessary."""
    ready = [job for job in jobs if _is_queued_refetch(job) and _is_ready(job, jobs)]
    newest = max(ready, key=lambda job: (job.image_number, job.number), default=None)
    return tuple(job for job in ready if job != newest)


def _is_ready(job: Job, jobs: Collection[Job]) -> bool:
    if job.kind is JobKind.ADD or job.state is JobState.STORED:
        return True
    return not any(
        other.kind is JobKind.ADD
        and other.state in {JobState.QUEUED, JobState.RUNNING}
        and other.image_number <= job.image_number
        for other in jobs
    )


def _is_queued_refetch(job: Job) -> bool:
    return job.kind is JobKind.REFETCH and job.state is JobState.QUEUED


def is_refetch_due(jobs: Collection[Job]) -> bool:
    """Whether a refetch is queued already; another request then changes nothing."""
    return any(map(_is_queued_refetch, jobs))
