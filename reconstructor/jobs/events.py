"""Which events does a job publish? Its start, its shards once they are retained, and its end."""

import asyncio
import time

from broker.ids import Generation
from broker.manifest import Manifest, ShardEntry
from broker.messages import ProcessingComplete, ProcessingStarted, RefetchStarting, ShardUpdate
from reconstructor.context import Context
from reconstructor.schedule import Job, JobKind
from reconstructor.statistics import LatencySamples
from reconstructor.storage.images import ImageState, StoredImage
from reconstructor.storage.reference_set import ReferenceSet

_SPOKEN_STATES = frozenset({ImageState.PLACED, ImageState.WAITING, ImageState.REJECTED})


async def publish_start(context: Context, job: Job, image: StoredImage) -> None:
    """Mark that the black box starts on it."""
    event = "processing_started" if job.kind is JobKind.ADD else "refetch_starting"
    context.log.info(event, image=image.image_id, number=image.number)
    if job.kind is JobKind.ADD:
        await context.publish_event(
            ProcessingStarted(project=context.project, image_id=image.image_id, image_number=image.number)
        )
        return
    following = Generation(await asyncio.to_thread(context.store.references.next_generation))
    await context.publish_event(
        RefetchStarting(
            project=context.project, image_id=image.image_id, image_number=image.number, next_generation=following
        )
    )


async def publish_result(
    context: Context, latencies: LatencySamples, job: Job, image: StoredImage, grown: ReferenceSet | None
) -> None:
    """Publish what the store has, then the job's events; `grown` is what the job wrote, if points came."""
    await context.reconcile()
    new_points = 0
    manifest = grown.manifest if grown is not None else None
    is_shown = manifest is not None and job.kind is JobKind.ADD
    stored_to_shard_s = _seconds_since(image.stored_at) if is_shown else None
    captured_to_shard_s = _seconds_since(image.captured_at) if is_shown else None
    if grown is not None:
        if stored_to_shard_s is not None:
            latencies.stored_to_shard_s.append(stored_to_shard_s)
        new_points = await publish_shard_update(context, job, image, grown)
        if job.kind is JobKind.REFETCH:
            context.signals.annotations.set()
    await publish_end(
        context,
        job,
        image,
        manifest=manifest,
        new_points=new_points,
        stored_to_shard_s=stored_to_shard_s,
        captured_to_shard_s=captured_to_shard_s,
    )
    await asyncio.to_thread(context.store.finish, job)


async def publish_shard_update(context: Context, job: Job, image: StoredImage, grown: ReferenceSet) -> int:
    """Publish which shards came with a job, unless a later generation is shown already; returns their points."""
    update = _shard_update(context, job, image, grown)
    if await asyncio.to_thread(_is_present, context, grown.manifest):
        await context.publish_event(update)
    return update.point_count


def _is_present(context: Context, manifest: Manifest) -> bool:
    """Whether a manifest's generation is still the present one; a concurrent refetch may have replaced it."""
    return max(context.store.references.kept(), default=0) == manifest.generation


def _seconds_since(instant: float | None) -> float | None:
    """Seconds since an instant of another clock; None when that clock is ahead of ours."""
    seconds = -1.0 if instant is None else time.time() - instant
    return seconds if seconds >= 0 else None


def _shard_update(context: Context, job: Job, image: StoredImage, grown: ReferenceSet) -> ShardUpdate:
    own = _own_shards(grown, job.image_number) if job.kind is JobKind.ADD else []
    new = own or [entry for entry in grown.shards if entry.kind == "reference"]
    return ShardUpdate(
        project=context.project,
        image_id=image.image_id,
        image_number=image.number,
        generation=Generation(grown.manifest.generation),
        revision=grown.manifest.revision,
        shards=tuple(entry.index for entry in new),
        point_count=sum(entry.point_count for entry in new),
    )


def _own_shards(grown: ReferenceSet, image_number: int) -> list[ShardEntry]:
    """The increment of an image: at the end, or a little before when another lane stored meanwhile."""
    own: list[ShardEntry] = []
    for page in reversed(grown.shard_pages):
        found = [entry for entry in page.message.shards if entry.image_number == image_number]
        if own and not found:
            break
        own = found + own
    return own


async def publish_end(
    context: Context,
    job: Job,
    image: StoredImage,
    *,
    manifest: Manifest | None = None,
    new_points: int = 0,
    stored_to_shard_s: float | None = None,
    captured_to_shard_s: float | None = None,
) -> None:
    """Publish that a job has ended, also after a failure."""
    state = (await asyncio.to_thread(context.store.image, image.number)).state
    started_at = await asyncio.to_thread(context.store.job_started_at, job)
    complete = ProcessingComplete(
        project=context.project,
        image_id=image.image_id,
        image_number=image.number,
        state=state.value if state in _SPOKEN_STATES else "unknown",
        is_refetch=job.kind is JobKind.REFETCH,
        generation=Generation(manifest.generation) if manifest is not None else None,
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
    await context.publish_event(complete)
