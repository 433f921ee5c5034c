"""How is a place kept secret? GPS is taken out of a JPEG without touching a pixel: looters read EXIF too."""

import struct
import warnings
from collections.abc import Iterator
from typing import Final

from PIL import ExifTags, Image

START, SCAN, EXIF_SEGMENT = b"\xff\xd8", 0xDA, 0xE1
EXIF_MARK: Final = b"Exif\0\0"
XMP_MARKS: Final = (b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0")
LONGEST_SEGMENT: Final = 65_533


def without_gps(content: bytes) -> bytes:
    """Drops the GPS part of a JPEG's EXIF and its XMP, which may repeat it; other formats come back as they are."""
    if not content.startswith(START):
        return content
    kept = [START]
    for marker, segment in _segments(content):
        if marker == EXIF_SEGMENT and segment[4:].startswith(XMP_MARKS):
            continue
        is_exif = marker == EXIF_SEGMENT and segment[4:].startswith(EXIF_MARK)
        kept.append(_exif_without_gps(segment) if is_exif else segment)
    return b"".join(kept)


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The segments before the scan, each with its marker; the scan and all behind it as the last."""
    place = len(START)
    while place + 4 <= len(content) and content[place] == START[0]:
        marker, length = content[place + 1], struct.unpack(">H", content[place + 2 : place + 4])[0]
        if marker == SCAN:
            break
        yield marker, content[place : place + 2 + length]
        place += 2 + length
    yield SCAN, content[place:]


def _exif_without_gps(segment: bytes) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of EXIF that it reads in part
            exif = Image.Exif()
            exif.load(segment[4:])
            if ExifTags.IFD.GPSInfo not in exif:
                return segment
            del exif[ExifTags.IFD.GPSInfo]
            body = exif.tobytes()
    except (OSError, SyntaxError, ValueError, struct.error, TypeError, KeyError, Warning):
        return b""  # what cannot be read cannot be cleaned: rather no EXIF than a place given away
    body = body if body.startswith(EXIF_MARK) else EXIF_MARK + body
    if len(body) > LONGEST_SEGMENT:
        return b""
    return bytes([START[0], EXIF_SEGMENT]) + struct.pack(">H", len(body) + 2) + body
