"""How is a thumbnail made? Image processing that rig and reconstructor share: decode, turn upright, reduce, encode as JPEG."""

import io
from typing import Final

from PIL import ImageOps
from PIL.ExifTags import Base

from broker.contract import MAX_THUMBNAIL_BYTES, MAX_THUMBNAIL_PX
from broker.images.decoding import UndecodableImageError, translating_decoder_errors
from broker.images.eight_bits import UnusualPixelsError, as_rgb
from broker.images.opening import open_image

QUALITIES: Final = (80, 60, 40, 20)


def thumbnail(content: bytes) -> bytes | None:
    """A JPEG of at most 64 KB, upright, without EXIF; None when the photograph cannot be read."""
    try:
        with translating_decoder_errors(), open_image(content) as image:
            image.draft("RGB", (MAX_THUMBNAIL_PX, MAX_THUMBNAIL_PX))
            turned = as_rgb(image)
            turned.getexif()[Base.Orientation] = image.getexif().get(Base.Orientation, 1)
            small = ImageOps.exif_transpose(turned)
    except (UndecodableImageError, UnusualPixelsError):
        return None
    small.thumbnail((MAX_THUMBNAIL_PX, MAX_THUMBNAIL_PX))
    for quality in QUALITIES:
        out = io.BytesIO()
        small.save(out, "JPEG", quality=quality)
        if len(out.getvalue()) <= MAX_THUMBNAIL_BYTES:
            return out.getvalue()
    return None
