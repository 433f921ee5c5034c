"""How does an image arrive in pieces? Begin, pieces, end: each is answered with what is missing, or a receipt."""

import asyncio

from broker.channel import Match
from broker.contract import MAX_IMAGE_BYTES, MAX_PIECE_BYTES, MISSING, UPLOAD_BEGIN, UPLOAD_PIECE
from broker.delivery import Incoming
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ImageId, ImageName, SenderId
from broker.messages import (
    ByteRange,
    Missing,
    MissingPieces,
    ReceiptStatus,
    UploadAcknowledged,
    UploadBegin,
    UploadEnd,
)
from reconstructor.context import Context
from reconstructor.decoders.inspection import ImageRefusedError, ImageTooLargeError
from reconstructor.disk import wait_for_disk
from reconstructor.gaps import Gaps
from reconstructor.intake.receipts import receipt_for, receipt_of, rejection, send_receipt, upload_of
from reconstructor.intake.validation import Taken, WrongDigestError, check_session
from reconstructor.quotas import QuotaExceededError
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.partial_uploads import BadPieceError, TornUploadError


class WrongUploadError(CairnError):
    """The topic names one image and the payload another."""

    code = "wrong_upload"
    remedy = "Send the same image id in topic and payload."


async def receive_upload(context: Context, gaps: Gaps, found: Match, incoming: Incoming) -> None:
    """Process one message of an upload; raises what `Delivery.publish` raises, and CairnError for a bad message."""
    sender, image_id = found.sender, found.image_id
    if found.channel is UPLOAD_PIECE:
        await _put(context, sender, image_id, found.offset, incoming.payload)
        return
    is_begin = found.channel is UPLOAD_BEGIN
    message = decode(incoming.payload, UploadBegin) if is_begin else decode(incoming.payload, UploadEnd)
    if message.image_id != image_id:
        raise WrongUploadError(f"the topic names {image_id} and the payload {message.image_id}")
    receipt = await _begin(context, sender, message)
    if receipt is None and isinstance(message, UploadEnd):
        receipt = await _end(context, sender, image_id, incoming)
    if receipt is not None:
        if receipt.retry_at is None:  # else its pieces wait, and need not be sent again
            await asyncio.to_thread(context.store.partial_uploads.close, sender, image_id)
        await send_receipt(context, gaps, sender, receipt)


async def _begin(context: Context, sender: SenderId, message: UploadBegin | UploadEnd) -> UploadAcknowledged | None:
    """Announce an image and publish what is missing, or return the receipt if it is stored or refused already.

    An `end` message has all that `begin` has, in case that one was lost.
    """
    name = ImageName(message.image_id)
    try:
        _check(message)
        known = await asyncio.to_thread(context.store.find, message.image_id, message.sha256)
        if known is not None and known.has_original:
            return await receipt_of(context, name, Taken(status=ReceiptStatus.DUPLICATE, image=known))
        await asyncio.to_thread(check_session, context.store, sender, message.image_id)
        context.quotas.check(sender, message.size_bytes, is_new=known is None)
    except (ImageRefusedError, QuotaExceededError) as exc:
        return await rejection(context, sender, name, exc)
    begin = UploadBegin(
        project=context.project,
        image_id=message.image_id,
        content_type="application/octet-stream",
        size_bytes=message.size_bytes,
        piece_bytes=MAX_PIECE_BYTES,
        sha256=message.sha256,
    )
    ranges = await _open(context, sender, begin)
    if ranges or isinstance(message, UploadBegin):
        await _tell_missing(context, sender, message.image_id, ranges)
    return None


async def _open(context: Context, sender: SenderId, begin: UploadBegin) -> tuple[ByteRange, ...]:
    while True:
        try:
            await asyncio.to_thread(context.store.check_room, begin.size_bytes)
            return await asyncio.to_thread(context.store.partial_uploads.open, sender, begin)
        except StoreError as exc:
            await wait_for_disk(context, exc)


async def _put(context: Context, sender: SenderId, image_id: ImageId, offset: int, piece: bytes) -> None:
    if len(piece) > MAX_PIECE_BYTES:
        raise BadPieceError(f"a piece of {len(piece)} bytes is above the limit of {MAX_PIECE_BYTES}: cut smaller")
    while True:
        try:
            await asyncio.to_thread(context.store.check_room, len(piece))
            is_expected = await asyncio.to_thread(context.store.partial_uploads.put, sender, image_id, offset, piece)
        except StoreError as exc:
            await wait_for_disk(context, exc)
        else:
            break
    if not is_expected:
        context.log.info("piece_ignored", sender=sender, image=image_id, offset=offset)


async def _end(context: Context, sender: SenderId, image_id: ImageId, end: Incoming) -> UploadAcknowledged | None:
    partial_uploads = context.store.partial_uploads
    if await asyncio.to_thread(partial_uploads.missing, sender, image_id):
        return None  # told already
    try:
        content = await asyncio.to_thread(partial_uploads.whole, sender, image_id)
    except TornUploadError as exc:
        context.log.warning("upload_torn", sender=sender, image=image_id, reason=exc.sentence)
        await _tell_missing(
            context, sender, image_id, await asyncio.to_thread(partial_uploads.missing, sender, image_id)
        )
        return None
    return await receipt_for(context, upload_of(sender, ImageName(image_id), content, end))


async def _tell_missing(context: Context, sender: SenderId, image_id: ImageId, ranges: tuple[ByteRange, ...]) -> None:
    pieces = MissingPieces(image_id=image_id, ranges=ranges)
    message = Missing(project=context.project, pieces=(pieces,))
    await context.delivery.publish(MISSING.outgoing(context.space, context.project, message, sender=sender))


def _check(message: UploadBegin | UploadEnd) -> None:
    if message.size_bytes > MAX_IMAGE_BYTES:
        raise ImageTooLargeError(
            f"{message.size_bytes} bytes are above the limit of {MAX_IMAGE_BYTES}: reduce the image"
        )
    if message.image_id.digest != message.sha256[: len(message.image_id.digest)]:
        raise WrongDigestError(f"{message.sha256} is not the digest that {message.image_id} ends with")
