"""Pictures of every kind that Pillow opens become 8-bit RGB, with the exposure that they have."""

import io
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from broker.images.eight_bits import UnusualPixelsError, as_rgb
from broker.images.thumbnails import thumbnail


def levels(values: list[float], kind: type[np.generic]) -> list[int]:
    """The red of pixels with these values in a picture of this kind."""
    return list(np.asarray(as_rgb(Image.fromarray(np.array([values], kind))))[0, :, 0])


@pytest.mark.parametrize("depth", [8, 10, 12, 14, 16])
def test_whole_numbers_are_divided_by_the_depth_that_holds_them(depth: int) -> None:
    white = 2**depth - 1
    assert levels([0, white / 2, white], np.uint16) == [0, 127, 255]
    assert levels([0, white * 0.6], np.uint16)[1] == pytest.approx(153, abs=1)


@pytest.mark.parametrize(("largest", "level"), [(2**24 - 1, 255), (2**31 - 1, 127)])
def test_32_bit_numbers_are_brightness_too(largest: int, level: int) -> None:
    assert levels([0, largest], np.int32) == [0, level]


@pytest.mark.parametrize("white", [1.0, 255.0, 65_535.0])
def test_fractions_are_divided_by_the_range_that_holds_them(white: float) -> None:
    assert levels([0, white / 2, white, -1], np.float32) == [0, 127, 255, 0]


def test_two_neighbours_keep_their_exposure_to_each_other() -> None:
    bright, dark = levels([100, 4000], np.uint16), levels([100, 2100], np.uint16)
    assert bright[0] == dark[0]


@pytest.mark.parametrize("value", [math.inf, 1e9])
def test_what_is_no_brightness_is_refused(value: float) -> None:
    with pytest.raises(UnusualPixelsError):
        levels([0.5, value], np.float32)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "LAB", "HSV"]
)
def test_every_other_mode_becomes_rgb(mode: str) -> None:
    assert as_rgb(Image.new(mode, (4, 3))).mode == "RGB"


def test_a_thumbnail_of_a_16_bit_picture_is_not_white() -> None:
    ramp: NDArray[np.uint16] = np.linspace(0, 65_535, 640 * 480).reshape(480, 640).astype(np.uint16)
    out = io.BytesIO()
    Image.fromarray(ramp).save(out, "PNG")
    small = Image.open(io.BytesIO(thumbnail(out.getvalue()) or b""))
    assert 120 < np.asarray(small).mean() < 135
