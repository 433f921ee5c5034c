"""What is missing in the JPEGs of bare cameras? EXIF and, with USB, the Huffman tables; both are inserted."""

import io
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from typing import Final

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from edge_agent.cameras.camera import CameraError

START: Final = b"\xff\xd8"
TABLES_MARKER: Final = b"\xff\xc4"
SCAN_MARKER: Final = b"\xff\xda"
EXIF_MARK: Final = b"Exif\0\0"
SEGMENT_HEAD_BYTES: Final = 4


class NotAJpegError(CameraError):
    """Data of a device that are no JPEG although it announced one."""

    code = "camera_bad_data"
    remedy = "Choose another format or size for the camera."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """The data of one photograph that EXIF takes."""

    make: str
    model: str
    taken_at: datetime
    serial: str | None = None
    focal_length_mm: float | None = None
    focal_length_35mm_mm: float | None = None
    exposure_s: float | None = None
    iso: int | None = None


def with_exif(jpeg: bytes, shot: Shot) -> bytes:
    """Write EXIF into a JPEG that has none; pixels and tables stay as they are.

    Raises:
        NotAJpegError: the bytes do not begin like a JPEG.
    """
    if not jpeg.startswith(START):
        raise NotAJpegError("the camera delivered no JPEG: choose another pixel format")
    body = _exif_body(shot)
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return START + segment + jpeg[len(START) :]


def with_huffman_tables(frame: bytes) -> bytes:
    """Complete a motion-JPEG image to a JPEG that every program reads."""
    scan = frame.find(SCAN_MARKER)
    if scan < 0 or TABLES_MARKER in frame[:scan]:
        return frame
    return frame[:scan] + huffman_tables() + frame[scan:]


@cache
def huffman_tables() -> bytes:
    """The standard tables (ISO/IEC 10918-1, annex K.3), as libjpeg writes them without optimisation."""
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG", optimize=False)
    jpeg, tables, place = out.getvalue(), b"", len(START)
    while jpeg[place : place + 2] != SCAN_MARKER:
        end = place + 2 + int.from_bytes(jpeg[place + 2 : place + SEGMENT_HEAD_BYTES], "big")
        if jpeg[place : place + 2] == TABLES_MARKER:
            tables += jpeg[place:end]
        place = end
    return tables


def _exif_body(shot: Shot) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = shot.make, shot.model
    taken_at = shot.taken_at.astimezone(UTC)
    exif[ExifTags.Base.DateTime] = f"{taken_at:%Y:%m:%d %H:%M:%S}"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = f"{taken_at:%Y:%m:%d %H:%M:%S}"
    details[ExifTags.Base.SubsecTimeOriginal] = f"{taken_at.microsecond // 1000:03d}"
    details[ExifTags.Base.OffsetTimeOriginal] = "+00:00"
    if shot.serial:
        details[ExifTags.Base.BodySerialNumber] = shot.serial
    if shot.focal_length_mm:
        details[ExifTags.Base.FocalLength] = shot.focal_length_mm
    if shot.focal_length_35mm_mm:
        details[ExifTags.Base.FocalLengthIn35mmFilm] = round(shot.focal_length_35mm_mm)
    if shot.exposure_s:
        exact = Fraction(shot.exposure_s).limit_denominator(1_000_000)
        details[ExifTags.Base.ExposureTime] = IFDRational(exact.numerator, exact.denominator)
    if shot.iso:
        details[ExifTags.Base.ISOSpeedRatings] = shot.iso
    body = exif.tobytes()
    return body if body.startswith(EXIF_MARK) else EXIF_MARK + body
