"""What happens to a preview? It is checked like an image, numbered and queued; its original takes its place later."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

from broker.accounts.audit import Action
from broker.channel import Match
from broker.contract import MAX_PREVIEW_BYTES
from broker.delivery import Incoming
from broker.errors import CairnError
from broker.ids import ImageId, ImageName, SenderId
from broker.messages import ReceiptStatus, UploadAcknowledged
from reconstructor.context import Context
from reconstructor.decoders.inspection import ImageRefusedError, Inspected, PixelLimits
from reconstructor.disk import note_room, wait_for_disk
from reconstructor.gaps import Gaps
from reconstructor.intake.receipts import receipt_of, rejection, send_receipt, upload_of
from reconstructor.intake.validation import ForeignSessionError, Taken, Upload, check_session
from reconstructor.quotas import QuotaExceededError
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.images import NewImage, StoredImage
from reconstructor.storage.store import Store

Inspect = Callable[[bytes], Awaitable[Inspected]]

_CONTENT_TYPES = frozenset({"image/webp", "image/jpeg"})


class BadPreviewError(ImageRefusedError):
    """A preview that is none."""

    code = "bad_preview"
    remedy = "Nothing: the photograph is sent without a preview. docs/wire.md says what a preview is."


class PreviewsNotTakenError(CairnError):
    """The black box takes no previews, or is not loaded yet."""

    code = "previews_not_taken"
    remedy = "Nothing: the photograph is sent without a preview. `reconstructor/state` says whether previews are taken."


class PreviewKnownError(CairnError):
    """A preview of the same photograph came under another id."""

    code = "preview_known"
    remedy = "Nothing: the photograph is sent without a preview."


async def receive_preview(context: Context, gaps: Gaps, found: Match, message: Incoming) -> None:
    """Process one preview and answer it; raises what `Delivery.publish` raises."""
    upload = upload_of(found.sender, ImageName(found.image_id), message.payload, message)
    await send_receipt(context, gaps, found.sender, await _receipt_for(context, upload))


async def _receipt_for(context: Context, upload: Upload) -> UploadAcknowledged:
    """Store a preview and return its receipt; while the disk is full, wait without acknowledging."""
    while True:
        try:
            image, is_new = await take_preview(upload, context.store, partial(_inspect, context, upload.sender))
        except (ForeignSessionError, QuotaExceededError) as exc:  # the photograph itself would hear the same
            return await rejection(context, upload.sender, upload.name, exc)
        except (ImageRefusedError, PreviewsNotTakenError, PreviewKnownError) as exc:
            return preview_refusal(context, upload.sender, upload.name, exc)
        except StoreError as exc:
            await wait_for_disk(context, exc)
        else:
            break
    if image.has_original:
        return await receipt_of(context, upload.name, Taken(status=ReceiptStatus.DUPLICATE, image=image))
    if is_new:
        await _note_new(context, image, len(upload.payload))
    return UploadAcknowledged(
        project=context.project,
        status=ReceiptStatus.PREVIEWED,
        image_name=upload.name,
        image_id=image.image_id,
        image_number=image.number,
    )


def preview_refusal(context: Context, sender: SenderId, name: ImageName, exc: CairnError) -> UploadAcknowledged:
    """The receipt of a preview that is not taken; its photograph is still to be sent."""
    context.log.warning("preview_refused", sender=sender, image=name, code=exc.code, reason=exc.sentence)
    return UploadAcknowledged(
        project=context.project,
        status=ReceiptStatus.PREVIEW_REFUSED,
        image_name=name,
        code=exc.code,
        reason=exc.sentence[:2000],
    )


async def take_preview(upload: Upload, store: Store, inspect: Inspect) -> tuple[StoredImage, bool]:
    """Check a preview and store it; returns the image, and whether it is new. A known one is not looked at again.

    Raises:
        ImageRefusedError: it is not acceptable.
        PreviewKnownError: its photograph is awaited under another id.
        StoreError: the disk does not take it; it is not to be acknowledged.
    """
    image_id, size = ImageId(upload.name), len(upload.payload)
    await asyncio.to_thread(check_session, store, upload.sender, image_id)
    known = await asyncio.to_thread(store.find_previewed, image_id)
    if known is not None:
        return _under(image_id, known), False
    if not 0 < size <= MAX_PREVIEW_BYTES:
        raise BadPreviewError(f"a preview has 1 to {MAX_PREVIEW_BYTES} bytes, not {size}")
    inspected = await inspect(upload.payload)
    preview = NewImage(
        image_id=image_id,
        sender=upload.sender,
        name=str(image_id),
        sha256=None,
        suffix=inspected.suffix,
        content_type=inspected.content_type,
        width_px=inspected.width_px,
        height_px=inspected.height_px,
        received_at=datetime.now(UTC),
        captured_at=upload.captured_at,
        taken_at=inspected.taken_at,
        photographers_name=upload.file_name,
        capture_id=upload.capture_id,
    )
    stored, is_new = await asyncio.to_thread(store.add_preview, preview, upload.payload)
    return _under(image_id, stored), is_new


def _under(image_id: ImageId, known: StoredImage) -> StoredImage:
    if not known.has_original and known.image_id != image_id:
        raise PreviewKnownError(f"{known.image_id} has the same digest: send the photograph itself")
    return known


async def _inspect(context: Context, sender: SenderId, content: bytes) -> Inspected:
    """What a decoder process finds.

    Raises:
        PreviewsNotTakenError: nobody would read it.
        QuotaExceededError: the sender may not send more now.
        ImageRefusedError: it is no preview.
    """
    if not context.takes_previews:
        raise PreviewsNotTakenError("the black box takes no previews, or is not loaded yet: send the photograph itself")
    context.quotas.check(sender, len(content))
    context.quotas.note_tried(sender)
    side_px = context.settings.preview_max_side_px
    limits = PixelLimits(reduced=side_px**2, full=side_px**2, side_px=side_px)
    inspected = await context.decoders.inspect(content, limits)
    if inspected.content_type not in _CONTENT_TYPES:
        raise BadPreviewError(f"a preview is WebP or JPEG, not {inspected.content_type}")
    likeness = await context.decoders.likeness(content)
    if likeness is None or likeness.native_px == likeness.stored_px:
        raise BadPreviewError("its EXIF does not tell the photograph's size: set PixelXDimension and PixelYDimension")
    return inspected


async def _note_new(context: Context, image: StoredImage, size_bytes: int) -> None:
    context.quotas.note_stored(image.sender, size_bytes)
    context.log.info("preview_stored", sender=image.sender, image=image.image_id, number=image.number)
    await context.note(Action.UPLOADED, image.sender, image=image.image_id, number=image.number, preview=True)
    context.signals.note_new_image()
    await note_room(context)
