"""How do two processors find the features of one photograph? Its two halves, which overlap, go side by side.

The same halves are taken on any number of cores, so that results do not depend on it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.features.colmap_sift import SiftLimits, sift_of
from reconstructor.engine.features.sift_process import sift_of_both

_OVERLAP_PX: Final = 64  # each half beyond the middle; 0.15 % of the features differ from those of the whole
_GRID_PX: Final = 16  # every octave of SIFT leaves out each second pixel: both halves must leave out the same
_LEAST_SIDE_PX: Final = 512  # of the longer side: below it, much of each half would be overlap


def can_be_halved(pixels: NDArray[np.uint8]) -> bool:
    """Whether a photograph (H, W) uint8, shades of one channel, is large enough."""
    return bool(max(pixels.shape) >= _LEAST_SIDE_PX)


def sift_of_halves(
    pixels: NDArray[np.uint8], limits: SiftLimits, *, threads: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The features of a photograph, in any order.

    Args:
        pixels: (H, W) uint8, shades of one channel.
        limits: how many are wanted, of each half.
        threads: with more than one, a second process takes one half.

    Returns:
        Keypoints (N, 4), in pixels, with columns as in `Features`, and descriptors (N, 128), RootSIFT.
    """
    height, width = pixels.shape
    axis = 1 if width >= height else 0
    halved = 1 - axis  # the index of the coordinate in which a keypoint belongs to one half
    middle = pixels.shape[axis] // 2 // _GRID_PX * _GRID_PX
    begin = middle - _OVERLAP_PX
    first_half, second_half = np.split(pixels, [middle + _OVERLAP_PX], axis)[0], np.split(pixels, [begin], axis)[1]
    if threads > 1:
        (first, of_first), (second, of_second) = sift_of_both(first_half, second_half, limits)
    else:
        (first, of_first), (second, of_second) = sift_of(first_half, limits), sift_of(second_half, limits)
    shift = np.zeros(4, np.float32)
    shift[halved] = begin
    second = second + shift  # a copy: those of the other process are read-only
    is_first, is_second = first[:, halved] < middle, second[:, halved] >= middle
    return (
        np.concatenate([first[is_first], second[is_second]]),
        np.concatenate([of_first[is_first], of_second[is_second]]),
    )
