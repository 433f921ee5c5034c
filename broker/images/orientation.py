"""How is a photograph turned upright? As its EXIF says, and without writing that EXIF again.

Pillow's `ImageOps.exif_transpose` encodes the whole EXIF for the turned image. That fails with a TypeError, struct.error or
AttributeError when one field has an odd type, such as text where a number belongs.
"""

from typing import Final

from PIL import Image
from PIL.ExifTags import Base

_STORED_UPRIGHT: Final = 1
_TURN_BY_ORIENTATION: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(exif: Image.Exif) -> int:
    """EXIF's orientation, 1 to 8; 1 (upright as stored) when it says nothing, or nothing that is an orientation."""
    try:
        orientation = int(exif.get(Base.Orientation, _STORED_UPRIGHT))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return _STORED_UPRIGHT
    return orientation if orientation in _TURN_BY_ORIENTATION else _STORED_UPRIGHT


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The image turned as an orientation of 1 to 8 asks; with 1 the very same image."""
    turn = _TURN_BY_ORIENTATION.get(orientation)
    return image if turn is None else image.transpose(turn)
