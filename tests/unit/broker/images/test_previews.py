"""Previews: size, EXIF, orientation, what has none."""

import io
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat, features
from PIL.ExifTags import GPS, IFD, Base

from broker.contract import MAX_PREVIEW_BYTES
from broker.images.previews import Preview, preview
from reconstructor.engine.features.focal import focal_from_exif

SIDE_PX = 300


def photograph(size: tuple[int, int] = (1000, 750)) -> Image.Image:
    """Two slopes of brightness: every part of it differs from every other."""
    slope = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", (slope, slope.transpose(Image.Transpose.ROTATE_180), Image.new("L", size, 90)))


def encoded(image: Image.Image, image_format: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def opened(made: Preview | None) -> Image.Image:
    assert made is not None
    image = Image.open(io.BytesIO(made.content))
    image.load()
    return image


def camera_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model], exif[Base.Orientation] = "Cairn", "Field 3", 6
    exif.get_ifd(IFD.Exif).update(
        {Base.FocalLength: 4.5, Base.BodySerialNumber: "0817", Base.MakerNote: b"m" * 40_000, Base.UserComment: b"u"}
    )
    exif.get_ifd(IFD.GPSInfo).update({GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (48.0, 12.0, 30.0)})
    return exif


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_preview_shows_the_photograph_reduced(image_format: str) -> None:
    image = opened(preview(encoded(photograph(), image_format), SIDE_PX))
    assert image.size == (300, 225)
    difference = ImageChops.difference(image.convert("RGB"), photograph().resize((300, 225)))
    assert max(ImageStat.Stat(difference).mean) < 3


def test_preview_carries_exif_of_its_original_and_its_size() -> None:
    exif = opened(preview(encoded(photograph(), exif=camera_exif()), SIDE_PX)).getexif()
    details = exif.get_ifd(IFD.Exif)
    assert (exif[Base.Make], exif[Base.Model], exif[Base.Orientation]) == ("Cairn", "Field 3", 6)
    assert (details[Base.FocalLength], details[Base.BodySerialNumber]) == (4.5, "0817")
    assert (details[Base.ExifImageWidth], details[Base.ExifImageHeight]) == (1000, 750)
    assert exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] == (48.0, 12.0, 30.0)
    assert not {Base.MakerNote, Base.UserComment} & set(details)


def test_orientation_is_kept_and_not_applied() -> None:
    image = opened(preview(encoded(photograph(), exif=camera_exif()), SIDE_PX))
    assert image.width > image.height


def test_preview_without_exif_tells_the_size() -> None:
    details = opened(preview(encoded(photograph((750, 1000)), "PNG"), SIDE_PX)).getexif().get_ifd(IFD.Exif)
    assert dict(details) == {Base.ExifImageWidth: 750, Base.ExifImageHeight: 1000}


def test_focal_length_survives_sides_of_an_earlier_size() -> None:
    """A program halved the photograph and left EXIF as the camera wrote it."""
    exif = camera_exif()
    exif.get_ifd(IFD.Exif).update(
        {
            Base.ExifImageWidth: 2000,
            Base.ExifImageHeight: 1500,
            Base.FocalPlaneXResolution: 4000.0,
            Base.FocalPlaneResolutionUnit: 3,
        }
    )
    content = encoded(photograph(), exif=exif)
    before = focal_from_exif(Image.open(io.BytesIO(content)).getexif(), 1000, 750)
    after = focal_from_exif(opened(preview(content, SIDE_PX)).getexif(), 1000, 750)
    assert before == pytest.approx(900.0)
    assert after == pytest.approx(before)


def test_photograph_no_larger_than_its_preview_has_none() -> None:
    assert preview(encoded(photograph((300, 200))), SIDE_PX) is None
    assert preview(encoded(photograph((200, 301))), SIDE_PX) is not None


@pytest.mark.parametrize("content", [b"", b"no image", encoded(photograph())[:900], encoded(photograph(), "GIF")])
def test_what_cannot_be_decoded_has_no_preview(content: bytes) -> None:
    assert preview(content, SIDE_PX) is None


def test_noise_is_compressed_until_it_fits() -> None:
    noise = Image.effect_noise((640, 640), 200).convert("RGB")
    content = encoded(noise, quality=95)
    usual = preview(content, 400, max_bytes=10**9)
    assert usual is not None
    smaller = preview(content, 400, max_bytes=len(usual.content) - 1)
    assert smaller is not None
    assert len(smaller.content) < len(usual.content)
    assert preview(content, 400, max_bytes=1000) is None
    assert MAX_PREVIEW_BYTES == 256 * 1024


def test_jpeg_where_pillow_has_no_webp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda _feature: False)
    made = preview(encoded(photograph(), exif=camera_exif()), SIDE_PX)
    assert made is not None
    assert made.content_type == "image/jpeg"
    assert opened(made).getexif()[Base.Orientation] == 6
    assert preview(encoded(masked(), "PNG"), SIDE_PX) is None  # JPEG would show what the mask hides


def masked() -> Image.Image:
    image = photograph()
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda value: 255 * (value > 127)))
    return image


def test_mask_is_kept() -> None:
    alpha = opened(preview(encoded(masked(), "PNG"), SIDE_PX)).getchannel("A")
    assert (alpha.getpixel((150, 20)), alpha.getpixel((150, 200))) == (0, 255)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "LA", "I;16"])
def test_every_mode_has_a_preview(mode: str) -> None:
    image = (
        photograph().convert("L").convert("I").point(lambda value: value * 16 + 0) if mode == "I;16" else photograph()
    )
    content = encoded(image.convert("L").convert(mode) if mode == "LA" else image.convert(mode), "TIFF")
    assert opened(preview(content, SIDE_PX)).size == (300, 225)


def test_memory_bounds_what_is_decoded() -> None:
    png, jpeg = encoded(photograph(), "PNG"), encoded(photograph())
    progressive = encoded(photograph(), progressive=True)
    limit_bytes = 2_000_000
    assert preview(png, SIDE_PX, decoded_limit_bytes=limit_bytes) is None
    assert preview(jpeg, SIDE_PX, decoded_limit_bytes=limit_bytes) is not None  # decoded at half its size
    assert preview(progressive, SIDE_PX, decoded_limit_bytes=limit_bytes) is None
