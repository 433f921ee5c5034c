import io
import struct

from PIL import ExifTags, Image

from broker.contract import MAX_PHOTO_BYTES, MAX_THUMBNAIL_BYTES, MAX_THUMBNAIL_PX
from broker.images.thumbnails import thumbnail, upright_jpeg
from tests.photographs import photograph
from tests.unit.edge_agent.photographs import drawn, encoded


def test_a_thumbnail_is_small_and_says_nothing_of_the_place() -> None:
    small = thumbnail(encoded(drawn(1, side_px=1500), has_gps=True))
    assert small is not None
    assert len(small) <= MAX_THUMBNAIL_BYTES
    image = Image.open(io.BytesIO(small))
    assert max(image.size) == MAX_THUMBNAIL_PX
    assert not dict(image.getexif())


def test_a_photograph_taken_sideways_is_shown_upright() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    out = io.BytesIO()
    drawn(1).resize((400, 200)).save(out, "JPEG", exif=exif)
    small = thumbnail(out.getvalue())
    assert small is not None
    assert Image.open(io.BytesIO(small)).size == (160, 320)


def test_a_photograph_taken_sideways_may_have_odd_exif() -> None:
    fields = ((ExifTags.Base.Orientation, 3, 6), (ExifTags.Base.Make, 11, 7))  # a camera's name that is a number
    entries = b"".join(struct.pack("<HHIHH", tag, kind, 1, value, 0) for tag, kind, value in fields)
    out = io.BytesIO()
    head = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(fields))
    drawn(1).resize((400, 200)).save(out, "JPEG", exif=head + entries + bytes(4))
    small = thumbnail(out.getvalue())
    assert small is not None
    assert Image.open(io.BytesIO(small)).size == (160, 320)


def test_what_is_no_image_has_no_thumbnail() -> None:
    assert thumbnail(b"not an image") is None


def test_a_photograph_to_look_at_keeps_both_limits() -> None:
    noise = photograph(3, width_px=1200, height_px=900)
    jpeg = upright_jpeg(noise, 1000, MAX_PHOTO_BYTES)
    assert jpeg is not None
    assert Image.open(io.BytesIO(jpeg)).size == (1000, 750)
    few = upright_jpeg(noise, 1000, 20_000)  # less than its worst quality at this size takes
    assert few is not None
    assert len(few) <= 20_000
    assert 200 < max(Image.open(io.BytesIO(few)).size) < 1000
    assert upright_jpeg(b"GIF89a", 1000, MAX_PHOTO_BYTES) is None
