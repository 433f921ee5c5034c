"""How far are matches from the epipolar lines of two poses?"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_PARALLEL: Final = 1e-6  # of the squared sine of the angle between two rays: 0.06 degrees


def rays_of_places(camera: Any, places: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rays (N, 3) float64 of places (N, 2) in pixels, in the camera frame, with z = 1, by a `pycolmap.Camera`."""
    at_depth_one = camera.cam_from_img(np.ascontiguousarray(places, np.float64))
    return np.concatenate([at_depth_one, np.ones((len(at_depth_one), 1))], axis=1)


def sampson_errors(
    second_from_first: Any, first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sampson errors (M,) float64 of matches, in the plane at z = 1; inf where they meet behind a camera.

    Multiplied by the focal length in pixels, they are in pixels.

    Args:
        second_from_first: `pycolmap.Rigid3d`, the relative pose.
        first: (M, 3) float64 rays of the matches in the first camera frame, with z = 1.
        second: (M, 3) float64, the same in the second.

    Source: Hartley and Zisserman, Multiple View Geometry in Computer Vision, eq. 11.9.
    """
    rotation, shift = second_from_first.rotation.matrix(), np.asarray(second_from_first.translation)
    cross = np.array([[0, -shift[2], shift[1]], [shift[2], 0, -shift[0]], [-shift[1], shift[0], 0]])
    essential = cross @ rotation
    lines_in_second, lines_in_first = first @ essential.T, second @ essential
    slopes = (lines_in_second[:, :2] ** 2).sum(1) + (lines_in_first[:, :2] ** 2).sum(1)
    errors = np.abs((second * lines_in_second).sum(1)) / np.sqrt(np.maximum(slopes, 1e-24))
    is_ahead = _meet_ahead(first @ rotation.T, second, shift)
    result: NDArray[np.float64] = np.where(is_ahead & np.isfinite(errors), errors, np.inf)
    return result


def _meet_ahead(
    turned: NDArray[np.float64], second: NDArray[np.float64], shift: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether the least-squares solution of `a * turned + shift = b * second` has a, b > 0; nearly parallel rays pass."""
    tt, ss, ts = (turned**2).sum(1), (second**2).sum(1), (turned * second).sum(1)
    t, s = turned @ shift, second @ shift
    is_parallel = tt * ss - ts**2 < _PARALLEL * tt * ss
    is_ahead: NDArray[np.bool_] = is_parallel | ((ts * s - ss * t > 0) & (tt * s - ts * t > 0))
    return is_ahead
