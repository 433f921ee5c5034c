"""How well do two models agree, and a model with its matches? Aligned camera centres, Sampson and reprojection errors."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.clouds.similarity import Sim3, estimate_similarity_robustly
from reconstructor.engine.features.epipolar import rays_of_places, sampson_errors
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import INLIER_PX, Pair

_POINTS_AN_IMAGE: Final = 200
_MOST_IMAGES: Final = 200  # of a larger model every second, or every tenth: asking COLMAP for each point takes seconds
_TIGHT_PX: Final = 0.3  # matches within it tell good models from better ones; those within 4 do not
_TIGHT_AT_SIDE_PX: Final = 1224  # of larger images, features are as exact relative to the size


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchShares:
    """How many of an image's verified matches with other placed images agree with the model.

    Attributes:
        matches: all of them.
        inliers: those within 4 pixels of their epipolar lines.
        tight: those within 0.3 pixels.
    """

    matches: int = 0
    inliers: int = 0
    tight: int = 0

    def joined(self, other: "MatchShares") -> "MatchShares":
        return MatchShares(
            matches=self.matches + other.matches,
            inliers=self.inliers + other.inliers,
            tight=self.tight + other.tight,
        )


def placed_numbers(model: Any) -> set[int]:
    return set(model.reg_image_ids())


def similarity_between(target: Any, source: Any) -> Sim3:
    """`target_from_source` of two models, from the points that their common images observe with the same feature.

    Points and not camera centres, because cameras on a straight line do not determine the rotation about it, and because
    viewers see the points.

    Raises:
        DegenerateGeometryError: the models share too few points.
    """
    in_source, in_target = [], []
    common = sorted(placed_numbers(source) & placed_numbers(target))
    for number in common[:: max(1, len(common) // _MOST_IMAGES)]:
        ids_source, ids_target = point_ids(source, number), point_ids(target, number)
        shared = np.flatnonzero((ids_source >= 0) & (ids_target >= 0))
        for index in shared[:: max(1, len(shared) // _POINTS_AN_IMAGE)]:
            in_source.append(source.point3D(int(ids_source[index])).xyz)
            in_target.append(target.point3D(int(ids_target[index])).xyz)
    return estimate_similarity_robustly(np.array(in_source).reshape(-1, 3), np.array(in_target).reshape(-1, 3))


def point_ids(model: Any, number: int) -> NDArray[np.int64]:
    """The id (N,) int64 of the point that each of the N features of an image observes; -1 for none."""
    image = model.image(number)
    ids = np.full(image.num_points2D(), -1, np.int64)
    ids[image.get_observation_point2D_idxs()] = [each.point3D_id for each in image.get_observation_points2D()]
    return ids


def camera_jumps(before: Any, after: Any, before_from_after: Sim3) -> NDArray[np.float64]:
    """(N,) distance that each common camera moves when `after` replaces `before`, as a ratio to their extent before."""
    numbers = sorted(placed_numbers(before) & placed_numbers(after))
    old = _centers(before, numbers)
    new = before_from_after.apply(_centers(after, numbers))
    extent = float(np.linalg.norm(np.ptp(old, axis=0)))
    jumps: NDArray[np.float64] = np.linalg.norm(new - old, axis=1) / max(extent, 1e-12)
    return jumps


def epipolar_inlier_share(model: Any, known: KnownImages, numbers: Iterable[int]) -> float:
    """The share of the verified matches among these images whose Sampson error under the model is below 4 pixels."""
    return _share_among(model, known, numbers, lambda _number: INLIER_PX)


def tight_share_among(model: Any, known: KnownImages, numbers: Iterable[int]) -> float:
    """The share of the verified matches among these images that agree closely with the model."""
    return _share_among(model, known, numbers, lambda number: tight_bound_px(model, number))


def _share_among(model: Any, known: KnownImages, numbers: Iterable[int], bound_px_of: Callable[[int], float]) -> float:
    inliers = total = 0
    for pair, errors_px in pair_errors(model, known, numbers):
        inliers += int((errors_px < bound_px_of(pair.newer)).sum())
        total += len(errors_px)
    return inliers / total if total else 0.0


def pair_errors(model: Any, known: KnownImages, numbers: Iterable[int]) -> Iterator[tuple[Pair, NDArray[np.float64]]]:
    """Each pair among these placed images with the Sampson errors (M,) of its matches, pixels; inf behind a camera."""
    numbers = set(numbers)
    rays = {number: rays_of(model, number, known.features[number].keypoints) for number in numbers}
    for number in sorted(numbers):
        for pair in known.pairs[number]:
            if pair.newer == number and pair.earlier in numbers:
                yield pair, match_errors_px(model, pair, rays)


def match_shares(model: Any, known: KnownImages) -> dict[int, MatchShares]:
    """How each placed image's matches with the other placed images agree with the model."""
    placed = placed_numbers(model)
    shares = dict.fromkeys(sorted(placed), MatchShares())
    for pair, errors_px in pair_errors(model, known, placed):
        found = MatchShares(
            matches=len(errors_px),
            inliers=int((errors_px < INLIER_PX).sum()),
            tight=int((errors_px < tight_bound_px(model, pair.newer)).sum()),
        )
        for number in (pair.earlier, pair.newer):
            shares[number] = shares[number].joined(found)
    return shares


def tight_share(model: Any, known: KnownImages) -> float:
    """The share of all verified matches that agree closely with the model; those of images not placed count, too."""
    tight = sum(
        int((errors_px < tight_bound_px(model, pair.newer)).sum())
        for pair, errors_px in pair_errors(model, known, placed_numbers(model))
    )
    total = sum(len(pair.matches) for number in known.numbers for pair in known.pairs[number] if pair.newer == number)
    return tight / total if total else 0.0


def tight_bound_px(model: Any, number: int) -> float:
    """0.3 pixels, in images above 1,224 pixels in proportion."""
    camera = model.camera(model.image(number).camera_id)
    return _TIGHT_PX * max(1.0, float(max(camera.width, camera.height)) / _TIGHT_AT_SIDE_PX)


def reprojection_inlier_share(model: Any, known: KnownImages, numbers: Iterable[int]) -> float:
    """The share of the model's own observations in these images that lie within 4 pixels of their points."""
    inliers = total = 0
    for number in numbers:
        ids = point_ids(model, number)
        seen = np.flatnonzero(ids >= 0)
        if len(seen):
            errors_px = reprojection_errors(model, number, ids[seen], known.features[number].keypoints[seen, :2])
            inliers += int((errors_px < INLIER_PX).sum())
            total += len(seen)
    return inliers / total if total else 0.0


def reprojection_errors(
    model: Any, number: int, ids: NDArray[np.int64], observed: NDArray[np.floating]
) -> NDArray[np.float64]:
    """(N,) distances in pixels between projected points and their observations.

    Args:
        model: the `pycolmap.Reconstruction`.
        number: of the image that observes the points.
        ids: (N,) int64, of the points.
        observed: (N, 2) in pixels of the image that COLMAP knows.

    Returns:
        (N,) float64; inf for points behind the camera.
    """
    image = model.image(number)
    points = np.array([model.point3D(int(point_id)).xyz for point_id in ids]).reshape(-1, 3)
    return points_errors_px(model.camera(image.camera_id), image.cam_from_world(), points, observed)


def points_errors_px(
    camera: Any, cam_from_world: Any, points_in_world: NDArray[np.float64], observed: NDArray[np.floating]
) -> NDArray[np.float64]:
    """(N,) float64 distances in pixels between projected points (N, 3) and (N, 2) pixels; inf for points behind the camera."""
    in_camera = cam_from_world * points_in_world
    is_ahead = in_camera[:, 2] > 0
    errors = np.full(len(points_in_world), np.inf)
    pixels = camera.img_from_cam(np.ascontiguousarray(in_camera[is_ahead]))
    errors[is_ahead] = np.linalg.norm(pixels - observed[is_ahead], axis=1)
    return np.where(np.isfinite(errors), errors, np.inf)


def focal_change_ratio(before: Any, after: Any) -> float:
    """The largest relative change of a focal length among the cameras of both models' placed images."""
    pairs = {
        (before.image(number).camera_id, after.image(number).camera_id)
        for number in placed_numbers(before) & placed_numbers(after)
    }
    changes = [
        abs(np.log(after.camera(later).mean_focal_length() / before.camera(earlier).mean_focal_length()))
        for earlier, later in pairs
    ]
    return float(np.expm1(max(changes, default=0.0)))


def _centers(model: Any, numbers: Iterable[int]) -> NDArray[np.float64]:
    return np.array([model.image(number).projection_center() for number in numbers]).reshape(-1, 3)


def rays_of(model: Any, number: int, keypoints: NDArray[np.float32]) -> NDArray[np.float64]:
    """The rays (N, 3) float64 of keypoints (N, 4) float32, pixels, in the camera frame, with z = 1, by the model's intrinsics."""
    return rays_of_places(model.camera(model.image(number).camera_id), keypoints[:, :2])


def match_errors_px(model: Any, pair: Pair, rays: dict[int, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Sampson errors (M,) float64 of a pair's matches, in pixels of the newer image; inf behind the camera.

    Args:
        model: the `pycolmap.Reconstruction`.
        pair: of two placed images.
        rays: (N, 3) of each image's features, in the camera frame, with z = 1.
    """
    newer = model.image(pair.newer)
    newer_from_earlier = newer.cam_from_world() * model.image(pair.earlier).cam_from_world().inverse()
    first, second = rays[pair.earlier][pair.matches[:, 0]], rays[pair.newer][pair.matches[:, 1]]
    focal_px = float(model.camera(newer.camera_id).mean_focal_length())
    return focal_px * sampson_errors(newer_from_earlier, first, second)
