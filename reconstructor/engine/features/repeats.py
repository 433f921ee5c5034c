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
from reconstructor.engine.features.pairs import Matches, Pair

LEAST_DISTINCT: Final = 30  # matches that agree, without the repeated ones
_NEAR_COPY_RAD: Final = 0.3
_APART_PX: Final = 12.0  # one place may have several features
_BLOCK: Final = 1024
_AGREES_PX: Final = 4.0  # as in two-view verification
_PARALLEL: Final = 1e-6  # of the squared sine of the angle between two rays: 0.06 degrees

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
    second_from_first = geometry.cam2_from_cam1
    rotation, shift = second_from_first.rotation.matrix(), np.asarray(second_from_first.translation)
    rays = _rays(cameras[0], first[every[:, 0]]), _rays(cameras[1], second[every[:, 1]])
    is_kept = _meets_ahead(rays[0] @ rotation.T, rays[1], shift)
    cross = np.array([[0, -shift[2], shift[1]], [shift[2], 0, -shift[0]], [-shift[1], shift[0], 0]])
    errors = _sampson(cross @ rotation, *rays) * float(cameras[1].mean_focal_length())
    is_kept[len(pair.matches) :] &= errors[len(pair.matches) :] < _AGREES_PX
    return every[is_kept]


def _rays(camera: Any, places: NDArray[np.float64]) -> NDArray[np.float64]:
    at_depth_one = camera.cam_from_img(np.ascontiguousarray(places, np.float64))
    return np.concatenate([at_depth_one, np.ones((len(at_depth_one), 1))], axis=1)


def _sampson(
    essential: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    lines_in_second, lines_in_first = first @ essential.T, second @ essential
    slopes = (lines_in_second[:, :2] ** 2).sum(1) + (lines_in_first[:, :2] ** 2).sum(1)
    errors: NDArray[np.float64] = np.abs((second * lines_in_second).sum(1)) / np.sqrt(np.maximum(slopes, 1e-24))
    return errors


def _meets_ahead(turned: NDArray[np.float64], second: NDArray[np.float64], shift: NDArray[np.float64]) -> Mask:
    tt, ss, ts = (turned**2).sum(1), (second**2).sum(1), (turned * second).sum(1)
    t, s = turned @ shift, second @ shift
    is_ahead: Mask = (ts * s - ss * t > 0) & (tt * s - ts * t > 0)
    is_ahead |= tt * ss - ts**2 < _PARALLEL * tt * ss
    return is_ahead
