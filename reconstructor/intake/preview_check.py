"""Did the preview show its original? Both are compared when the original is there; if not, an event says so."""

import asyncio
import contextlib

from broker.errors import CairnError
from reconstructor.context import BROKER_ERRORS, Context
from reconstructor.defects import MessageFailedError
from reconstructor.storage.images import StoredImage
from reconstructor.viewing.thumbnails import publish_thumbnail


class PreviewDoesNotFitError(CairnError):
    """A preview that shows something else than its original."""

    code = "preview_does_not_fit"
    remedy = "Nothing: the preview is dropped and the original counts. Look for a defect in the program that made it."


async def check_preview(context: Context, image: StoredImage) -> None:
    """Compare a preview with its original, both stored; an `error` event and a new thumbnail when it does not fit."""
    preview = await asyncio.to_thread(context.store.previews.content, image)
    if preview is None:
        return
    original = await asyncio.to_thread(context.store.content, image.number)
    shown, wanted = await context.decoders.likeness(preview), await context.decoders.likeness(original)
    if shown is None or wanted is None:
        return
    reason = shown.misfit(wanted)
    if not reason:
        return
    failed = PreviewDoesNotFitError(f"the preview of {image.image_id} does not fit its original: {reason}")
    await context.publish_error(failed, image_id=image.image_id)
    with contextlib.suppress(MessageFailedError, *BROKER_ERRORS):
        await publish_thumbnail(context, image)
