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

_NEAR_PX: Final = 8.0
_LEAST_POINTS: Final = 15  # of a pair
_AGREES: Final = 0.5  # share of a pair's points that are near
_CONTRADICTS: Final = 0.25
_MOST_TRIED: Final = 3


def credible_pairs(
    model: Any, image: tuple[int, Any], keypoints: NDArray[np.float32], pairs: Sequence[Pair]
) -> list[Pair]:
    """The pairs of a new image, without those that contradict its nearest one in order.

    Points and not epipolar lines are compared: along a row of windows the lines are the same wherever the image stands.

    Args:
        model: the `pycolmap.Reconstruction`, in which the new image is not placed.
        image: number and `pycolmap.Camera` of the new image.
        keypoints: (N, 4) float32 of the new image, pixels in the first two columns.
        pairs: of the new image.
    """
    number, camera = image
    placed = placed_numbers(model)
    seen = {}
    for pair in pairs:
        if (other := pair.earlier if pair.newer == number else pair.newer) in placed:
            points, places = _points_seen(model, pair, other, keypoints)
            if len(points) >= _LEAST_POINTS:
                seen[other] = points, places
    for nearest in sorted(seen, key=lambda other: abs(other - number))[:_MOST_TRIED]:
        found = pycolmap.estimate_and_refine_absolute_pose(seen[nearest][1], seen[nearest][0], camera)
        if found is not None and found["num_inliers"] >= MIN_REGISTRATION_INLIERS:
            contradicting = {
                other
                for other, each in seen.items()
                if abs(other - number) > abs(nearest - number)
                and (points_errors_px(camera, found["cam_from_world"], *each) < _NEAR_PX).mean() < _CONTRADICTS
            }
            return [pair for pair in pairs if not contradicting & {pair.earlier, pair.newer}]
    return list(pairs)


def without_repeated(model: Any, known: KnownImages) -> KnownImages:
    """Leave out the pairs that a model contradicts, and that images nearer in order explain: they only look alike."""
    placed, least_gap, contradicting = placed_numbers(model), dict[int, int](), list[Pair]()
    for number in sorted(placed):
        for pair in known.pairs[number]:
            if pair.newer == number and pair.earlier in placed:
                share = _share(model, pair, known)
                if share is not None and share >= _AGREES:
                    for each in (pair.earlier, pair.newer):
                        least_gap[each] = min(_gap(pair), least_gap.get(each, _gap(pair)))
                elif share is not None and share < _CONTRADICTS:
                    contradicting.append(pair)
    repeated = {
        (pair.earlier, pair.newer)
        for pair in contradicting
        if all(least_gap.get(each, _gap(pair)) < _gap(pair) for each in (pair.earlier, pair.newer))
    }
    return replace(
        known,
        pairs={
            number: [pair for pair in pairs if (pair.earlier, pair.newer) not in repeated]
            for number, pairs in known.pairs.items()
        },
    )


def _share(model: Any, pair: Pair, known: KnownImages) -> float | None:
    """Of the points that the earlier image of a pair observes, the share that the newer one sees where they match."""
    points, places = _points_seen(model, pair, pair.earlier, known.features[pair.newer].keypoints)
    if len(points) < _LEAST_POINTS:
        return None
    image = model.image(pair.newer)
    errors_px = points_errors_px(model.camera(image.camera_id), image.cam_from_world(), points, places)
    return float((errors_px < _NEAR_PX).mean())


def _points_seen(
    model: Any, pair: Pair, other: int, keypoints: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The points (N, 3) that one image of a pair observes, and the places (N, 2) of the matching keypoints of the second."""
    column = 0 if pair.earlier == other else 1
    ids = point_ids(model, other)[pair.matches[:, column]]
    rows = np.flatnonzero(ids >= 0)
    points = np.array([model.point3D(int(each)).xyz for each in ids[rows]]).reshape(-1, 3)
    return points, keypoints_in_image(keypoints)[pair.matches[rows, 1 - column]]


def _gap(pair: Pair) -> int:
    return pair.newer - pair.earlier
