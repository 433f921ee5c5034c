"""Where are points whose observations could not be measured again? Where the rays of their features meet in the new cameras.

The least squares distance to the rays, each weighted by the square of one over its depth: close to the errors in pixels.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.lsm.bundle import Bundle, Floats, Rows

_STEPS: Final = 3


def triangulated(bundle: Bundle, points: Rows) -> Bundle:
    """The bundle with some points, in world, where their rays meet; each one stays if its errors in pixels are smaller there.

    Cameras do not change.

    Args:
        bundle: the model with its new cameras.
        points: (N,) int64, rows of its points.
    """
    chosen = np.zeros(len(bundle.points_in_world), np.bool_)
    chosen[points] = True
    seen = bundle.observations[chosen[bundle.observations.points]]
    of_points = replace(bundle, observations=seen)
    centers, rays = bundle.centers_in_world()[seen.images], _rays_in_world(of_points)
    across = np.eye(3) - rays[:, :, None] * rays[:, None, :]  # what is left of a vector beside the ray
    moved = of_points
    for _ in range(_STEPS):
        depths = ((moved.points_in_world[seen.points] - centers) * rays).sum(1)
        weights = 1.0 / np.maximum(depths**2, 1e-12)
        moved = replace(moved, points_in_world=_nearest(moved, weights[:, None, None] * across, centers))
    is_better = _squared_errors(moved) < _squared_errors(of_points)
    return replace(bundle, points_in_world=np.where(is_better[:, None], moved.points_in_world, bundle.points_in_world))


def _rays_in_world(bundle: Bundle) -> Floats:
    """(N, 3) the unit vectors in which the observations are seen."""
    seen, rays = bundle.observations, np.zeros((len(bundle.observations), 3))
    for image, pose in enumerate(bundle.poses):
        rows = np.flatnonzero(seen.images == image)
        places = np.ascontiguousarray(seen.places_px[rows])
        in_camera = np.concatenate(
            [np.asarray(bundle.cameras[bundle.camera_ids[image]].cam_from_img(places)), np.ones((len(rows), 1))], axis=1
        )
        rays[rows] = in_camera @ pose.rotation.matrix()
    unit: NDArray[np.float64] = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    return unit


def _nearest(bundle: Bundle, weighted: Floats, centers: Floats) -> Floats:
    """The places (P, 3) nearest to the rays; points of too few or of parallel rays stay."""
    seen, count = bundle.observations, len(bundle.points_in_world)
    matrices, sides = np.zeros((count, 3, 3)), np.zeros((count, 3))
    np.add.at(matrices, seen.points, weighted)
    np.add.at(sides, seen.points, (weighted @ centers[:, :, None])[..., 0])
    scale = np.trace(matrices, axis1=1, axis2=2)
    is_sound = (scale > 0) & (np.linalg.det(matrices) > 1e-12 * scale**3)
    places = bundle.points_in_world.copy()
    places[is_sound] = np.linalg.solve(matrices[is_sound], sides[is_sound, :, None])[..., 0]
    return places


def _squared_errors(bundle: Bundle) -> Floats:
    """(P,) sums of the squared errors of each point, in pixels."""
    weights, count = bundle.errors_px() ** 2, len(bundle.points_in_world)
    sums: Floats = np.bincount(bundle.observations.points, weights=weights, minlength=count).astype(np.float64)
    return sums
