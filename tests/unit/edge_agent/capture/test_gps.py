import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from edge_agent.capture.gps import without_gps
from tests.unit.edge_agent.photographs import drawn, encoded


def test_the_place_goes_and_everything_else_stays() -> None:
    content = encoded(drawn(1), has_gps=True)
    cleaned = without_gps(content)
    before, after = (Image.open(io.BytesIO(each)) for each in (content, cleaned))
    assert before.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert not after.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert after.getexif()[ExifTags.Base.Make] == "Cairn"
    assert after.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] == 28
    assert before.tobytes() == after.tobytes()


def test_a_photograph_without_a_place_is_not_touched() -> None:
    content = encoded(drawn(1))
    assert without_gps(content) == content


def test_xmp_goes_too_because_it_may_repeat_the_place() -> None:
    xmp = b"http://ns.adobe.com/xap/1.0/\0<exif:GPSLatitude>48,12N</exif:GPSLatitude>"
    segment = b"\xff\xe1" + (len(xmp) + 2).to_bytes(2, "big") + xmp
    content = encoded(drawn(1))
    assert without_gps(content[:2] + segment + content[2:]) == content


def test_exif_that_cannot_be_read_goes_rather_than_give_a_place_away() -> None:
    body = b"Exif\0\0" + b"MM\0\x2a\xff\xff\xff\xff"
    segment = b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
    content = encoded(drawn(1))
    cleaned = without_gps(content[:2] + segment + content[2:])
    assert Image.open(io.BytesIO(cleaned)).tobytes() == Image.open(io.BytesIO(content)).tobytes()


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF"])
def test_png_webp_and_tiff_lose_the_place_and_no_pixel(image_format: str) -> None:
    content = encoded(drawn(1), has_gps=True, image_format=image_format)
    cleaned = without_gps(content)
    before, after = (Image.open(io.BytesIO(each)) for each in (content, cleaned))
    assert before.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert not after.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert after.getexif()[ExifTags.Base.Make] == "Cairn"
    assert after.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] == 28
    assert before.tobytes() == after.tobytes()
    assert rational(48, 1) in content
    assert rational(48, 1) not in cleaned  # the numbers are gone, not only the pointer to them
    assert len(cleaned) == len(content)


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF"])
def test_xmp_of_other_formats_goes_too(image_format: str) -> None:
    xmp = b"<exif:GPSLatitude>48,12N</exif:GPSLatitude>" + b" " * 20
    out = io.BytesIO()
    if image_format == "PNG":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        drawn(1).save(out, "PNG", pnginfo=text)
    elif image_format == "WEBP":
        drawn(1).save(out, "WEBP", xmp=xmp)
    else:
        drawn(1).save(out, "TIFF", tiffinfo={700: xmp})
    cleaned = without_gps(out.getvalue())
    assert b"GPSLatitude" in out.getvalue()
    assert b"GPSLatitude" not in cleaned
    assert Image.open(io.BytesIO(cleaned)).tobytes() == Image.open(out).tobytes()


@pytest.mark.parametrize("is_big", [False, True])
def test_every_page_of_a_tiff_is_cleaned_also_of_a_big_one(is_big: bool) -> None:
    pages = [drawn(seed) for seed in (1, 2)]
    place = TiffImagePlugin.ImageFileDirectory_v2()
    place[ExifTags.IFD.GPSInfo] = {int(ExifTags.GPS.GPSLatitude): (48.0, 12.0, 30.0)}
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], tiffinfo=place, big_tiff=is_big)
    cleaned = Image.open(io.BytesIO(without_gps(out.getvalue())))
    assert out.getvalue()[:4] == (b"II+\0" if is_big else b"II*\0")
    original = Image.open(out)
    for page in range(2):
        cleaned.seek(page)
        original.seek(page)
        assert original.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        assert not cleaned.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        assert cleaned.tobytes() == pages[page].tobytes()


@given(st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF"]), st.integers(0, 400), st.integers(0, 255))
def test_damaged_files_never_stop_the_rig(image_format: str, place: int, value: int) -> None:
    content = bytearray(encoded(drawn(1, side_px=16), has_gps=True, image_format=image_format))
    content[place % len(content)] = value
    without_gps(bytes(content))  # must not raise
    without_gps(bytes(content[:place]))  # must not raise


def test_a_gps_directory_that_points_to_itself_is_erased_and_stops_nothing() -> None:
    def directory(target: int) -> bytes:
        return struct.pack("<HHHIII", 1, 0x8825, 4, 1, target, 0)

    tiff = b"II*\0" + struct.pack("<I", 8) + directory(26) + directory(26)
    assert without_gps(tiff) == tiff[:8] + bytes(2 * 18)


def rational(numerator: int, denominator: int) -> bytes:
    """As the latitude's degrees stand in a file of Pillow's."""
    return struct.pack("<II", numerator, denominator)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe1", b"\x89PNG", b"\xff\xd8\xff\xe1\xff\xff12"])
def test_stumps_and_other_formats_come_back_whole(content: bytes) -> None:
    assert without_gps(content) == content
