"""Does a preview show its original? Their sizes tell, and how far small grey copies of both correlate.

The copies are made in a decoder process and compared outside of it: some hundred numbers cannot do harm.
"""

import math
import statistics
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from broker.images.decoding import translating_decoder_errors
from broker.images.eight_bits import as_rgb, opacity_of
from broker.images.opening import open_image
from reconstructor.engine.features.native_size import native_size

Size = tuple[int, int]

_SIDE: Final = 16
_BETWEEN: Final = (256, 256)
_LEAST_CORRELATION: Final = 0.9
_SAME_GREYS: Final = 4.0  # root mean square: fog, gravel and grass have little structure left that could correlate


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What is compared of a photograph.

    Attributes:
        stored_px: width and height of the file, before EXIF orientation.
        native_px: the same before it was reduced, as its EXIF says.
        grey: the brightness of each part of it.
    """

    stored_px: Size
    native_px: Size
    grey: tuple[float, ...]

    def misfit(self, original: "Likeness") -> str:
        """Why this is no preview of that original; empty when it is one."""
        if self.native_px != original.stored_px:
            return "it says that it was reduced from {}x{} pixels, the original has {}x{}".format(
                *self.native_px, *original.stored_px
            )
        correlation = correlate(self.grey, original.grey)
        if correlation >= _LEAST_CORRELATION or math.dist(self.grey, original.grey) <= _SAME_GREYS * _SIDE:
            return ""
        return f"their contents correlate by {correlation:.2f} only"


def likeness(content: bytes) -> Likeness:
    """What is compared of one photograph; run this in a decoder process.

    Raises:
        UndecodableImageError, UnusualPixelsError: the photograph cannot be read.
    """
    with translating_decoder_errors(), open_image(content, only_taken=True) as image:
        stored = image.size
        native = native_size(image.getexif(), stored)
        image.draft("RGB", _BETWEEN)
        opacity = opacity_of(image)
        grey = as_rgb(image).convert("L")
        if opacity is not None:  # WebP does not keep what nobody sees
            grey = Image.composite(grey, Image.new("L", grey.size), opacity)
        small = grey.resize(_BETWEEN, Image.Resampling.BOX).convert("F").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return Likeness(stored_px=stored, native_px=native, grey=tuple(array("f", small.tobytes())))


def correlate(one: Sequence[float], other: Sequence[float]) -> float:
    """Pearson's correlation; 0 when one of them has no structure."""
    try:
        return statistics.correlation(one, other)
    except statistics.StatisticsError:
        return 0.0
