import io

import pytest
from PIL import ExifTags, Image

from edge_agent.gps import without_gps
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


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe1", b"\x89PNG", b"\xff\xd8\xff\xe1\xff\xff12"])
def test_stumps_and_other_formats_come_back_whole(content: bytes) -> None:
    assert without_gps(content) == content
