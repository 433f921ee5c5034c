"""How does an image become shards that others know of? Black box, checks, store, broker, word of it."""

import asyncio
import time
from pathlib import Path

from broker.errors import CairnError
from broker.ids import Generation
from broker.messages import Manifest, ProcessingComplete, ProcessingStarted, RefetchStarting, ShardUpdate
from reconstructor.answer import read_answer
from reconstructor.context import RETRY_S, Context
from reconstructor.durable import StoreError
from reconstructor.generations import ShardGoneError
from reconstructor.images import ImageState, StoredImage
from reconstructor.outcome import Outcome, outcome_of
from reconstructor.schedule import Job, JobKind, JobState
from reconstructor.worker import Call

_SPOKEN_STATES = frozenset({ImageState.PLACED, ImageState.WAITING, ImageState.REJECTED})


async def run_jobs(context: Context) -> None:
    """See to one job after the other, for ever."""
    while True:
        context.work.clear()
        job = await asyncio.to_thread(context.store.next_job)
        if job is None or (context.store.is_paused and job.state is not JobState.STORED):
            await context.work.wait()
            continue
        await run_job(context, job)


async def run_job(context: Context, job: Job) -> None:
    """One job from where a crash may have left it to its end."""
    image = await asyncio.to_thread(context.store.image, job.image_number)
    if job.state is not JobState.STORED:
        try:
            folder = await _reconstruct(context, job, image)
            async with context.changing:
                outcome = await asyncio.to_thread(_check, context, job, folder)
                await asyncio.to_thread(context.store.commit, job, outcome.change)
        except ShardGoneError as exc:  # it runs again, from a cloud without that shard
            await context.mend(exc)
            return
        except StoreError as exc:  # the disk's fault, not the image's: it runs again
            await context.tell_error(exc, image_id=image.image_id)
            await asyncio.sleep(RETRY_S)
            return
        except CairnError as exc:
            await _fail(context, job, image, exc)
            return
        for remark in outcome.remarks:
            await context.tell_error(remark, image_id=image.image_id)
    await _publish(context, job, image)


async def _reconstruct(context: Context, job: Job, image: StoredImage) -> Path:
    """Call the black box; returns its folder, unchecked."""
    store, settings = context.store, context.settings
    is_refetch = job.kind is JobKind.REFETCH
    await asyncio.to_thread(store.start, job)
    await _announce_start(context, job, image)
    merged = None if is_refetch else await asyncio.to_thread(store.references.merged)
    call = Call(
        input_img_path=str(store.path(image).absolute()),
        old_point_cloud=str(merged.absolute()) if merged is not None else "",
        new_img_id=image.image_id,
    )
    timeout_s = settings.refetch_timeout_s if is_refetch else settings.timeout_s
    return await context.executor.call(call, timeout_s)


def _check(context: Context, job: Job, folder: Path) -> Outcome:
    answer = read_answer(folder, context.settings.points_limit)
    return outcome_of(
        job,
        answer,
        context.store,
        project=context.project,
        bytes_limit=context.settings.retained_bytes_limit,
        baseline=context.settings.baseline,
    )


async def _announce_start(context: Context, job: Job, image: StoredImage) -> None:
    event = "processing_started" if job.kind is JobKind.ADD else "refetch_starting"
    context.log.info(event, image=image.image_id, number=image.number)
    if job.kind is JobKind.ADD:
        await context.announce(
            ProcessingStarted(project=context.project, image_id=image.image_id, image_number=image.number)
        )
        return
    following = Generation(await asyncio.to_thread(context.store.references.next_generation))
    await context.announce(
        RefetchStarting(
            project=context.project, image_id=image.image_id, image_number=image.number, next_generation=following
        )
    )


async def _publish(context: Context, job: Job, image: StoredImage) -> None:
    """Bring the broker to where the store is, then tell everybody."""
    await context.settle()
    new_points = 0
    manifest = await asyncio.to_thread(_manifest_of, context, job)
    is_shown = manifest is not None and job.kind is JobKind.ADD
    stored_to_shard_s = _seconds_since(image.stored_at) if is_shown else None
    captured_to_shard_s = _seconds_since(image.captured_at) if is_shown else None
    if manifest is not None:
        if stored_to_shard_s is not None:
            context.figures.stored_to_shard_s.append(stored_to_shard_s)
        update = _shard_update(context, job, image, manifest)
        new_points = update.point_count
        await context.announce(update)
    await _announce_end(
        context,
        job,
        image,
        manifest=manifest,
        new_points=new_points,
        stored_to_shard_s=stored_to_shard_s,
        captured_to_shard_s=captured_to_shard_s,
    )
    await asyncio.to_thread(context.store.finish, job)


def _manifest_of(context: Context, job: Job) -> Manifest | None:
    """The manifest that a job wrote, or None when it brought no points."""
    if context.store.job_generation(job) is None:
        return None
    reference = context.store.references.newest()
    return reference.manifest if reference is not None else None


def _seconds_since(instant: float | None) -> float | None:
    """Seconds from an instant of some clock to now on ours; None when that clock is ahead, and so tells nothing."""
    seconds = -1.0 if instant is None else time.time() - instant
    return seconds if seconds >= 0 else None


def _shard_update(context: Context, job: Job, image: StoredImage, manifest: Manifest) -> ShardUpdate:
    own = [entry for entry in manifest.shards if entry.image_number == job.image_number]
    reference = [entry for entry in manifest.shards if entry.kind == "reference"]
    new = own if own and job.kind is JobKind.ADD else reference
    return ShardUpdate(
        project=context.project,
        image_id=image.image_id,
        image_number=image.number,
        generation=manifest.generation,
        revision=manifest.revision,
        shards=tuple(entry.index for entry in new),
        point_count=sum(entry.points for entry in new),
    )


async def _announce_end(
    context: Context,
    job: Job,
    image: StoredImage,
    *,
    manifest: Manifest | None = None,
    new_points: int = 0,
    stored_to_shard_s: float | None = None,
    captured_to_shard_s: float | None = None,
) -> None:
    state = (await asyncio.to_thread(context.store.image, image.number)).state
    started_at = await asyncio.to_thread(context.store.job_started_at, job)
    complete = ProcessingComplete(
        project=context.project,
        image_id=image.image_id,
        image_number=image.number,
        state=state.value if state in _SPOKEN_STATES else "unknown",
        is_refetch=job.kind is JobKind.REFETCH,
        generation=manifest.generation if manifest is not None else None,
        revision=manifest.revision if manifest is not None else 0,
        new_point_count=new_points,
        duration_s=max(0.0, time.time() - started_at),
        stored_to_shard_s=stored_to_shard_s,
        captured_to_shard_s=captured_to_shard_s,
    )
    context.log.info(
        "processing_complete",
        image=image.image_id,
        number=image.number,
        state=state.value,
        is_refetch=complete.is_refetch,
        points=new_points,
        duration_s=round(complete.duration_s, 3),
        stored_to_shard_s=stored_to_shard_s and round(stored_to_shard_s, 3),
    )
    await context.announce(complete)


async def _fail(context: Context, job: Job, image: StoredImage, exc: CairnError) -> None:
    """The image stays, its job is over, the project keeps its cloud."""
    await asyncio.to_thread(context.store.fail, job, exc.code)
    await context.tell_error(exc, image_id=image.image_id)
    await _announce_end(context, job, image)
