"""How are a photograph's first points published? As an increment, which the points of the call's answer replace."""

import asyncio
from pathlib import Path

from broker.errors import CairnError
from reconstructor.context import Context
from reconstructor.defects import translating_defects
from reconstructor.jobs.answer import Answer, read_answer
from reconstructor.jobs.commit_order import CommitOrder
from reconstructor.jobs.events import publish_shard_update
from reconstructor.publishing.manifests import grow
from reconstructor.schedule import Job
from reconstructor.storage.images import StoredImage
from reconstructor.storage.reference_set import ReferenceSet


async def publish_first_points(
    context: Context, order: CommitOrder, job: Job, image: StoredImage, folder: Path
) -> None:
    """Store and publish what the black box left in this folder. What is wrong is logged: the call's answer follows."""
    try:
        with translating_defects(context.log, task="first_points"):
            answer = await asyncio.to_thread(read_answer, folder, context.settings.points_limit)
            async with context.signals.changing:
                if answer.solution != order.known:
                    return  # a refetch replaces the model at this moment: these points are of another one
                grown = await asyncio.to_thread(_grown, context, job, answer)
    except CairnError as exc:
        context.log.warning("first_points_not_published", code=exc.code, reason=exc.sentence)
        return
    if grown is not None:
        await context.reconcile()
        await publish_shard_update(context, job, image, grown)


def _grown(context: Context, job: Job, answer: Answer) -> ReferenceSet | None:
    references = context.store.references
    reference = references.newest()
    if reference is None or not answer.has_points:
        return None  # the first points of a project begin its first generation, and that is for an answer to do
    following = grow(reference, answer.increments, image_number=job.image_number, update=answer.update)
    references.extend(following.reference, following.shards)
    return following.reference
