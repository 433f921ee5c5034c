"""Is a photograph a picture of another one: a screenshot with bars, a collage, a part that was cut out?

A copy shows every point of the other photograph displaced by one similarity, near and far ones alike, and the middle of
one is not the middle of the other. No camera takes such a photograph, so it has no place. On fountain-P11 the matches of
copies lay within 0.2 pixels of the similarity (median), those of neighbours 6 pixels and more from the best one (2026-11-28).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.features.sift import Features

_LEAST_MATCHES: Final = 50
_MOST_OFF_PX: Final = 1.5
_LEAST_SHARE: Final = 0.9  # of the matches; a camera that is turned by half a degree reaches 0.76
_MOST_MEDIAN_PX: Final = 0.5  # 0.75 when it is turned by 0.3 degrees
_LEAST_SHIFT: Final = 0.015  # of the middle, over the width: a zoom and a photograph that is sent twice have none
_STEPS: Final = 6
_COPY: Final = int(pycolmap.TwoViewGeometryConfiguration.WATERMARK)


def without_copies(
    number: int, pairs: Sequence[Pair], features: Features, size_px: tuple[int, int], known: KnownImages
) -> tuple[Pair, ...]:
    """The pairs of a new image; of a copy only a mark, a pair without matches.

    Args:
        number: of the new image.
        pairs: its verified pairs with known images.
        features: of the new image.
        size_px: its width and height, reduced.
        known: the earlier images; pairs with copies among them are left out.
    """
    kept = tuple(pair for pair in pairs if not is_copy(known.pairs[pair.earlier], pair.earlier))
    for pair in kept:
        facts = known.facts[pair.earlier]
        sizes = ((facts.reduced_width_px, facts.reduced_height_px), size_px)
        if _is_copy(pair, known.features[pair.earlier].keypoints, features.keypoints, sizes):
            return (_mark(pair.earlier, number),)
    return kept


def is_copy(pairs: Sequence[Pair], number: int) -> bool:
    """Whether the image with these pairs is a copy of an earlier one."""
    return any(pair.newer == number and pair.configuration == _COPY for pair in pairs)


def _mark(earlier: int, newer: int) -> Pair:
    matrices = np.full((3, 3, 3), np.nan)
    return Pair(
        earlier=earlier, newer=newer, matches=np.empty((0, 2), np.uint32), configuration=_COPY, matrices=matrices
    )


def _is_copy(
    pair: Pair,
    earlier: NDArray[np.float32],
    newer: NDArray[np.float32],
    sizes_px: tuple[tuple[int, int], tuple[int, int]],
) -> bool:
    """Whether one similarity maps the keypoints (N, 4) of one image to the matching ones (M, 4), but not its middle."""
    if pair.has_parallax or len(pair.matches) < _LEAST_MATCHES:
        return False
    first, second = _complex(earlier[pair.matches[:, 0]]), _complex(newer[pair.matches[:, 1]])
    factor, shift, off_px = _similarity(first, second)
    off_px /= max(1.0, abs(factor))  # where the newer one is enlarged, so are the errors
    is_similar = (off_px < _MOST_OFF_PX).mean() >= _LEAST_SHARE and np.median(off_px) <= _MOST_MEDIAN_PX
    middles = [complex(width / 2, height / 2) for width, height in sizes_px]
    return bool(is_similar and abs(middles[0] * factor + shift - middles[1]) > _LEAST_SHIFT * sizes_px[1][0])


def _complex(keypoints: NDArray[np.float32]) -> NDArray[np.complex128]:
    """Positions (N,) of keypoints (N, 4) as complex numbers, x + iy."""
    return keypoints[:, 0].astype(np.float64) + 1j * keypoints[:, 1].astype(np.float64)


def _similarity(
    first: NDArray[np.complex128], second: NDArray[np.complex128]
) -> tuple[complex, complex, NDArray[np.float64]]:
    """The factor and shift of `second = factor * first + shift` by trimmed least squares, and the residuals (N,)."""
    off_px, factor, shift = np.zeros(len(first)), 1.0 + 0j, 0j
    for _ in range(_STEPS):
        kept = off_px <= max(1.0, 2.0 * float(np.median(off_px)))
        columns = np.stack([first[kept], np.ones(kept.sum())], axis=1)
        factor, shift = np.linalg.lstsq(columns, second[kept], rcond=None)[0]
        off_px = np.abs(first * factor + shift - second)
    return complex(factor), complex(shift), off_px
