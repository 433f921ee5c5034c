"""What does a sender hear back? Receipts, and gaps in its count."""

import asyncio
import contextlib
from datetime import datetime
from functools import partial
from typing import Final

from broker.accounts.audit import Action
from broker.contract import CAPTURE_ID_PROPERTY, CAPTURED_AT_PROPERTY, MISSING, RECEIPT
from broker.delivery import Incoming
from broker.envelope import checked_instant
from broker.errors import CairnError
from broker.ids import BadIdError, ImageName, RequestId, SenderId
from broker.messages import Missing, ReceiptStatus, UploadAcknowledged
from reconstructor.context import BROKER_ERRORS, Context
from reconstructor.decoders.inspection import ImageRefusedError, Inspected
from reconstructor.disk import note_room, wait_for_disk
from reconstructor.gaps import Gaps
from reconstructor.intake.labels import file_name_of
from reconstructor.intake.validation import Taken, Upload, take_in
from reconstructor.quotas import QuotaExceededError
from reconstructor.storage.durable_files import StoreError

GAP_LOOK_S: Final = 5.0


def captured_at(message: Incoming) -> datetime | None:
    """When the sender says the image was taken; None when the property is missing or no instant with a time zone."""
    said = dict(message.user_properties).get(CAPTURED_AT_PROPERTY, "")
    try:
        return checked_instant(datetime.fromisoformat(said))
    except ValueError:
        return None


def capture_id_of(message: Incoming) -> RequestId | None:
    """The id that images share which several rigs took at one instant; None without one, or when it is no id."""
    try:
        return RequestId(dict(message.user_properties).get(CAPTURE_ID_PROPERTY, ""))
    except BadIdError:
        return None


def upload_of(sender: SenderId, name: ImageName, content: bytes, message: Incoming) -> Upload:
    """An upload's bytes with what the message says of them."""
    return Upload(
        sender=sender,
        name=name,
        payload=content,
        captured_at=captured_at(message),
        file_name=file_name_of(message),
        capture_id=capture_id_of(message),
    )


async def receipt_for(context: Context, upload: Upload) -> UploadAcknowledged:
    """Store an upload and return its receipt; while the disk is full, wait without acknowledging."""
    while True:
        try:
            taken = await take_in(upload, context.store, partial(_inspect_within_quotas, context, upload.sender))
        except (ImageRefusedError, QuotaExceededError) as exc:
            return await rejection(context, upload.sender, upload.name, exc)
        except StoreError as exc:
            await wait_for_disk(context, exc)
        else:
            break
    if taken.status is ReceiptStatus.STORED:
        context.quotas.note_stored(upload.sender, len(upload.payload), is_new=not taken.had_preview)
    return await receipt_of(context, upload.name, taken)


async def _inspect_within_quotas(context: Context, sender: SenderId, content: bytes, is_new: bool) -> Inspected:
    context.quotas.check(sender, len(content), is_new=is_new)
    context.quotas.note_tried(sender)
    return await context.decoders.inspect(content)


async def receipt_of(context: Context, name: ImageName, taken: Taken) -> UploadAcknowledged:
    """The receipt of a stored image; a new image wakes the tasks that work on it."""
    image = taken.image
    if taken.status is ReceiptStatus.STORED:
        context.log.info("image_stored", sender=image.sender, image=image.image_id, number=image.number)
        await context.note(Action.UPLOADED, image.sender, image=image.image_id, number=image.number)
        context.signals.note_new_image()
        await note_room(context)
    return UploadAcknowledged(
        project=context.project,
        status=taken.status,
        image_name=name,
        image_id=image.image_id,
        image_number=image.number,
        sha256=image.sha256,
    )


async def rejection(context: Context, sender: SenderId, name: ImageName, exc: CairnError) -> UploadAcknowledged:
    """The receipt of an image that is not taken."""
    context.log.warning("image_rejected", sender=sender, image=name, code=exc.code, reason=exc.sentence)
    retry_at = exc.retry_at if isinstance(exc, QuotaExceededError) else None
    if retry_at is None:
        with contextlib.suppress(StoreError):  # a full disk prevents counting, not the receipt
            await asyncio.to_thread(context.store.count_rejected)
            await asyncio.to_thread(context.store.previews.note_refused, sender, name, exc.code)
        context.signals.originals.set()
    return UploadAcknowledged(
        project=context.project,
        status=ReceiptStatus.REJECTED,
        image_name=name,
        code=exc.code,
        reason=exc.sentence[:2000],
        retry_at=retry_at,
    )


async def send_receipt(context: Context, gaps: Gaps, sender: SenderId, receipt: UploadAcknowledged) -> None:
    """Publish a receipt; raises what `Delivery.publish` raises."""
    gaps.note(sender, receipt.image_name)
    outgoing = RECEIPT.outgoing(context.space, context.project, receipt, sender=sender, image_name=receipt.image_name)
    await context.delivery.publish(outgoing)


async def ask_for_gaps(context: Context, gaps: Gaps) -> None:
    """Tell senders at intervals which images of a session never came, until cancelled."""
    for image in await asyncio.to_thread(context.store.images):
        if image.image_id.sequence:  # else it bears a label, no session
            gaps.note(image.sender, image.image_id)
    while True:
        await asyncio.sleep(min(GAP_LOOK_S, context.settings.gap_wait_s / 2))
        for sender, sequences in gaps.due():
            context.log.warning(
                "sequences_missing", sender=sender, session=sequences.session, count=len(sequences.sequences)
            )
            message = Missing(project=context.project, sequences=(sequences,))
            try:
                await context.delivery.publish(MISSING.outgoing(context.space, context.project, message, sender=sender))
            except BROKER_ERRORS as exc:  # asked again later
                context.log.warning("missing_not_published", sender=sender, reason=exc.sentence)
