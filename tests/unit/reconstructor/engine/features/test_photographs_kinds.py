"""One grey ramp in every kind of file that Pillow opens: intake, engine, thumbnail and gate see the same ramp.

Kinds 4, 11 and 12 of the field's findings.
"""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from broker.images.eight_bits import opacity_of
from broker.images.opening import open_image
from broker.images.thumbnails import thumbnail
from edge_agent.capture.gate import measure_photograph
from reconstructor.decoders.inspection import DamagedImageError, NotAnImageError, PixelLimits, inspect
from reconstructor.engine.features.photographs import DecodedPhotograph, read_photograph
from reconstructor.engine.settings import EngineSettings
from tests.cards import dng
from tests.pictures import HEIGHT_PX, RAMP, WIDTH_PX, deep_png, tiff

PIXELS = PixelLimits(reduced=10**7, full=10**7, side_px=4096)
GREY = Image.fromarray(np.rint(RAMP * 255).astype(np.uint8))
COLUMNS = (20, 80, 140)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def whole(depth: int, form: str) -> bytes:
    return saved(Image.fromarray(np.rint(RAMP * (2**depth - 1)).astype(np.uint16)), form)


def big_endian() -> Image.Image:
    return Image.frombytes("I;16B", (WIDTH_PX, HEIGHT_PX), np.rint(RAMP * 4095).astype(">u2").tobytes())


def lab() -> Image.Image:
    srgb, lab_profile = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(GREY.convert("RGB"), srgb, lab_profile, outputMode="LAB")
    assert converted is not None
    return converted


def fractions(white: float) -> bytes:
    return saved(Image.fromarray((RAMP * white).astype(np.float32)), "TIFF")


RAMPS: dict[str, Callable[[], bytes]] = {
    **{f"{depth}-bit-{form}": partial(whole, depth, form) for depth in (10, 12, 14, 16) for form in ("PNG", "TIFF")},
    "12-bit-big-endian": lambda: saved(big_endian(), "TIFF"),
    "32-bit": lambda: saved(Image.fromarray(np.rint(RAMP * 65_535).astype(np.int32)), "TIFF"),
    **{f"float-{white:g}": partial(fractions, white) for white in (1.0, 255.0, 65_535.0)},
    "16-bit-rgb-png": lambda: deep_png(3),
    "16-bit-rgba-png": lambda: deep_png(4),
    "16-bit-la-png": lambda: deep_png(2),
    "16-bit-rgb-tiff": lambda: tiff("<u2", white=65_535, channels=3, photometric=2),
    "16-bit-rgb-big-endian": lambda: tiff(">u2", white=65_535, channels=3, photometric=2),
    "16-bit-rgba-tiff": lambda: tiff("<u2", white=65_535, channels=4, photometric=2, tag_338=2),
    "signed-16-bit": lambda: tiff("<i2", white=16_383),
    "24-bit": lambda: tiff("<i4", white=2**24 - 1),
    "float-big-endian": lambda: tiff(">f4", white=1),
    "la": lambda: saved(GREY.convert("LA"), "PNG"),
    "rgba": lambda: saved(GREY.convert("RGBA"), "PNG"),
    "cmyk": lambda: saved(GREY.convert("RGB").convert("CMYK"), "TIFF"),
    "cmyk-jpeg": lambda: saved(GREY.convert("RGB").convert("CMYK"), "JPEG"),
    "ycbcr": lambda: saved(GREY.convert("RGB").convert("YCbCr"), "TIFF"),
    "lab": lambda: saved(lab(), "TIFF"),
    "palette": lambda: saved(GREY.convert("P"), "PNG"),
    "webp": lambda: saved(GREY.convert("RGB"), "WEBP"),
    "progressive": lambda: saved(GREY, "JPEG", progressive=True),
    "mpo": lambda: saved(GREY, "MPO", save_all=True, append_images=[Image.new("L", GREY.size)]),
}


def read(content: bytes, folder: Path) -> DecodedPhotograph:
    """As intake and engine do it."""
    path = folder / f"photograph{inspect(content, PIXELS).suffix}"
    path.write_bytes(content)
    return read_photograph(path, EngineSettings(threads=1))


def levels(grey: NDArray[np.uint8]) -> list[int]:
    return [int(grey[HEIGHT_PX // 2, column]) for column in COLUMNS]


@pytest.mark.parametrize("name", RAMPS)
def test_a_ramp_is_the_same_ramp_in_every_kind_of_file(tmp_path: Path, name: str) -> None:
    content = RAMPS[name]()
    right = levels(np.asarray(GREY))
    photograph = read(content, tmp_path)
    assert photograph.is_shown is None
    assert levels(photograph.gray) == pytest.approx(right, abs=4)
    small = thumbnail(content)
    assert small is not None
    assert levels(np.asarray(open_image(small).convert("L"))) == pytest.approx(right, abs=6)
    measures = measure_photograph(content)
    assert measures is not None
    assert measures.clipped_ratio < 0.1


def test_black_and_white_stays_black_and_white(tmp_path: Path) -> None:
    photograph = read(saved(GREY.point(lambda level: 255 * (level > 127)).convert("1"), "PNG"), tmp_path)
    assert levels(photograph.gray) == [0, 255, 255]


def test_a_tiff_whose_zero_is_white_is_no_negative(tmp_path: Path) -> None:
    for white, kind in ((65_535, "<u2"), (1, "<f4")):
        content = tiff(kind, white=white, photometric=0)
        right = [255 - level for level in levels(np.asarray(GREY))]
        assert levels(read(content, tmp_path).gray) == pytest.approx(right, abs=3)
        assert levels(np.asarray(open_image(thumbnail(content) or b"").convert("L"))) == pytest.approx(right, abs=6)


def test_numbers_above_31_bits_are_refused_in_words() -> None:
    with pytest.raises(DamagedImageError, match="above 31 bits"):
        inspect(tiff("<u4", white=2**32 - 1), PIXELS)
    assert inspect(tiff("<i2", white=-20), PIXELS).width_px == WIDTH_PX  # signed: below black is black


@pytest.mark.parametrize(("kind", "channels"), [(">u4", 1), ("<f4", 3), (">f8", 1)])
def test_a_tiff_that_is_not_read_is_not_only_called_raw(kind: str, channels: int) -> None:
    with pytest.raises(NotAnImageError, match="a TIFF of a kind that is not read: send it as JPEG"):
        inspect(tiff(kind, white=1, channels=channels, photometric=2 if channels == 3 else 1), PIXELS)


@pytest.mark.parametrize(
    "content",
    [
        dng(1),
        tiff("<u2", white=1, photometric=32_803),  # a sensor's colour filters
        tiff(">u2", white=1, photometric=34_892),  # linear raw
        tiff("<u1", white=255, channels=3, photometric=2, tag_254=1),  # the small picture of a NEF
        b"II*\0\x10\0\0\0CR\2\0" + bytes(200),
        b"IIRO\x08\0\0\0" + bytes(200),
        b"IIU\0\x08\0\0\0" + bytes(200),
        b"FUJIFILMCCD-RAW 0201" + bytes(200),
        b"\0\0\0\x18ftypcrx " + bytes(200),
    ],
)
def test_a_raw_file_is_refused_by_name_and_not_taken_for_its_small_picture(content: bytes) -> None:
    with pytest.raises(NotAnImageError, match="raw file of a camera"):
        inspect(content, PIXELS)


def left_half_hidden(mode: str) -> Image.Image:
    mask = Image.new("L", GREY.size, 255)
    mask.paste(0, (0, 0, WIDTH_PX // 2, HEIGHT_PX))
    image = GREY.convert(mode)
    image.putalpha(mask)
    return image


HIDING: dict[str, Callable[[], bytes]] = {
    "rgba-png": lambda: saved(left_half_hidden("RGB"), "PNG"),
    "la-png": lambda: saved(left_half_hidden("L"), "PNG"),
    "16-bit-rgba-png": lambda: deep_png(4, hides_left_half=True),
    "16-bit-la-png": lambda: deep_png(2, hides_left_half=True),
    "webp": lambda: saved(left_half_hidden("RGB"), "WEBP", lossless=True),
    "rgba-tiff": lambda: saved(left_half_hidden("RGB"), "TIFF"),
    "palette": lambda: saved(GREY.convert("P"), "PNG", transparency=bytes([0] * 128)),
}


@pytest.mark.parametrize("name", HIDING)
def test_what_is_transparent_is_not_shown(tmp_path: Path, name: str) -> None:
    photograph = read(HIDING[name](), tmp_path)
    assert photograph.is_shown is not None
    assert not photograph.is_shown[:, :78].any()
    assert photograph.is_shown[:, 84:].all()
    assert not photograph.gray[:, :78].any()
    assert levels(photograph.gray)[2] == pytest.approx(levels(np.asarray(GREY))[2], abs=4)


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "I;16"])
def test_one_colour_may_be_named_as_transparent(mode: str) -> None:
    value = int(np.asarray(GREY)[0, 80])
    image = Image.fromarray(np.asarray(GREY).astype(np.uint16)) if mode == "I;16" else GREY.convert(mode)
    name = (value,) * 3 if mode == "RGB" else value
    opacity = opacity_of(open_image(saved(image, "PNG", transparency=name)))
    assert opacity is not None
    hidden = np.asarray(opacity) == 0
    assert hidden[:, 80].all()
    assert hidden.mean() < 0.05
