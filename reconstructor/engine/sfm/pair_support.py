"""Which matches of an image are only of parts that look alike? Those that contradict where its nearest one in order puts it.

Equal parts of a building give matches that are as many and as exact as true ones. What tells them apart is the order of
the photographs: a photographer walks, so the nearest ones in order see the same part.

Source: Roberts, Sinha, Szeliski and Steedly, "Structure from motion for scenes with large duplicate structures", CVPR 2011.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.colmap import keypoints_in_image, pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.sfm.mapper_options import MIN_REGISTRATION_INLIERS
from reconstructor.engine.sfm.model_comparison import placed_numbers, point_ids, points_errors_px

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]

_NEAR_RATIO: Final = 0.04  # of the width; a model that has drifted contradicts by less, an equal part by more
_LEAST_POINTS: Final = 15  # of a pair
_AGREES: Final = 0.5  # share of a pair's points that are near
_AGREES_WHOLLY: Final = 0.8
_LEAST_SHARE: Final = 0.3  # of the points that the nearest image gives a pose
_MOST_TRIED: Final = 3
_MOST_POSES: Final = 3  # tried, because each of several equal parts in a photograph may give one
_MOST_TURNED_DEG: Final = 15.0  # between the rotations that two pairs give an image; pairs of little parallax err by 10
_LEAST_OF_LARGEST: Final = 0.3  # matches of the nearest image's pair, of those of the largest one


def credible_pairs(
    model: Any, image: tuple[int, Any], keypoints: NDArray[np.float32], pairs: Sequence[Pair]
) -> list[Pair]:
    """The pairs of a new image, without the matches that contradict its nearest one in order.

    Points and not epipolar lines are compared: along a row of windows the lines are the same wherever the image stands.

    Args:
        model: the `pycolmap.Reconstruction`, in which the new image is not placed.
        image: number and `pycolmap.Camera` of the new image.
        keypoints: (N, 4) float32 of the new image, pixels in the first two columns.
        pairs: of the new image.
    """
    number, camera = image
    placed = placed_numbers(model)
    pairs = _turned_alike(model, image, keypoints, pairs)
    seen = {}
    for pair in pairs:
        if (other := KnownImages.other(pair, number)) in placed:
            found = _points_seen(model, pair, other, keypoints)
            if len(found[0]) >= _LEAST_POINTS:
                seen[other] = found
    by_other = {KnownImages.other(pair, number): pair for pair in pairs}
    for nearest in sorted(seen, key=lambda other: abs(other - number))[:_MOST_TRIED]:
        rotation = _rotation_by(model, by_other[nearest], image, keypoints)
        pose = _pose_by(camera, *seen[nearest][:2], rotation)
        if pose is not None:
            near = {other: (_are_near(camera, pose, *each[:2]), each[2]) for other, each in seen.items()}
            kept = [_agreeing(pair, nearest, near.get(pair.earlier, near.get(pair.newer))) for pair in pairs]
            return [pair for pair in kept if pair is not None]
    return list(pairs)


def _pose_by(
    camera: Any, points: NDArray[np.float64], places: NDArray[np.float64], rotation: NDArray[np.float64] | None
) -> Any | None:
    """The pose that most points (N, 3) and their places (N, 2) agree with among those that are near this rotation, or None."""
    least = max(MIN_REGISTRATION_INLIERS, _LEAST_SHARE * len(points))
    for _ in range(_MOST_POSES):
        if len(points) < least:
            return None
        pose = pycolmap.estimate_and_refine_absolute_pose(places, points, camera)
        if pose is None or pose["num_inliers"] < least:
            return None
        found = pose["cam_from_world"]
        if rotation is None or _angle_deg(rotation, found.rotation.matrix()) <= _MOST_TURNED_DEG:
            return found
        points, places = points[~pose["inlier_mask"]], places[~pose["inlier_mask"]]
    return None


def agrees_with_nearest(model: Any, number: int, pairs: Sequence[Pair]) -> bool:
    """Whether an image sees the points that its nearest placed one observes where the two match; true if it is not placed."""
    image, placed = model.image(number), placed_numbers(model)
    if number not in placed:
        return True
    keypoints = np.array([each.xy for each in image.points2D], np.float32).reshape(-1, 2)
    own = (each for each in pairs if number in _key(each) and placed.issuperset(_key(each)))
    for pair in sorted(own, key=_gap)[:_MOST_TRIED]:
        if len(pair.matches):
            other = KnownImages.other(pair, number)
            points, places, _ = _points_seen(model, pair, other, keypoints)
            if len(points) >= _LEAST_POINTS:
                is_near = _are_near(model.camera(image.camera_id), image.cam_from_world(), points, places)
                return bool(is_near.mean() >= _AGREES)
    return True


def _turned_alike(
    model: Any, image: tuple[int, Any], keypoints: NDArray[np.float32], pairs: Sequence[Pair]
) -> Sequence[Pair]:
    """The pairs that give a new image about the rotation which its nearest placed one in order gives it.

    Where the nearest image shares too few points with the model for a pose, its pair still has a rotation.
    """
    number, camera = image
    placed = placed_numbers(model)
    known = sorted(
        (pair for pair in pairs if len(pair.matches) and placed & {pair.earlier, pair.newer}),
        key=_gap,
    )
    if not known or len(known[0].matches) < _LEAST_OF_LARGEST * max(len(pair.matches) for pair in known):
        return pairs
    rotations = {_key(pair): _rotation_by(model, pair, (number, camera), keypoints) for pair in known}
    if (nearest := rotations[_key(known[0])]) is None:
        return pairs
    contradicting = {
        key
        for key, rotation in rotations.items()
        if rotation is not None and _angle_deg(nearest, rotation) > _MOST_TURNED_DEG
    }
    return [pair for pair in pairs if _key(pair) not in contradicting]


def _rotation_by(
    model: Any, pair: Pair, image: tuple[int, Any], keypoints: NDArray[np.float32]
) -> NDArray[np.float64] | None:
    """The rotation (3, 3) from the world to a new image by its pair with a placed one; None if the pair has none."""
    number, camera = image
    is_newer = pair.newer == number
    other = model.image(pair.earlier if is_newer else pair.newer)
    places = np.array([each.xy for each in other.points2D]).reshape(-1, 2)
    sides = (model.camera(other.camera_id), places), (camera, keypoints_in_image(keypoints))
    (camera1, points1), (camera2, points2) = sides if is_newer else sides[::-1]
    geometry = pair.to_colmap()
    if not pycolmap.estimate_two_view_geometry_pose(camera1, points1, camera2, points2, geometry):
        return None
    between = np.asarray(geometry.cam2_from_cam1.rotation.matrix())
    new_from_world: NDArray[np.float64] = (
        between if is_newer else between.T
    ) @ other.cam_from_world().rotation.matrix()
    return new_from_world


def _angle_deg(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.degrees(np.arccos(np.clip((np.trace(one.T @ other) - 1) / 2, -1, 1))))


def _agreeing(pair: Pair, nearest: int, near: tuple[Mask, Rows] | None) -> Pair | None:
    """What is left of a pair of which these matches (rows) are near or not; nothing if it contradicts."""
    if near is None:
        return pair
    is_near, rows = near
    if nearest in (pair.earlier, pair.newer):
        return _without(pair, rows[~is_near])
    return _cleaned(pair, is_near, rows) if is_near.mean() >= _AGREES else None


def without_repeated(model: Any, known: KnownImages) -> KnownImages:
    """Leave out the matches that a model contradicts, if images nearer in order explain it: they only look alike.

    Images that it has not placed keep their credible pairs with placed ones.
    """
    placed, least_gap, doubtful = placed_numbers(model), dict[int, int](), list[tuple[Pair, Mask, Rows]]()
    for number in sorted(placed):
        for pair in known.pairs[number]:
            if pair.newer == number and pair.earlier in placed:
                is_near, rows = _near_in_model(model, pair, known)
                if len(rows) < _LEAST_POINTS:
                    continue
                if is_near.mean() >= _AGREES:
                    for each in (pair.earlier, pair.newer):
                        least_gap[each] = min(_gap(pair), least_gap.get(each, _gap(pair)))
                doubtful.append((pair, is_near, rows))
    cleaned = {
        _key(pair): _cleaned(pair, is_near, rows) if is_near.mean() >= _AGREES else None
        for pair, is_near, rows in doubtful
        if not is_near.all()
        and all(least_gap.get(each, _gap(pair)) < _gap(pair) for each in (pair.earlier, pair.newer))
    }
    for number in sorted(known.pairs.keys() - placed):
        if model.exists_camera(known.camera_ids[number]):
            image, pairs = (number, model.camera(known.camera_ids[number])), known.pairs[number]
            credible = credible_pairs(model, image, known.features[number].keypoints, pairs)
            cleaned |= {_key(pair): None for pair in pairs} | {_key(pair): pair for pair in credible}
    return replace(
        known,
        pairs={
            number: [kept for pair in pairs if (kept := cleaned.get(_key(pair), pair)) is not None]
            for number, pairs in known.pairs.items()
        },
    )


def _near_in_model(model: Any, pair: Pair, known: KnownImages) -> tuple[Mask, Rows]:
    """Which points that the earlier image observes the newer one sees where they match, and the rows of these matches."""
    points, places, rows = _points_seen(model, pair, pair.earlier, known.features[pair.newer].keypoints)
    image = model.image(pair.newer)
    return _are_near(model.camera(image.camera_id), image.cam_from_world(), points, places), rows


def _are_near(camera: Any, cam_from_world: Any, points: NDArray[np.float64], places: NDArray[np.float64]) -> Mask:
    if not len(points):
        return np.zeros(0, np.bool_)
    is_near: Mask = points_errors_px(camera, cam_from_world, points, places) < _NEAR_RATIO * camera.width
    return is_near


def _cleaned(pair: Pair, is_near: Mask, rows: Rows) -> Pair:
    """The pair without matches that are not near; where they are many, also without those of which nothing is known."""
    if is_near.mean() < _AGREES_WHOLLY:
        return replace(pair, matches=pair.matches[rows[is_near]])
    return _without(pair, rows[~is_near])


def _without(pair: Pair, rows: Rows) -> Pair:
    return replace(pair, matches=np.delete(pair.matches, rows, axis=0))


def _points_seen(
    model: Any, pair: Pair, other: int, keypoints: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64], Rows]:
    """The points (N, 3) that one image of a pair observes, the places (N, 2) of the second, and the rows of the matches."""
    column = 0 if pair.earlier == other else 1
    ids = point_ids(model, other)[pair.matches[:, column]]
    rows = np.flatnonzero(ids >= 0)
    points = np.array([model.point3D(int(each)).xyz for each in ids[rows]]).reshape(-1, 3)
    return points, keypoints_in_image(keypoints)[pair.matches[rows, 1 - column]], rows


def _gap(pair: Pair) -> int:
    return pair.newer - pair.earlier


def _key(pair: Pair) -> tuple[int, int]:
    return pair.earlier, pair.newer
