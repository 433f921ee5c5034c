"""A HEIC gives no place away, or is not sent."""

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from broker.images.opening import open_image
from edge_agent.capture.gps import UncleanableError
from edge_agent.capture.heic import heic_without_place
from tests.cards import heic, needs_heic

XMP = b"<x:xmpmeta><exif:GPSLatitude>48,30N</exif:GPSLatitude></x:xmpmeta>"


def located(**options: object) -> bytes:
    exif = Image.Exif()
    exif[Base.Model] = "iPhone 15"
    exif.get_ifd(IFD.GPSInfo).update({1: "N", 2: (48.0, 30.0, 0.0)})
    return heic(Image.linear_gradient("L").convert("RGB"), exif=exif.tobytes(), xmp=XMP, **options)


@needs_heic
def test_place_and_xmp_go_and_everything_else_stays() -> None:
    content = located()
    cleaned = heic_without_place(content)
    assert len(cleaned) == len(content)
    assert b"GPSLatitude" not in cleaned
    before, after = open_image(content), open_image(cleaned)
    assert before.getexif().get_ifd(IFD.GPSInfo)
    assert not after.getexif().get_ifd(IFD.GPSInfo)
    assert after.getexif()[Base.Model] == "iPhone 15"
    assert after.tobytes() == before.tobytes()


@needs_heic
def test_every_picture_of_a_file_is_cleaned() -> None:
    content = located(save_all=True, append_images=[Image.new("RGB", (64, 64))])
    assert b"GPSLatitude" not in heic_without_place(content)


@needs_heic
@pytest.mark.parametrize("exif", [b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"48,30N" * 4, b"II*\0\x08\0\0\0\xff\xff48,30N"])
def test_an_exif_that_does_not_read_goes_whole(exif: bytes) -> None:
    content = heic(Image.new("RGB", (64, 64)), exif=exif)
    assert b"48,30N" in content
    assert b"48,30N" not in heic_without_place(content)


@needs_heic
def test_a_heic_that_does_not_read_is_kept_back() -> None:
    with pytest.raises(UncleanableError):
        heic_without_place(located()[:200])


def test_without_the_reader_it_is_kept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.capture.heic.can_read_heic", lambda: False)
    with pytest.raises(UncleanableError, match="send JPEG"):
        heic_without_place(b"\0\0\0\x18ftypheic")
