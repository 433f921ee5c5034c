"""The time in a photograph is the camera's own, with a time zone only where the camera says one."""

import io
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from reconstructor.decoders.inspection import DamagedImageError, Inspected, PixelLimits, inspect

PIXELS: Final = PixelLimits(reduced=1_000_000, full=1_000_000, side_px=2000)


def encoded(name: str, taken: object, offset: object = None, **options: Any) -> bytes:
    exif, tags, out = Image.Exif(), ImageFileDirectory_v2(), io.BytesIO()
    details: dict[int, object] = {Base.DateTimeOriginal: taken}
    if offset is not None:
        details[Base.OffsetTimeOriginal] = offset
    exif[Base.Model] = "DSC-1"
    exif.get_ifd(IFD.Exif).update(details)
    tags[IFD.Exif] = details
    image = Image.effect_noise((64, 48), 50).convert("RGB")
    image.save(out, name, **options, **({"tiffinfo": tags} if name == "TIFF" else {"exif": exif}))
    return out.getvalue()


def inspected(content: bytes) -> Inspected:
    return inspect(content, PIXELS)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_each_format_says_when_it_was_taken(name: str) -> None:
    taken_at = inspected(encoded(name, "2026:05:03 14:22:10")).taken_at
    assert taken_at == datetime(2026, 5, 3, 14, 22, 10)  # noqa: DTZ001 - a camera's clock


def test_a_compressed_tiff_still_decodes_after_its_exif_was_looked_for() -> None:
    out = io.BytesIO()
    Image.effect_noise((64, 48), 50).save(out, "TIFF", compression="tiff_adobe_deflate")
    found = inspected(out.getvalue())
    assert (found.width_px, found.taken_at) == (64, None)


def test_an_offset_makes_it_an_instant() -> None:
    found = inspected(encoded("JPEG", "2026:05:03 14:22:10", "+02:00")).taken_at
    assert found == datetime(2026, 5, 3, 12, 22, 10, tzinfo=UTC)
    assert found is not None
    assert found.tzinfo == timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    "taken", ["0000:00:00 00:00:00", "2026:13:40 25:00:00", "yesterday", "9999:01:01 00:00:00", b"\xff\0"]
)
def test_what_no_clock_shows_is_no_time(taken: object) -> None:
    assert inspected(encoded("JPEG", taken)).taken_at is None


def test_an_odd_offset_leaves_the_time_of_the_cameras_clock() -> None:
    found = inspected(encoded("JPEG", "2026:05:03 14:22:10", "summer")).taken_at
    assert found is not None
    assert found.tzinfo is None


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_cut_file_is_still_refused(name: str) -> None:
    content = encoded(name, "2026:05:03 14:22:10")
    with pytest.raises(DamagedImageError):
        inspected(content[: len(content) // 2 + 400] if name != "TIFF" else content[:-2000])


def test_photographs_without_exif_have_no_time() -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 48)).save(out, "JPEG")
    assert inspected(out.getvalue()).taken_at is None
