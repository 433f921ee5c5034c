"""What is published of a photograph while it is added? Its camera, then its first points, as revisions of the reference set.

The black box leaves them in its working directory: see `reconstructor.progress`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from broker.errors import CairnError
from reconstructor.black_box import Update
from reconstructor.context import Context
from reconstructor.defects import translating_defects
from reconstructor.jobs.commit import camera_entries, with_cameras
from reconstructor.jobs.commit_order import CommitOrder
from reconstructor.jobs.first_points import publish_first_points
from reconstructor.progress import first_of, forget_first, forget_placed, read_placed
from reconstructor.schedule import Job
from reconstructor.storage.images import StoredImage
from reconstructor.storage.reference_set import ReferenceSet

_LOOK_S: Final = 0.01


@asynccontextmanager
async def publishing_placed(context: Context, order: CommitOrder, job: Job, image: StoredImage) -> AsyncIterator[None]:
    """Publish where the image stands and its first points, once the black box says so, while the block adds it."""
    await asyncio.to_thread(_forget, context.store.black_box_folder)
    is_over = asyncio.Event()
    telling = asyncio.create_task(_tell(context, order, job, image, is_over), name=f"{context.project}.placed")
    try:
        yield
    finally:
        is_over.set()
        await telling  # never cancelled: it may be writing to the store


def _forget(folder: Path) -> None:
    forget_placed(folder)
    forget_first(folder)


async def _tell(context: Context, order: CommitOrder, job: Job, image: StoredImage, is_over: asyncio.Event) -> None:
    is_placed, folder = False, context.store.black_box_folder
    while not is_over.is_set():
        if (first := await asyncio.to_thread(first_of, folder)) is not None:
            await publish_first_points(context, order, job, image, first)
            return
        if not is_placed and (update := await asyncio.to_thread(read_placed, folder)) is not None:
            is_placed = True
            await _record(context, order, job, update)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_S):
                await is_over.wait()


async def _record(context: Context, order: CommitOrder, job: Job, update: Update) -> None:
    """Store the cameras; the task that publishes revisions does the rest. What is wrong, the call's answer tells."""
    try:
        with translating_defects(context.log, task="placed"):
            async with context.signals.changing:
                if update.solution != order.known:
                    return  # a refetch replaces the model at this moment: these poses are of another one
                revised = await asyncio.to_thread(_with_placed, context, job, update)
                if revised is None:
                    return
                await asyncio.to_thread(context.store.references.revise, revised)
    except CairnError as exc:
        context.log.warning("cameras_not_published", code=exc.code, reason=exc.sentence)
        return
    context.signals.revised.set()


def _with_placed(context: Context, job: Job, update: Update) -> ReferenceSet | None:
    store = context.store
    named = {entry.image_id: entry for entry in camera_entries(update, store.images())}
    if not named:
        return None
    known = {entry.image_id: entry for entry in store.references.cameras()}
    entries = sorted((known | named).values(), key=lambda entry: entry.image_number or 0)
    return with_cameras(None, tuple(entries), store, project=context.project, image_count=job.image_number)
