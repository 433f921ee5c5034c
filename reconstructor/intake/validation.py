"""Is this upload acceptable? Size, digest, then the photograph itself in a decoder process; what passes is stored."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from broker.contract import MAX_IMAGE_BYTES
from broker.errors import WRONG_DIGEST
from broker.ids import ImageId, ImageName, SenderId
from broker.messages import ReceiptStatus
from reconstructor.decoders.inspection import ImageRefusedError, ImageTooLargeError, Inspected
from reconstructor.storage.images import NewImage, StoredImage
from reconstructor.storage.store import Store

Inspect = Callable[[bytes], Awaitable[Inspected]]  # raises ImageRefusedError


class EmptyImageError(ImageRefusedError):
    """The image has no bytes."""

    code = "empty_image"
    remedy = "Send the file again; it has no bytes."


class WrongDigestError(ImageRefusedError):
    """The bytes do not have the digest in the image id."""

    code = WRONG_DIGEST
    remedy = "Send the same bytes that the image id was made of."


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Complete bytes of one image, sent whole or in pieces."""

    sender: SenderId
    name: ImageName
    payload: bytes
    captured_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A stored image whose receipt can be published."""

    status: ReceiptStatus
    image: StoredImage


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
    if known is not None:
        return Taken(status=ReceiptStatus.DUPLICATE, image=known)
    inspected = await inspect(upload.payload)
    image = NewImage(
        image_id=image_id,
        sender=upload.sender,
        name=upload.name,
        sha256=digest,
        suffix=inspected.suffix,
        content_type=inspected.content_type,
        width_px=inspected.width_px,
        height_px=inspected.height_px,
        received_at=datetime.now(UTC),
        captured_at=upload.captured_at,
    )
    stored, is_new = await asyncio.to_thread(store.add_image, image, upload.payload)
    return Taken(status=ReceiptStatus.STORED if is_new else ReceiptStatus.DUPLICATE, image=stored)


def _digest(upload: Upload) -> str:
    size = len(upload.payload)
    if size == 0:
        raise EmptyImageError("the message is empty: send the image's bytes")
    if size > MAX_IMAGE_BYTES:
        raise ImageTooLargeError(f"{size} bytes are above the limit of {MAX_IMAGE_BYTES}: reduce the image")
    return sha256(upload.payload).hexdigest()
