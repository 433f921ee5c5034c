"""How many pixels had a photograph before it was reduced? Its EXIF says so (PixelXDimension, PixelYDimension).

A preview and its original then have one camera, and intrinsics that are given in pixels of the original fit both.
"""

from typing import Final

from PIL import Image
from PIL.ExifTags import IFD, Base

Size = tuple[int, int]

_MOST_SIDE_PX: Final = 65_535  # of a JPEG; a file may claim more
_ROUNDING_PX: Final = 1.0


def native_size(exif: Image.Exif, stored: Size) -> Size:
    """Width and height in pixels before EXIF orientation; those of the file, `stored`, unless it is a reduced copy.

    It is one if EXIF names no fewer pixels, and both sides are reduced alike, up to a pixel of the copy.
    """
    details = exif.get_ifd(IFD.Exif)
    native = details.get(Base.ExifImageWidth), details.get(Base.ExifImageHeight)
    width, height = native
    if not (isinstance(width, int) and isinstance(height, int)) or max(width, height) > _MOST_SIDE_PX:
        return stored
    if width < stored[0] or height < stored[1]:
        return stored
    reduction = max(stored) / max(width, height)
    is_alike = all(
        abs(side * reduction - seen) <= _ROUNDING_PX for side, seen in zip((width, height), stored, strict=True)
    )
    return (width, height) if is_alike else stored
