"""Which two images does a model begin with? COLMAP's initial pair, with thresholds that are relaxed in steps.

Two images from nearly the same place determine depth poorly and the focal length not at all: a walk with 3 degrees a step
began with twice the true focal length, and no third image fitted (2026-11-24). So a pair with a small angle is accepted
only once there are enough images.
"""

from dataclasses import dataclass
from typing import Any, Final

from reconstructor.engine.sfm.mapper_options import MapperOptions

_ANY_IMAGE: Final = -1
_MAX_FOCAL_RATIO: Final = 1.6  # without EXIF
_MAX_PRIOR_FOCAL_RATIO: Final = 1.2  # with a focal length from EXIF


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialPairThresholds:
    """The least angle and inliers of the first pair, and the number of images from which they apply."""

    angle_deg: float  # the median triangulation angle
    inliers: int
    images_calibrated: int  # if all cameras have a prior focal length
    images_uncalibrated: int


THRESHOLDS: Final = (
    InitialPairThresholds(angle_deg=16.0, inliers=100, images_calibrated=2, images_uncalibrated=2),
    InitialPairThresholds(angle_deg=8.0, inliers=100, images_calibrated=2, images_uncalibrated=2),
    InitialPairThresholds(angle_deg=4.0, inliers=100, images_calibrated=2, images_uncalibrated=6),
    InitialPairThresholds(angle_deg=4.0, inliers=50, images_calibrated=3, images_uncalibrated=8),
    InitialPairThresholds(angle_deg=2.5, inliers=50, images_calibrated=6, images_uncalibrated=12),
)


def find_first_pair(
    mapper: Any, options: MapperOptions, *, image_count: int, is_calibrated: bool
) -> tuple[tuple[int, int], Any] | None:
    """Two image numbers and `second_from_first`; None while no pair of images reaches the thresholds."""
    for thresholds in THRESHOLDS:
        if image_count < (thresholds.images_calibrated if is_calibrated else thresholds.images_uncalibrated):
            continue
        mapper.reset_initialization_stats()
        found: tuple[tuple[int, int], Any] | None = mapper.find_initial_image_pair(
            options.initial(thresholds.angle_deg, thresholds.inliers), _ANY_IMAGE, _ANY_IMAGE
        )
        if found is not None:
            return found
    return None


def is_plausible(camera: Any, guess: Any) -> bool:
    """Whether the bundle adjustment of the first two images left a camera's focal length near its first value."""
    ratio = camera.mean_focal_length() / guess.mean_focal_length()
    limit = _MAX_PRIOR_FOCAL_RATIO if guess.has_prior_focal_length else _MAX_FOCAL_RATIO
    return bool(1.0 / limit <= ratio <= limit)
