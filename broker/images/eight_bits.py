"""How does any image become 8-bit RGB? By Pillow; images of more bits by the depth that they use.

Whole numbers are divided by the largest value of the smallest usual depth that holds them, numbers with fractions by 1, 255 or
65,535. So two neighbours of one camera keep their exposure to each other, which stretching each to its own extremes would lose.
"""

import math
from collections.abc import Sequence
from typing import Final, cast

from PIL import Image, ImageChops
from PIL.TiffImagePlugin import TiffImageFile

from broker.errors import CairnError

DEPTHS: Final = (8, 10, 12, 14, 16, 24, 32)  # of sensors, and of files
FLOAT_RANGES: Final = (1.0, 255.0, 65_535.0)
_WHITE: Final = 255.0
_PHOTOMETRIC, _SAMPLE_FORMAT = 262, 339  # TIFF tags
_WHITE_IS_ZERO, _SIGNED = 0, 2  # what they say
DEEP_MODES: Final = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N", "F"})  # Pillow's, with more than 8 bits


class UnusualPixelsError(CairnError):
    """An image whose numbers are no brightness."""

    code = "unusual_pixels"
    remedy = "Save it as an ordinary photograph, for example as JPEG, and send that."


def as_rgb(image: Image.Image) -> Image.Image:
    """Return the image in 8-bit RGB; transparency is dropped.

    Raises:
        UnusualPixelsError: it holds values that are not finite, or outside of every range.
        OSError: Pillow cannot decode it.
    """
    if image.mode == "F":
        return _upturned(image, _scaled(image, FLOAT_RANGES))
    if image.mode in DEEP_MODES:
        whole = image.convert("I")
        if _is_unsigned(image) and cast("tuple[int, int]", whole.getextrema())[0] < 0:
            raise UnusualPixelsError("the image holds values above 31 bits: save it as an ordinary photograph")
        return _upturned(image, _scaled(whole, [2.0**depth - 1 for depth in DEPTHS]))
    if image.mode == "P" and "transparency" in image.info:  # Pillow warns of its direct conversion
        image = image.convert("RGBA")
    if image.mode == "La":  # grey multiplied by its transparency: Pillow converts it to this one only
        image = image.convert("LA")
    return image.convert("RGB")


def opacity_of(image: Image.Image) -> Image.Image | None:
    """Return how opaque each pixel is, in 8-bit grey, 255 is opaque; None of an image that hides nothing."""
    if not image.has_transparency_data:
        return None
    if image.mode in DEEP_MODES:  # PNG names one of 65,536 greys as transparent
        hidden = image.info["transparency"]
        opacity = image.convert("I").point([0 if grey == hidden else int(_WHITE) for grey in range(65_536)], "L")
    else:
        opacity = image.convert("RGBA" if image.mode != "La" else "LA").getchannel("A")
    smallest, _ = cast("tuple[int, int]", opacity.getextrema())
    return None if smallest == _WHITE else opacity


def _scaled(image: Image.Image, ranges: Sequence[float]) -> Image.Image:
    smallest, largest = cast("tuple[float, float]", image.getextrema())
    if not math.isfinite(smallest) or not math.isfinite(largest):
        raise UnusualPixelsError("the image holds values that are not finite: save it as an ordinary photograph")
    white = next((each for each in ranges if largest <= each), None)
    if white is None:
        raise UnusualPixelsError(f"the image holds values up to {largest:g}: save it as an ordinary photograph")
    scale = _WHITE / white
    return image.convert("F").point(lambda value: value * scale + 0.0).convert("L").convert("RGB")


def _is_unsigned(image: Image.Image) -> bool:
    return isinstance(image, TiffImageFile) and image.tag_v2.get(_SAMPLE_FORMAT, (1,))[0] != _SIGNED


def _upturned(image: Image.Image, rgb: Image.Image) -> Image.Image:
    """Turn a TIFF whose 0 is white the right way; of up to 8 bits, Pillow has done so."""
    if isinstance(image, TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        return ImageChops.invert(rgb)
    return rgb
