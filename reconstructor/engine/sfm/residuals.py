"""How large is an image's reprojection error? The root mean square over its observations, in pixels, cached.

Every step needs the value of every image, so an image is measured again only when its camera or its points have changed.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.sfm.model_comparison import reprojection_errors

_OBSERVATIONS: Final = 200  # for each image, evenly drawn: half a millisecond, right to a few percent

State = tuple[bytes, bytes, int]  # pose, intrinsics, number of observed points


class Residuals:
    """The root mean square of each image's reprojection errors, in pixels of the image that COLMAP knows."""

    def __init__(self) -> None:
        self._measured: dict[int, tuple[State, float | None]] = {}

    def copy(self) -> "Residuals":
        """The same values, for another model that has some of the images at the same places."""
        other = Residuals()
        other._measured = self._measured.copy()
        return other

    def of(self, model: Any, number: int) -> float | None:
        """The value of a placed image; None while it observes no point."""
        state = self.state(model, number)
        known = self._measured.get(number)
        if known is None or known[0] != state:
            known = self._measured[number] = (state, _root_mean_square(model, number))
        return known[1]

    @staticmethod
    def state(model: Any, number: int) -> State:
        """What a placed image's reprojection error, and all else that is reported of it, depends on."""
        image = model.image(number)
        pose = image.cam_from_world().matrix().tobytes()
        return pose, np.asarray(model.camera(image.camera_id).params).tobytes(), int(image.num_points3D)


def _root_mean_square(model: Any, number: int) -> float | None:
    image = model.image(number)
    seen = np.asarray(image.get_observation_point2D_idxs(), np.int64)
    points = image.points2D
    drawn = [points[int(index)] for index in seen[:: max(1, len(seen) // _OBSERVATIONS)]]
    if not drawn:
        return None
    ids = np.array([point.point3D_id for point in drawn], np.int64)
    observed: NDArray[np.float64] = np.array([point.xy for point in drawn])
    errors_px = reprojection_errors(model, number, ids, observed)
    errors_px = errors_px[np.isfinite(errors_px)]  # points behind the camera have no error in pixels
    return float(np.sqrt(np.mean(errors_px**2))) if len(errors_px) else None
