"""How does an image become shards that others know of? Black box, checks, store, broker, word of it.

A black box that can add images while a refetch runs has two lanes, so that no image waits for a refetch; any other has
one. What was made at the same time is stored in the order in which it was made: see `reconstructor.jobs.commit_order`.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from broker.errors import CairnError
from broker.messages import Manifest
from reconstructor.context import RETRY_S, Context
from reconstructor.executors.child import BlackBoxInterruptedError
from reconstructor.jobs.answer import Answer, read_answer
from reconstructor.jobs.commit import Outcome, outcome_of
from reconstructor.jobs.commit_order import CommitOrder
from reconstructor.jobs.events import announce_end, announce_start, publish
from reconstructor.jobs.progress_events import telling_progress
from reconstructor.schedule import Job, JobKind, JobState
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.generation_files import ShardGoneError
from reconstructor.storage.images import StoredImage
from reconstructor.worker import Call


@dataclass(slots=True, kw_only=True)
class Lanes:
    """What the lanes of one project share.

    Attributes:
        order: in which their answers are stored.
        suspects: numbers of jobs in which the black box's process ended while it did two things; until each of them
            has run alone, nothing runs beside anything.
    """

    order: CommitOrder
    suspects: set[int] = field(default_factory=set)
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[None]:
        """While the black box is called."""
        if not self.suspects:
            yield
            return
        async with self._alone:
            yield


async def run_jobs(context: Context) -> None:
    """Load the black box, then run all jobs; never returns.

    Raises:
        BlackBoxNotFoundError: the settings name no function.
    """
    await context.executor.start()
    lanes = Lanes(order=CommitOrder(await asyncio.to_thread(lambda: context.store.solution)))
    kinds = [(kind,) for kind in JobKind] if context.executor.is_concurrent else [tuple(JobKind)]
    async with asyncio.TaskGroup() as tasks:
        for each in kinds:
            name = f"{context.project}.jobs.{'-'.join(each)}"
            tasks.create_task(_run_lane(context, lanes, each), name=name)


async def _run_lane(context: Context, lanes: Lanes, kinds: Collection[JobKind]) -> None:
    """See to one job of these kinds after the other."""
    while True:
        count = context.work.count
        job = await asyncio.to_thread(context.store.next_job, kinds)
        if job is None or (context.store.is_paused and job.state is not JobState.STORED):
            await context.work.rung_since(count)
            continue
        await run_job(context, lanes, job)
        context.work.ring()  # a refetch waits for the images before it


async def run_job(context: Context, lanes: Lanes, job: Job) -> None:
    """One job from where a crash may have left it to its end."""
    image = await asyncio.to_thread(context.store.image, job.image_number)
    if job.state is JobState.STORED:
        await publish(context, job, image, await asyncio.to_thread(_stored_manifest, context, job))
        return
    outcome = await _make_and_store(context, lanes, job, image)
    if outcome is None:
        return
    for remark in outcome.remarks:
        await context.tell_error(remark, image_id=image.image_id)
    await publish(context, job, image, outcome.change.manifest)


async def _make_and_store(context: Context, lanes: Lanes, job: Job, image: StoredImage) -> Outcome | None:
    """What a job brought, stored; None if it failed, or runs again."""
    with lanes.order.flight(job.kind) as flight:
        try:
            answer = await _reconstruct(context, lanes, job, image)
            await lanes.order.turn(flight, answer.solution)
            async with context.changing:
                outcome = await asyncio.to_thread(_check, context, job, answer)
                await asyncio.to_thread(context.store.commit, job, outcome.change)
        except BlackBoxInterruptedError as exc:  # nobody knows whose fault it was: both run again, alone
            context.log.warning("call_interrupted", image=image.image_id, kind=job.kind.value, reason=exc.sentence)
            lanes.suspects.add(job.number)
            return None
        except ShardGoneError as exc:  # it runs again, from a cloud without that shard
            await context.mend(exc)
            return None
        except StoreError as exc:  # the disk's fault, not the image's: it runs again
            await context.tell_error(exc, image_id=image.image_id)
            await asyncio.sleep(RETRY_S)
            return None
        except CairnError as exc:
            await _fail(context, job, image, exc)
            lanes.suspects.discard(job.number)
            return None
    lanes.suspects.discard(job.number)
    return outcome


async def _reconstruct(context: Context, lanes: Lanes, job: Job, image: StoredImage) -> Answer:
    """Call the black box; returns its answer, read but not compared with what the project has."""
    store, settings = context.store, context.settings
    is_refetch = job.kind is JobKind.REFETCH
    async with lanes.calling():
        await asyncio.to_thread(store.start, job)
        await announce_start(context, job, image)
        merged = None if is_refetch else await asyncio.to_thread(store.references.merged)
        call = Call(
            is_refetch=is_refetch,
            input_img_path=str(store.path(image).absolute()),
            old_point_cloud=str(merged.absolute()) if merged is not None else "",
            new_img_id=image.image_id,
        )
        if is_refetch:
            async with telling_progress(context, image.image_id):
                folder = await context.executor.call(call, settings.refetch_timeout_s)
        else:
            folder = await context.executor.call(call, settings.timeout_s)
    return await asyncio.to_thread(read_answer, folder, settings.points_limit)


def _check(context: Context, job: Job, answer: Answer) -> Outcome:
    return outcome_of(
        job,
        answer,
        context.store,
        project=context.project,
        bytes_limit=context.settings.retained_bytes_limit,
        baseline=context.settings.baseline,
    )


def _stored_manifest(context: Context, job: Job) -> Manifest | None:
    """The manifest with what a job wrote before a crash; None when it brought no points, or newer ones replaced them."""
    reference = context.store.references.newest()
    if reference is None or reference.manifest.generation != context.store.job_generation(job):
        return None
    return reference.manifest


async def _fail(context: Context, job: Job, image: StoredImage, exc: CairnError) -> None:
    """The image stays, its job is over, the project keeps its cloud."""
    await asyncio.to_thread(context.store.fail, job, exc.code)
    await context.tell_error(exc, image_id=image.image_id)
    await announce_end(context, job, image)
