"""Do two photographs show the same object, and which matches agree with one relative pose? Two-view geometry by COLMAP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.colmap import keypoints_in_image, pycolmap

Matches = NDArray[np.uint32]  # (M, 2): feature index in the earlier, in the newer image

_MAX_TRIALS: Final = 3000  # enough for 40 % inliers; COLMAP's 10,000 take 0.4 s for each pair without any
INLIER_PX: Final = 4.0  # COLMAP's bound
MIN_INLIERS: Final = 15  # COLMAP's bound: fewer can agree by chance
_NO_MATRIX: Final = np.full((3, 3), np.nan)
# Matches near the border that all moved alike: a date in the corner, or far houses. They give no pose.
_STAMP: Final = pycolmap.TwoViewGeometryConfiguration.WATERMARK
_WITHOUT_PARALLAX: Final = frozenset({"PLANAR", "PANORAMIC", "PLANAR_OR_PANORAMIC"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """The verified matches of an earlier image and a new one, with COLMAP's E, F, H; NaN where not estimated."""

    earlier: int  # image numbers
    newer: int
    matches: Matches  # inliers only
    configuration: int  # pycolmap.TwoViewGeometryConfiguration
    matrices: NDArray[np.float64]  # (3, 3, 3)

    @property
    def has_parallax(self) -> bool:
        return pycolmap.TwoViewGeometryConfiguration(self.configuration).name not in _WITHOUT_PARALLAX

    def to_colmap(self) -> Any:
        """A fresh `pycolmap.TwoViewGeometry`."""
        geometry = pycolmap.TwoViewGeometry()
        geometry.config = self.configuration
        geometry.inlier_matches = np.ascontiguousarray(self.matches)
        for name, matrix in zip("EFH", self.matrices, strict=True):
            if np.isfinite(matrix).all():
                setattr(geometry, name, matrix)
        return geometry


class PairEstimator:
    """Estimates two-view geometries by RANSAC, always with the same seed."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed

    def estimate(
        self,
        numbers: tuple[int, int],
        cameras: tuple[Any, Any],
        keypoints: tuple[NDArray[np.float32], NDArray[np.float32]],
        matches: Matches,
        *,
        is_exact: bool = False,
        least: int = MIN_INLIERS,
        within_px: float = INLIER_PX,
    ) -> Pair | None:
        """The geometry that at least so many matches agree with, or None.

        Args:
            numbers: the image numbers, the earlier image first, as in all that follows.
            cameras: the COLMAP cameras.
            keypoints: (N, 4) float32 of each image, positions in pixels in the first two columns.
            matches: (M, 2) uint32, keypoint indexes in the earlier and in the newer image.
            is_exact: trust focal lengths that are given: a fundamental matrix can agree with two relative poses at once.
            least: how many matches must agree.
            within_px: how far from its epipolar line a match that agrees may lie.
        """
        if len(matches) < least:
            return None
        is_calibrated = is_exact and all(camera.has_prior_focal_length for camera in cameras)
        estimate = (
            pycolmap.estimate_calibrated_two_view_geometry if is_calibrated else pycolmap.estimate_two_view_geometry
        )
        geometry = estimate(
            camera1=cameras[0],
            points1=keypoints_in_image(keypoints[0]),
            camera2=cameras[1],
            points2=keypoints_in_image(keypoints[1]),
            matches=matches,
            options=self._options(least / len(matches), within_px),
        )
        if len(geometry.inlier_matches) < least or geometry.config == _STAMP:
            return None
        estimated = (geometry.E, geometry.F, geometry.H)
        return Pair(
            earlier=numbers[0],
            newer=numbers[1],
            matches=np.array(geometry.inlier_matches, np.uint32),
            configuration=int(geometry.config),
            matrices=np.stack([_NO_MATRIX if matrix is None else matrix for matrix in estimated]),
        )

    def _options(self, least_ratio: float, within_px: float) -> Any:
        """COLMAP's; what a smaller part of the matches agrees with need not be found."""
        options = pycolmap.TwoViewGeometryOptions()
        options.ransac.max_error = within_px
        options.ransac.random_seed = self._seed
        options.ransac.max_num_trials = _MAX_TRIALS
        options.ransac.min_inlier_ratio = max(options.ransac.min_inlier_ratio, least_ratio)
        return options


def pairs_to_arrays(pairs: Sequence[Pair]) -> dict[str, NDArray[Any]]:
    """Pack the P pairs of one new image into arrays that `pairs_from_arrays` reads.

    Returns:
        `earlier`, `match_counts` and `configurations` (P,) int64; `matches` (M, 2) uint32, the feature indexes of all
        pairs one after the other; `matrices` (P, 3, 3, 3) float64.
    """
    return {
        "earlier": np.array([pair.earlier for pair in pairs], np.int64),
        "match_counts": np.array([len(pair.matches) for pair in pairs], np.int64),
        "matches": np.concatenate([np.empty((0, 2), np.uint32), *(pair.matches for pair in pairs)]),
        "configurations": np.array([pair.configuration for pair in pairs], np.int64),
        "matrices": np.stack([pair.matrices for pair in pairs]) if pairs else np.empty((0, 3, 3, 3)),
    }


def pairs_from_arrays(newer: int, arrays: dict[str, NDArray[Any]]) -> tuple[Pair, ...]:
    """Unpack the P pairs of an image from the arrays of `pairs_to_arrays`, such as `match_counts` (P,) int64.

    Raises:
        KeyError: an array is missing.
    """
    ends = np.cumsum(arrays["match_counts"])
    return tuple(
        Pair(
            earlier=int(arrays["earlier"][index]),
            newer=newer,
            matches=arrays["matches"][end - arrays["match_counts"][index] : end],
            configuration=int(arrays["configurations"][index]),
            matrices=arrays["matrices"][index],
        )
        for index, end in enumerate(ends)
    )
