"""Is this upload acceptable? Size, digest, then the photograph itself in a decoder process; what passes is stored."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from broker.contract import MAX_IMAGE_BYTES
from broker.errors import WRONG_DIGEST
from broker.ids import RIG_PREFIX, ImageId, ImageName, RequestId, SenderId, is_session_of_rig
from broker.messages import ReceiptStatus
from reconstructor.decoders.inspection import ImageRefusedError, ImageTooLargeError, Inspected
from reconstructor.intake.labels import label_of
from reconstructor.storage.images import NewImage, StoredImage
from reconstructor.storage.store import Store

Inspect = Callable[
    [bytes, bool], Awaitable[Inspected]
]  # of the bytes, and whether the image is new; raises ImageRefusedError


class EmptyImageError(ImageRefusedError):
    """The image has no bytes."""

    code = "empty_image"
    remedy = "Send the file again; it has no bytes."


class WrongDigestError(ImageRefusedError):
    """The bytes do not have the digest in the image id."""

    code = WRONG_DIGEST
    remedy = "Send the same bytes that the image id was made of."


class ForeignSessionError(ImageRefusedError):
    """The image id names a session of another sender."""

    code = "foreign_session"
    remedy = "Send it under a session of your own, or under any other name."


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Complete bytes of one image, sent whole or in pieces."""

    sender: SenderId
    name: ImageName
    payload: bytes
    captured_at: datetime | None = None
    file_name: str | None = None  # of the photographer
    capture_id: RequestId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A stored image whose receipt can be published."""

    status: ReceiptStatus
    image: StoredImage
    had_preview: bool = False  # it has its number already


async def take_in(upload: Upload, store: Store, inspect: Inspect) -> Taken:
    """Check an upload and store it; a duplicate is found before anything is decoded.

    Raises:
        ImageRefusedError: it is not acceptable.
        StoreError: the disk does not take it; the upload is not to be acknowledged.
    """
    digest = await asyncio.to_thread(_digest, upload)
    image_id = ImageId.from_name(upload.name, digest)
    if image_id.digest != digest[: len(image_id.digest)]:
        raise WrongDigestError(f"the bytes do not have the digest that {image_id} ends with: send the image again")
    known = await asyncio.to_thread(store.find, image_id, digest)
    if known is not None and known.has_original:
        return Taken(status=ReceiptStatus.DUPLICATE, image=known)
    if image_id == upload.name:  # of a label the session is only a label
        await asyncio.to_thread(check_session, store, upload.sender, image_id)
    inspected = await inspect(upload.payload, known is None)
    image = NewImage(
        image_id=image_id,
        sender=upload.sender,
        name=upload.name,
        sha256=digest,
        suffix=inspected.suffix,
        content_type=inspected.content_type,
        readable_suffix=inspected.readable.suffix if inspected.readable else None,
        readable=inspected.readable.content if inspected.readable else b"",
        width_px=inspected.width_px,
        height_px=inspected.height_px,
        received_at=datetime.now(UTC),
        captured_at=upload.captured_at,
        taken_at=inspected.taken_at,
        photographers_name=upload.file_name or (None if image_id == upload.name else label_of(upload.name)),
        capture_id=upload.capture_id,
    )
    stored, is_taken = await asyncio.to_thread(store.add_image, image, upload.payload)
    if not is_taken:
        return Taken(status=ReceiptStatus.DUPLICATE, image=stored)
    return Taken(status=ReceiptStatus.STORED, image=stored, had_preview=known is not None)


def check_session(store: Store, sender: SenderId, image_id: ImageId) -> None:
    """A session that begins like a rig's name is that rig's; any session belongs to who first stored an image of it.

    Raises:
        ForeignSessionError: the session is another sender's.
    """
    session = image_id.session
    is_anothers = session.startswith(RIG_PREFIX) and not is_session_of_rig(session, sender)
    if is_anothers or store.senders.owner_of(session) not in {None, sender}:
        raise ForeignSessionError(
            f"the session {session!r} is another sender's: send the image under one of your own, or under any other name"
        )


def _digest(upload: Upload) -> str:
    size = len(upload.payload)
    if size == 0:
        raise EmptyImageError("the message is empty: send the image's bytes")
    if size > MAX_IMAGE_BYTES:
        raise ImageTooLargeError(f"{size} bytes are above the limit of {MAX_IMAGE_BYTES}: reduce the image")
    return sha256(upload.payload).hexdigest()
