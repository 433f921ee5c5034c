"""Which features of a photograph look like another one of it? Those of equal windows: their matches cannot tell which is which.

A descriptor that has a near copy elsewhere in its own photograph says that a part is there, but not which of several.
Unrelated features of a photograph are never as near: the nearest of 4,000 is at 0.36 radians or more (2026-11-28).

Source of the idea: Wilson and Snavely, "Network principles for SfM: disambiguating repeated structures with local context",
ICCV 2013.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.colmap import keypoints_in_image, pycolmap
from reconstructor.engine.features.epipolar import rays_of_places, sampson_errors
from reconstructor.engine.features.pairs import INLIER_PX, Matches, Pair

LEAST_DISTINCT: Final = 30  # matches that agree, without the repeated ones
_NEAR_COPY_RAD: Final = 0.3
_APART_PX: Final = 12.0  # one place may have several features
_BLOCK: Final = 1024

Mask = NDArray[np.bool_]


def is_repeated(descriptors: NDArray[np.uint8], keypoints: NDArray[np.float32]) -> Mask:
    """(N,) whether a feature has a near copy elsewhere in its photograph.

    Args:
        descriptors: (N, 128) uint8, RootSIFT.
        keypoints: (N, 4) float32, pixels in the first two columns.
    """
    rows = descriptors.astype(np.float32)
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
    found, places = np.zeros(len(unit), np.bool_), keypoints[:, :2]
    for begin in range(0, len(unit), _BLOCK):
        here, there = np.nonzero(unit[begin : begin + _BLOCK] @ unit[begin:].T > np.cos(_NEAR_COPY_RAD))
        is_apart = np.abs(places[begin + here] - places[begin + there]).max(axis=1) > _APART_PX
        found[begin + here[is_apart]] = found[begin + there[is_apart]] = True
    return found


def with_agreeing(
    pair: Pair, others: Matches, cameras: tuple[Any, Any], keypoints: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> Matches:
    """The matches of a pair, and those of the others that agree with its geometry and meet ahead of both cameras.

    Args:
        pair: estimated from distinct matches.
        others: (M, 2) uint32, the repeated ones.
        cameras: the COLMAP cameras, the earlier image's first, as in what follows.
        keypoints: (N, 4) float32 of each image, pixels in the first two columns.

    Returns:
        (K, 2) uint32, those of the pair first.
    """
    geometry = pair.to_colmap()
    first, second = (keypoints_in_image(each) for each in keypoints)
    every = np.concatenate([pair.matches, others])
    if not pycolmap.estimate_two_view_geometry_pose(cameras[0], first, cameras[1], second, geometry):
        return pair.matches
    rays = rays_of_places(cameras[0], first[every[:, 0]]), rays_of_places(cameras[1], second[every[:, 1]])
    errors = sampson_errors(geometry.cam2_from_cam1, *rays) * float(cameras[1].mean_focal_length())
    is_kept = np.isfinite(errors)  # the rest meets behind a camera
    is_kept[len(pair.matches) :] &= errors[len(pair.matches) :] < INLIER_PX
    return every[is_kept]
