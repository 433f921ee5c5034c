"""What follows when an original takes its preview's place? The preview goes, the camera says so, other originals are asked for."""

import asyncio
import contextlib
from typing import Final

from broker.contract import WANTED
from broker.errors import CairnError
from broker.ids import ImageId
from broker.messages import Wanted
from reconstructor.context import BROKER_ERRORS, Context
from reconstructor.defects import MessageFailedError, translating_defects
from reconstructor.intake.preview_check import check_preview
from reconstructor.publishing.camera_changes import with_facts
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.images import StoredImage
from reconstructor.storage.reference_set import ReferenceSet
from reconstructor.wanted import MOST_WANTED

_PAUSE_S: Final = 1.0  # at most so often a page of cameras is published again, and a list of what is wanted
_LOOK_S: Final = 15.0


async def follow_originals(context: Context) -> None:
    """Keep disk, cameras and senders up to date with which originals are there; never returns."""
    said: tuple[int, ...] | None = None
    kept = set[ImageId]()
    while True:
        context.signals.originals.clear()
        try:
            with translating_defects(context.log, task="originals"):
                completed = await asyncio.to_thread(context.store.previews.completed)
                if completed != said:
                    await _revise_cameras(context)
                    said = completed
                await _tell_wanted(context)
                await _drop_previews(context, kept)
        except BROKER_ERRORS as exc:  # told again with the next change
            context.log.warning("wanted_not_published", reason=exc.sentence)
        except StoreError as exc:
            context.log.warning("originals_wait", code=exc.code, reason=exc.sentence)
        except CairnError as exc:
            await context.publish_error(exc)
        await asyncio.sleep(_PAUSE_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_S):
                await context.signals.originals.wait()


async def _drop_previews(context: Context, kept: set[ImageId]) -> None:
    """Compare the previews beside their originals once more with these, and drop them.

    It happens after the receipts: a sender does not wait for it. What a crash interrupts is compared after the restart.

    Args:
        context: the project's.
        kept: the images of which it was said already that the preview stays, because the original cannot be read.
    """
    surplus = await asyncio.to_thread(context.store.previews.surplus)
    compared = [image for image in surplus if await _is_compared(context, image, kept)]
    if not compared:
        return
    async with context.signals.changing:  # while a manifest is made, the places in the photographs are read
        await asyncio.to_thread(context.store.previews.drop, compared)
    context.log.info("previews_dropped", count=len(compared))


async def _is_compared(context: Context, image: StoredImage, kept: set[ImageId]) -> bool:
    """Whether a preview was compared with its original; else the preview stays, and the log says once why."""
    try:
        with translating_defects(context.log, image=image.image_id):
            await check_preview(context, image)
    except (StoreError, MessageFailedError) as exc:
        if image.image_id not in kept:
            context.log.warning("preview_stays", image=image.image_id, code=exc.code, reason=exc.sentence)
        kept.add(image.image_id)
        return False
    kept.discard(image.image_id)
    return True


async def _revise_cameras(context: Context) -> None:
    """Record which cameras have their original now; the task that publishes revisions does the rest."""
    async with context.signals.changing:
        revised = await asyncio.to_thread(_with_facts, context)
        if revised is None:
            return
        await asyncio.to_thread(context.store.references.revise, revised)
    context.signals.revised.set()


def _with_facts(context: Context) -> ReferenceSet | None:
    store = context.store
    reference = store.references.present()
    return with_facts(reference, store.images()) if reference is not None else None


async def _tell_wanted(context: Context) -> None:
    awaited = await asyncio.to_thread(context.store.previews.awaited, MOST_WANTED)
    for sender, images in list(context.wanted.due(awaited)):
        await context.election.until_confirmed(context.delivery)
        message = Wanted(project=context.project, images=images)
        await context.delivery.publish(WANTED.outgoing(context.space, context.project, message, sender=sender))
        context.wanted.note_told(sender, images)
