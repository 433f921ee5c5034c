"""Is this photograph worth sending? Variance of the Laplacian, clipped share and dHash of a small grey copy."""

import statistics
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from PIL import Image, ImageFilter, ImageStat

from broker.images.decoding import UndecodableImageError, translating_decoder_errors
from broker.images.eight_bits import UnusualPixelsError, as_rgb
from broker.images.opening import open_image

SMALL_PX: Final = 512  # longer side of the copy: small enough that grain does not count, and motion blur does
HASH_SIDE: Final = 8
LAPLACIAN: Final = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)
CLIPPED_LEVELS: Final = 2  # grey levels at each end that count as clipped
MEMORY: Final = 50  # photographs that the median is taken over
LEAST_MEMORY: Final = 5  # photographs before the first is called blurred


class PhotographVerdict(StrEnum):
    """The gate's decision on a photograph."""

    KEPT = "kept"
    BLURRED = "blurred"
    CLIPPED = "clipped"
    NEAR_DUPLICATE = "near_duplicate"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotographMeasures:
    """Measures of a small grey copy: sharpness (variance of the Laplacian), share of clipped pixels, dHash."""

    sharpness: float
    clipped_ratio: float
    fingerprint: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Limits of the gate; 0 switches a check off.

    blur_ratio: of the session's median sharpness; duplicate_bits: most bits of 64 in which two photographs of the same
    view differ; clipped_ratio: largest share of pixels without detail.
    """

    blur_ratio: float = 0.25
    duplicate_bits: int = 2
    clipped_ratio: float = 0.6
    compared: int = 8


class Gate:
    """The filter of photographs; it remembers measures of the session's earlier photographs."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.thresholds = thresholds
        self._sharpness: deque[float] = deque(maxlen=MEMORY)
        self._fingerprints: deque[int] = deque(maxlen=max(1, thresholds.compared))

    def judge(self, content: bytes) -> PhotographVerdict:
        """Judge one encoded photograph; a kept one is remembered."""
        seen = measure_photograph(content)
        if seen is None:
            return PhotographVerdict.UNREADABLE
        verdict = self._compare(seen)
        if verdict is not PhotographVerdict.NEAR_DUPLICATE:
            self._sharpness.append(seen.sharpness)
        if verdict is PhotographVerdict.KEPT:
            self._fingerprints.append(seen.fingerprint)
        return verdict

    def _compare(self, seen: PhotographMeasures) -> PhotographVerdict:
        limits = self.thresholds
        if limits.clipped_ratio and seen.clipped_ratio > limits.clipped_ratio:
            return PhotographVerdict.CLIPPED
        if self._is_blurred(seen):
            return PhotographVerdict.BLURRED
        if limits.duplicate_bits and any(
            (seen.fingerprint ^ other).bit_count() <= limits.duplicate_bits for other in self._fingerprints
        ):
            return PhotographVerdict.NEAR_DUPLICATE
        return PhotographVerdict.KEPT

    def _is_blurred(self, seen: PhotographMeasures) -> bool:
        if len(self._sharpness) < LEAST_MEMORY:
            return False
        return seen.sharpness < self.thresholds.blur_ratio * statistics.median(self._sharpness)


def measure_photograph(content: bytes) -> PhotographMeasures | None:
    """Decode at a reduced size (JPEG's own eighths) and measure; None when it is no image."""
    try:
        with translating_decoder_errors(), open_image(content) as image:
            image.draft("L", (SMALL_PX, SMALL_PX))
            grey = (image if image.mode == "L" else as_rgb(image)).convert("L")
    except (UndecodableImageError, UnusualPixelsError):
        return None
    grey.thumbnail((SMALL_PX, SMALL_PX), Image.Resampling.BOX)
    edges = grey.filter(LAPLACIAN).crop((1, 1, max(2, grey.width - 1), max(2, grey.height - 1)))
    return PhotographMeasures(
        sharpness=ImageStat.Stat(edges).var[0], clipped_ratio=_clipped_ratio(grey), fingerprint=_fingerprint(grey)
    )


def _clipped_ratio(grey: Image.Image) -> float:
    counts = grey.histogram()
    return (sum(counts[:CLIPPED_LEVELS]) + sum(counts[-CLIPPED_LEVELS:])) / max(1, sum(counts))


def _fingerprint(grey: Image.Image) -> int:
    """Difference hash (Krawetz 2013): whether each of 8 x 8 places is brighter than its neighbour to the right."""
    tiny = grey.resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(HASH_SIDE):
        line = tiny[row * (HASH_SIDE + 1) : (row + 1) * (HASH_SIDE + 1)]
        for left, right in pairwise(line):
            bits = bits << 1 | (left > right)
    return bits
