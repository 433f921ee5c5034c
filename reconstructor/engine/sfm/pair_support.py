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


def credible_pairs(model: Any, camera: Any, keypoints: NDArray[np.float32], pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs of a new image with earlier ones, without those that contradict its nearest one in order.

    Points and not epipolar lines are compared: along a row of windows the lines are the same wherever the image stands.

    Args:
        model: the `pycolmap.Reconstruction`, without the new image.
        camera: the new image's `pycolmap.Camera`.
        keypoints: (N, 4) float32 of the new image, pixels in the first two columns.
        pairs: of the new image, which is the newer one of each.
    """
    placed = placed_numbers(model)
    seen = {}
    for pair in pairs:
        if pair.earlier in placed:
            ids = point_ids(model, pair.earlier)[pair.matches[:, 0]]
            rows = np.flatnonzero(ids >= 0)
            if len(rows) >= _LEAST_POINTS:
                points = np.array([model.point3D(int(each)).xyz for each in ids[rows]])
                seen[pair.earlier] = points, keypoints_in_image(keypoints)[pair.matches[rows, 1]]
    for nearest in sorted(seen, reverse=True)[:_MOST_TRIED]:
        points, places = seen[nearest]
        found = pycolmap.estimate_and_refine_absolute_pose(places, points, camera)
        if found is not None and found["num_inliers"] >= MIN_REGISTRATION_INLIERS:
            shares = {
                earlier: float((points_errors_px(camera, found["cam_from_world"], *each) < _NEAR_PX).mean())
                for earlier, each in seen.items()
            }
            return [pair for pair in pairs if pair.earlier >= nearest or shares.get(pair.earlier, 1.0) >= _CONTRADICTS]
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
    ids = point_ids(model, pair.earlier)[pair.matches[:, 0]]
    rows = np.flatnonzero(ids >= 0)
    if len(rows) < _LEAST_POINTS:
        return None
    points = np.array([model.point3D(int(each)).xyz for each in ids[rows]])
    places = known.features[pair.newer].keypoints[pair.matches[rows, 1], :2]
    image = model.image(pair.newer)
    errors_px = points_errors_px(model.camera(image.camera_id), image.cam_from_world(), points, places)
    return float((errors_px < _NEAR_PX).mean())


def _gap(pair: Pair) -> int:
    return pair.newer - pair.earlier
