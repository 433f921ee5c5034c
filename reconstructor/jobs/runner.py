"""How does an image become published shards? Jobs in lanes: black box, checks, store, broker, events.

A black box that can add images while a refetch runs has two lanes, so that no image waits for a refetch; any other has
one. What was made at the same time is stored in the order in which it was made: see `reconstructor.jobs.commit_order`.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from broker.errors import CairnError
from broker.memory import trim_heap
from reconstructor.context import RETRY_S, Context
from reconstructor.defects import translating_defects
from reconstructor.disk import wait_for_disk
from reconstructor.executors import Executor
from reconstructor.executors.child import BlackBoxInterruptedError
from reconstructor.jobs.answer import Answer, read_answer
from reconstructor.jobs.commit import CommitPlan, plan_commit
from reconstructor.jobs.commit_order import CommitOrder
from reconstructor.jobs.events import publish_end, publish_result, publish_start
from reconstructor.jobs.placed_cameras import publishing_placed
from reconstructor.jobs.progress_events import publishing_progress
from reconstructor.schedule import Job, JobKind, JobState
from reconstructor.statistics import LatencySamples
from reconstructor.storage.durable_files import DiskFullError, StoreError
from reconstructor.storage.generation_files import ShardGoneError
from reconstructor.storage.images import StoredImage
from reconstructor.storage.reference_set import ReferenceSet
from reconstructor.worker import Call


@dataclass(slots=True, kw_only=True)
class Lanes:
    """What the lanes of one project share.

    Attributes:
        executor: runs the black box.
        latencies: measured from each image's arrival to its shards.
        order: in which their answers are stored.
        suspects: numbers of jobs in which the black box's process ended while it did two things; until each of them
            has run alone, nothing runs beside anything.
    """

    executor: Executor
    latencies: LatencySamples
    order: CommitOrder
    suspects: set[int] = field(default_factory=set)
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[None]:
        """Surround one call of the black box; suspects run alone."""
        if not self.suspects:
            yield
            return
        async with self._alone:
            yield


async def run_jobs(context: Context, executor: Executor, latencies: LatencySamples) -> None:
    """Load the black box, then run all jobs until cancelled.

    Raises:
        BlackBoxNotFoundError: the settings name no function.
    """
    await executor.start()
    context.presence.takes_previews = executor.takes_previews
    if executor.takes_previews and context.presence.is_serving:
        await context.publish_state()
    order = CommitOrder(await asyncio.to_thread(lambda: context.store.solution))
    lanes = Lanes(executor=executor, latencies=latencies, order=order)
    kinds = [(kind,) for kind in JobKind] if executor.is_concurrent else [tuple(JobKind)]
    async with asyncio.TaskGroup() as tasks:
        for each in kinds:
            name = f"{context.project}.jobs.{'-'.join(each)}"
            tasks.create_task(_run_lane(context, lanes, each), name=name)


async def _run_lane(context: Context, lanes: Lanes, kinds: Collection[JobKind]) -> None:
    """Run the jobs of these kinds, one after the other."""
    while True:
        count = context.signals.work.count
        job = await asyncio.to_thread(context.store.next_job, kinds)
        if job is None or (context.store.is_paused and job.state is not JobState.STORED):
            await context.signals.work.wait_past(count)
            continue
        await run_job(context, lanes, job)
        context.signals.work.notify()  # a refetch waits for the images before it
        context.signals.originals.set()


async def run_job(context: Context, lanes: Lanes, job: Job) -> None:
    """Run one job to its end, from where a crash may have left it."""
    image = await asyncio.to_thread(context.store.image, job.image_number)
    if job.state is JobState.STORED:
        grown = await asyncio.to_thread(_stored_growth, context, job)
        await publish_result(context, lanes.latencies, job, image, grown)
        return
    plan = await _make_and_store(context, lanes, job, image)
    if plan is None:
        return
    for remark in plan.remarks:
        await context.publish_error(remark, image_id=image.image_id)
    await publish_result(context, lanes.latencies, job, image, plan.change.grown)
    if job.kind is JobKind.REFETCH:
        del plan
        await asyncio.to_thread(_give_back_memory)


def _give_back_memory() -> None:
    """Return what a refetch's answer took to the system: it is as large as the project, and the next is far away."""
    gc.collect()
    trim_heap()


async def _make_and_store(context: Context, lanes: Lanes, job: Job, image: StoredImage) -> CommitPlan | None:
    """Run the black box and store its answer; None if the job failed or runs again."""
    with lanes.order.in_flight(job.kind) as call:
        try:
            with translating_defects(context.log, image=image.image_id, kind=job.kind.value):
                answer = await _reconstruct(context, lanes, job, image)
                await lanes.order.wait_to_commit(call, answer.solution)
                async with context.signals.changing:
                    plan = await asyncio.to_thread(_check, context, job, answer)
                    await asyncio.to_thread(context.store.commit, job, plan.change)
        except BlackBoxInterruptedError as exc:  # either call may be the cause: both run again, alone
            context.log.warning("call_interrupted", image=image.image_id, kind=job.kind.value, reason=exc.sentence)
            lanes.suspects.add(job.number)
            return None
        except ShardGoneError as exc:  # it runs again, from a cloud without that shard
            await context.leave_out_damaged(exc)
            return None
        except StoreError as exc:  # the disk's fault, not the image's: it runs again
            if isinstance(exc, DiskFullError):
                await wait_for_disk(context, exc)
            else:
                await context.publish_error(exc, image_id=image.image_id)
                await asyncio.sleep(RETRY_S)
            return None
        except CairnError as exc:
            await _fail(context, job, image, exc)
            lanes.suspects.discard(job.number)
            return None
    lanes.suspects.discard(job.number)
    return plan


async def _reconstruct(context: Context, lanes: Lanes, job: Job, image: StoredImage) -> Answer:
    """Call the black box; returns its answer, read but not compared with what the project has."""
    store, settings = context.store, context.settings
    is_refetch = job.kind is JobKind.REFETCH
    async with lanes.calling():
        await asyncio.to_thread(store.start, job)
        await publish_start(context, job, image)
        merged = (
            None if is_refetch else await asyncio.to_thread(store.references.merged, is_read=lanes.executor.reads_cloud)
        )
        call = Call(
            is_refetch=is_refetch,
            input_img_path=str(store.path(image).absolute()),
            old_point_cloud=str(merged.absolute()) if merged is not None else "",
            new_img_id=image.image_id,
        )
        if is_refetch:
            async with publishing_progress(context, image.image_id):
                folder = await lanes.executor.call(call, settings.refetch_timeout_s)
        else:
            async with publishing_placed(context, lanes.order, job, image):
                with context.signals.adding.one():
                    folder = await lanes.executor.call(call, settings.timeout_s)
    return await asyncio.to_thread(read_answer, folder, settings.points_limit)


def _check(context: Context, job: Job, answer: Answer) -> CommitPlan:
    return plan_commit(
        job,
        answer,
        context.store,
        project=context.project,
        baseline=context.settings.baseline,
    )


def _stored_growth(context: Context, job: Job) -> ReferenceSet | None:
    """The reference set with what a job wrote before a crash; None when no points came, or newer ones replaced them."""
    reference = context.store.references.newest()
    if reference is None or reference.manifest.generation != context.store.job_generation(job):
        return None
    return reference


async def _fail(context: Context, job: Job, image: StoredImage, exc: CairnError) -> None:
    """End a failed job: the image stays stored and the project keeps its cloud."""
    await asyncio.to_thread(context.store.fail, job, exc.code)
    await context.publish_error(exc, image_id=image.image_id)
    await publish_end(context, job, image)
