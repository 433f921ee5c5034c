"""Is every photograph turned as its EXIF says, whatever else that says?"""

import struct

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.ExifTags import Base

from broker.images.orientation import orientation_of, upright

SHORT, ASCII, RATIONAL, UNDEFINED, FLOAT = 3, 2, 5, 7, 11


def exif_of(*fields: tuple[int, int, bytes]) -> Image.Exif:
    """EXIF of tags with their types and first values, of which none is longer than four bytes."""
    entries = b"".join(struct.pack("<HHI", tag, kind, 1) + value.ljust(4, b"\0") for tag, kind, value in fields)
    exif = Image.Exif()
    exif.load(b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(fields)) + entries + bytes(4))
    return exif


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_turns_it(orientation: int) -> None:
    image = Image.fromarray(np.arange(6 * 4 * 3, dtype=np.uint8).reshape(4, 6, 3))
    exif = exif_of((Base.Orientation, SHORT, struct.pack("<H", orientation)))
    turned = upright(image, orientation_of(exif))
    image.getexif()[Base.Orientation] = orientation
    assert np.array_equal(np.asarray(turned), np.asarray(ImageOps.exif_transpose(image)))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ASCII, b"x\0"),
        (UNDEFINED, b"\0"),
        (FLOAT, struct.pack("<f", float("nan"))),
        (FLOAT, struct.pack("<f", float("inf"))),
        (RATIONAL, b""),
        (SHORT, struct.pack("<H", 0)),
        (SHORT, struct.pack("<H", 9)),
    ],
)
def test_what_is_no_orientation_turns_nothing(kind: int, value: bytes) -> None:
    assert orientation_of(exif_of((Base.Orientation, kind, value))) == 1
    assert orientation_of(Image.Exif()) == 1
