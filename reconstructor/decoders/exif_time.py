"""When was a photograph taken? DateTimeOriginal of its EXIF: by the camera's clock, with a time zone if the camera says one."""

import contextlib
import re
from datetime import datetime
from typing import Final

from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.TiffImagePlugin import TiffImageFile

from broker.envelope import LAST_YEAR
from broker.images.decoding import UndecodableImageError, translating_decoder_errors

_TIME: Final = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
_OFFSET: Final = re.compile(r"[+-]\d\d:\d\d")
_FIRST_YEAR: Final = 1827  # of the first photograph; a camera without a clock says year 0


def taken_at(opened: Image.Image) -> datetime | None:
    """The time in a photograph's EXIF; without a time zone where there is no offset, None where there is no time.

    Args:
        opened: the image before its pixels are decoded; a TIFF must still have its file. EXIF behind a PNG's pixels is
            not read: it would decode them.
    """
    if "exif" not in opened.info and not isinstance(opened, TiffImageFile):
        return None
    with contextlib.suppress(UndecodableImageError, ValueError), translating_decoder_errors():
        details = opened.getexif().get_ifd(IFD.Exif)
        said, offset = _text(details.get(Base.DateTimeOriginal)), _text(details.get(Base.OffsetTimeOriginal))
        found = _TIME.fullmatch(said)
        if found is not None and _FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
            zone = offset if _OFFSET.fullmatch(offset) else ""
            return datetime.fromisoformat(f"{found[1]}-{found[2]}-{found[3]}T{found[4]}{zone}")
    return None


def _text(value: object) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")
