import io
from datetime import UTC, datetime

import pytest
from PIL import ExifTags, Image

from edge_agent.cameras.jpeg import NotAJpegError, Shot, huffman_tables, with_exif, with_huffman_tables
from tests.unit.edge_agent.photographs import bare_jpeg, without_tables

TAKEN_AT = datetime(2026, 11, 24, 9, 30, 5, 120_000, tzinfo=UTC)


def test_exif_tells_what_the_camera_knows_and_pixels_stay() -> None:
    jpeg = bare_jpeg()
    shot = Shot(
        make="Raspberry Pi",
        model="imx708",
        taken_at=TAKEN_AT,
        serial="s1",
        focal_length_mm=4.74,
        focal_length_35mm_mm=26.46,
        exposure_s=0.00125,
        iso=200,
    )
    image = Image.open(io.BytesIO(with_exif(jpeg, shot)))
    details = image.getexif().get_ifd(ExifTags.IFD.Exif)
    assert image.getexif()[ExifTags.Base.Model] == "imx708"
    assert details[ExifTags.Base.DateTimeOriginal] == "2026:11:24 09:30:05"
    assert details[ExifTags.Base.SubsecTimeOriginal] == "120"
    assert float(details[ExifTags.Base.FocalLength]) == pytest.approx(4.74, abs=1e-3)
    assert details[ExifTags.Base.FocalLengthIn35mmFilm] == 26
    assert float(details[ExifTags.Base.ExposureTime]) == pytest.approx(0.00125)
    assert image.tobytes() == Image.open(io.BytesIO(jpeg)).tobytes()


def test_unknown_things_are_left_out_of_exif() -> None:
    image = Image.open(io.BytesIO(with_exif(bare_jpeg(), Shot(make="USB", model="cam", taken_at=TAKEN_AT))))
    assert ExifTags.Base.FocalLength not in image.getexif().get_ifd(ExifTags.IFD.Exif)


def test_what_is_no_jpeg_gets_no_exif() -> None:
    with pytest.raises(NotAJpegError, match="another pixel format"):
        with_exif(b"YUYV", Shot(make="USB", model="cam", taken_at=TAKEN_AT))


def test_motion_jpeg_without_tables_becomes_readable() -> None:
    jpeg = bare_jpeg()
    stripped = without_tables(jpeg)
    assert len(jpeg) - len(stripped) == len(huffman_tables()) > 400
    completed = with_huffman_tables(stripped)
    assert Image.open(io.BytesIO(completed)).tobytes() == Image.open(io.BytesIO(jpeg)).tobytes()
    assert with_huffman_tables(jpeg) == jpeg
