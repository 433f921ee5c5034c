"""How are thumbnails and photographs to look at made? Decode, turn upright, reduce, encode as JPEG within so many bytes."""

import io
from typing import Final

from broker.contract import MAX_THUMBNAIL_BYTES, MAX_THUMBNAIL_PX
from broker.images.decoding import UndecodableImageError, translating_decoder_errors
from broker.images.eight_bits import UnusualPixelsError, as_rgb
from broker.images.opening import open_image
from broker.images.orientation import orientation_of, upright

QUALITIES: Final = (80, 60, 40, 20)
_SMALLER: Final = 0.7  # of a side, when no quality fits


def thumbnail(content: bytes) -> bytes | None:
    """A JPEG of at most 320 px and 64 KB, upright, without EXIF; None when the photograph cannot be read."""
    return upright_jpeg(content, MAX_THUMBNAIL_PX, MAX_THUMBNAIL_BYTES)


def upright_jpeg(content: bytes, max_side_px: int, max_bytes: int) -> bytes | None:
    """An upright JPEG without EXIF, no larger than either limit; None when the photograph cannot be read."""
    try:
        with translating_decoder_errors(), open_image(content) as image:
            image.draft("RGB", (max_side_px, max_side_px))
            small = upright(as_rgb(image), orientation_of(image.getexif()))
    except (UndecodableImageError, UnusualPixelsError):
        return None
    side_px = float(max_side_px)
    while side_px >= 1:
        small.thumbnail((round(side_px), round(side_px)))
        for quality in QUALITIES:
            out = io.BytesIO()
            small.save(out, "JPEG", quality=quality)
            if out.tell() <= max_bytes:
                return out.getvalue()
        side_px *= _SMALLER
    return None
