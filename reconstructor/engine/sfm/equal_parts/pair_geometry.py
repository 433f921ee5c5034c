"""What does one pair say of an image? Which points it sees, which pose and rotation they give, and which matches agree.

Source: Roberts, Sinha, Szeliski and Steedly, "Structure from motion for scenes with large duplicate structures", CVPR 2011.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.colmap import keypoints_in_image, pycolmap
from reconstructor.engine.features.epipolar import rays_of_places, sampson_errors
from reconstructor.engine.features.pairs import INLIER_PX, Pair
from reconstructor.engine.sfm.mapper_options import MIN_REGISTRATION_INLIERS
from reconstructor.engine.sfm.model_comparison import points_errors_px

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
Image = tuple[int, Any]  # number and `pycolmap.Camera`
Side = tuple[Any, NDArray[np.float64]]  # `pycolmap.Camera`, and keypoints (N, 2) in pixels, of one image of a pair

_NEAR_RATIO: Final = 0.04  # of the width; a model that has drifted contradicts by less, an equal part by more
LEAST_POINTS: Final = 15  # of a pair
AGREES: Final = 0.5  # share of a pair's points that are near
_AGREES_WHOLLY: Final = 0.8
_LEAST_SHARE: Final = 0.3  # of the points that the nearest image gives a pose
_MOST_POSES: Final = 3  # tried, because each of several equal parts in a photograph may give one
MOST_TURNED_DEG: Final = 15.0  # between the rotations that two pairs give an image; pairs of little parallax err by 10

_SEEDED: Final = pycolmap.AbsolutePoseEstimationOptions()
_SEEDED.ransac.random_seed = 0  # else the pose depends on what was estimated before


def points_seen(
    model: Any, pair: Pair, other: int, keypoints: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64], Rows]:
    """What one image of a pair observes of a model, and where the second one sees it.

    Args:
        model: the `pycolmap.Reconstruction`.
        pair: of both images.
        other: the image that observes points.
        keypoints: (M, 4) float32 of the second image, in pixels in the first two columns.

    Returns:
        Points (N, 3) float64 in world, their places (N, 2) in pixels in the second image, and the rows (N,) int64 of the
        matches.
    """
    column = 0 if pair.earlier == other else 1
    features = model.image(other).points2D
    matched = [features[index] for index in pair.matches[:, column].tolist()]
    rows = np.flatnonzero([each.has_point3D() for each in matched])
    points = np.array([model.point3D(matched[row].point3D_id).xyz for row in rows.tolist()]).reshape(-1, 3)
    return points, keypoints_in_image(keypoints)[pair.matches[rows, 1 - column]], rows


def matched_places(image: Any, matched: NDArray[np.uint32]) -> NDArray[np.float64]:
    """The places (F, 2) in pixels of the F features of a `pycolmap.Image`; only those that are matched are asked for."""
    features, rows = image.points2D, matched.tolist()
    places = np.zeros((len(features), 2))
    places[rows] = np.array([features[row].xy for row in rows]).reshape(-1, 2)
    return places


def are_near(camera: Any, cam_from_world: Any, points: NDArray[np.float64], places: NDArray[np.float64]) -> Mask:
    """(N,) bool: whether an image sees points (N, 3) float64 in world near these places (N, 2) in pixels."""
    if not len(points):
        return np.zeros(0, np.bool_)
    is_near: Mask = points_errors_px(camera, cam_from_world, points, places) < _NEAR_RATIO * camera.width
    return is_near


def pose_by(
    camera: Any,
    points: NDArray[np.float64],
    places: NDArray[np.float64],
    is_possible: Callable[[Any], bool] = lambda _pose: True,
) -> Any | None:
    """The pose that most points and their places agree with, among the possible ones; None without one.

    Args:
        camera: `pycolmap.Camera` of the image.
        points: (N, 3) float64 in world.
        places: (N, 2) float64 in pixels.
        is_possible: says of a `pycolmap.Rigid3d`, the image from world, whether other evidence allows it.
    """
    least = max(MIN_REGISTRATION_INLIERS, _LEAST_SHARE * len(points))
    for _ in range(_MOST_POSES):
        if len(points) < least:
            return None
        pose = pycolmap.estimate_and_refine_absolute_pose(places, points, camera, _SEEDED)
        if pose is None or pose["num_inliers"] < least:
            return None
        found = pose["cam_from_world"]
        if is_possible(found):
            return found
        points, places = points[~pose["inlier_mask"]], places[~pose["inlier_mask"]]
    return None


def meets_lines(model: Any, pair: Pair, image: Image, keypoints: NDArray[np.float32], pose: Any) -> bool:
    """Whether most matches of an image with a placed one agree with their epipolar lines, if the image has this pose.

    Args:
        model: the `pycolmap.Reconstruction`.
        pair: of the image and a placed one.
        image: number and `pycolmap.Camera` of the image, which need not be placed.
        keypoints: (N, 4) float32 of the image, in pixels in the first two columns.
        pose: `pycolmap.Rigid3d`, the image from world.
    """
    number, camera = image
    column = 0 if pair.earlier == number else 1
    other = model.image(pair.newer if pair.earlier == number else pair.earlier)
    matched, theirs = pair.matches[:, column], pair.matches[:, 1 - column]
    rays = rays_of_places(camera, keypoints_in_image(keypoints)[matched])
    other_rays = rays_of_places(model.camera(other.camera_id), matched_places(other, theirs)[theirs])
    errors = sampson_errors(pose * other.cam_from_world().inverse(), other_rays, rays)
    return bool((errors * float(camera.mean_focal_length()) < INLIER_PX).mean() >= AGREES)


def rotation_by(model: Any, pair: Pair, image: Image, keypoints: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """The rotation (3, 3) float64 from world to a new image by its pair with a placed one; None if the pair has none.

    Args:
        model: the `pycolmap.Reconstruction`.
        pair: of the new image and a placed one.
        image: number and `pycolmap.Camera` of the new image.
        keypoints: (N, 4) float32 of the new image, in pixels in the first two columns.
    """
    number, camera = image
    is_newer = pair.newer == number
    other = model.image(pair.earlier if is_newer else pair.newer)
    places = matched_places(other, pair.matches[:, 0 if is_newer else 1])
    sides = (model.camera(other.camera_id), places), (camera, keypoints_in_image(keypoints))
    newer_from_earlier = rotation_between(pair, *(sides if is_newer else sides[::-1]))
    if newer_from_earlier is None:
        return None
    new_from_other = newer_from_earlier if is_newer else newer_from_earlier.T
    new_from_world: NDArray[np.float64] = new_from_other @ other.cam_from_world().rotation.matrix()
    return new_from_world


def rotation_between(pair: Pair, earlier: Side, newer: Side) -> NDArray[np.float64] | None:
    """The rotation (3, 3) float64 from the earlier image of a pair to the newer one; None if the pair has none."""
    geometry = pair.to_colmap()
    if not pycolmap.estimate_two_view_geometry_pose(*earlier, *newer, geometry):
        return None
    rotation: NDArray[np.float64] = np.asarray(geometry.cam2_from_cam1.rotation.matrix())
    return rotation


def angle_deg(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The angle in degrees between two rotations (3, 3) float64."""
    return float(np.degrees(np.arccos(np.clip((np.trace(one.T @ other) - 1) / 2, -1, 1))))


def cleaned_pair(pair: Pair, is_near: Mask, rows: Rows) -> Pair:
    """The pair without matches that are not near; where they are many, also without those of which nothing is known.

    Args:
        pair: with its matches.
        is_near: (N,) bool, of the matches that `rows` names.
        rows: (N,) int64, rows of the matches.
    """
    if is_near.mean() < _AGREES_WHOLLY:
        return replace(pair, matches=pair.matches[rows[is_near]])
    return without_rows(pair, rows[~is_near])


def without_rows(pair: Pair, rows: Rows) -> Pair:
    """The pair without the matches of these rows (N,) int64."""
    return replace(pair, matches=np.delete(pair.matches, rows, axis=0))


def gap_of(pair: Pair) -> int:
    """How far its images are from each other in order."""
    return pair.newer - pair.earlier


def key_of(pair: Pair) -> tuple[int, int]:
    """The numbers of its images."""
    return pair.earlier, pair.newer
