"""Which pairs of an image are credible? Those that agree with where its nearest placed one in order puts it.

Equal parts of a building give matches that are as many and as exact as true ones. What tells them apart is the order of
the photographs: a photographer walks, so the nearest ones in order see the same part.

Source: Roberts, Sinha, Szeliski and Steedly, "Structure from motion for scenes with large duplicate structures", CVPR 2011.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.sfm.equal_parts.pair_geometry import (
    AGREES,
    LEAST_POINTS,
    MOST_TURNED_DEG,
    Mask,
    Rows,
    angle_deg,
    are_near,
    cleaned_pair,
    gap_of,
    key_of,
    matched_places,
    meets_lines,
    points_seen,
    pose_by,
    rotation_by,
    without_rows,
)
from reconstructor.engine.sfm.equal_parts.walk import LookUp, decides, turned_alike
from reconstructor.engine.sfm.model_comparison import placed_numbers

_MOST_TRIED: Final = 3


def credible_pairs(
    model: Any, image: tuple[int, Any], keypoints: NDArray[np.float32], pairs: Sequence[Pair], look_up: LookUp
) -> list[Pair]:
    """The pairs of a new image, without the matches that contradict its nearest one in order.

    Points and not epipolar lines are compared: along a row of windows the lines are the same wherever the image stands.

    Args:
        model: the `pycolmap.Reconstruction`, in which the new image is not placed.
        image: number and `pycolmap.Camera` of the new image.
        keypoints: (N, 4) float32 of the new image, pixels in the first two columns.
        pairs: of the new image.
        look_up: gives an image that waits.
    """
    number, camera = image
    placed, every = placed_numbers(model), len(pairs)
    pairs = turned_alike(model, image, keypoints, pairs, look_up)
    is_disputed, doubtful, seen = len(pairs) < every, set[int](), {}
    for pair in pairs:
        if (other := KnownImages.other(pair, number)) in placed:
            found = points_seen(model, pair, other, keypoints)
            if len(found[0]) >= LEAST_POINTS:
                seen[other] = found
    by_other = {KnownImages.other(pair, number): pair for pair in pairs}
    beside = [pair for pair in pairs if decides(pair) and KnownImages.other(pair, number) in placed]
    for nearest in sorted(seen, key=lambda other: abs(other - number))[:_MOST_TRIED]:
        rotation = rotation_by(model, by_other[nearest], image, keypoints)

        def is_possible(pose: Any, rotation: NDArray[np.float64] | None = rotation) -> bool:
            is_turned = rotation is not None and angle_deg(rotation, pose.rotation.matrix()) > MOST_TURNED_DEG
            return not is_turned and all(meets_lines(model, each, image, keypoints, pose) for each in beside)

        pose = pose_by(camera, *seen[nearest][:2], is_possible)
        if pose is not None:
            near = {other: (are_near(camera, pose, *each[:2]), each[2]) for other, each in seen.items()}
            agreeing = [_agreeing(pair, nearest, near.get(pair.earlier, near.get(pair.newer))) for pair in pairs]
            kept = [pair if decides(pair) else each for pair, each in zip(pairs, agreeing, strict=True)]
            return [pair for pair in kept if pair is not None]
        if is_disputed or any(len(pair.matches) and gap_of(pair) < gap_of(by_other[nearest]) for pair in pairs):
            # Pairs disagree, or nearer images match but are not placed: a pair must at least agree with itself.
            is_other_pose = gap_of(by_other[nearest]) > 1 and pose_by(camera, *seen[nearest][:2]) is not None
            doubtful |= {nearest} if is_other_pose else set()
    return [pair for pair in pairs if KnownImages.other(pair, number) not in doubtful]


def agrees_with_nearest(model: Any, number: int, pairs: Sequence[Pair]) -> bool:
    """Whether an image and its nearest placed one see each other's points where they match; true if it is not placed.

    With the images before and after it in order, most matches must agree with epipolar lines, too: they may share no points.
    """
    placed = placed_numbers(model)
    if number not in placed:
        return True
    own = [each for each in pairs if number in key_of(each) and placed.issuperset(key_of(each))]
    if not all(is_on_lines(model, number, pair) for pair in own if decides(pair)):
        return False
    for pair in sorted(own, key=gap_of)[:_MOST_TRIED]:
        if len(pair.matches):
            other = KnownImages.other(pair, number)
            shares = [_share_near(model, pair, *both) for both in ((other, number), (number, other))]
            if shares[0] is not None:
                return all(share is None or share >= AGREES for share in shares)
    return True


def is_on_lines(model: Any, number: int, pair: Pair) -> bool:
    """Whether most matches of an image with another placed one agree with the epipolar lines of their poses."""
    image = model.image(number)
    keypoints = matched_places(image, pair.matches[:, 1 if pair.newer == number else 0]).astype(np.float32)
    return meets_lines(model, pair, (number, model.camera(image.camera_id)), keypoints, image.cam_from_world())


def _share_near(model: Any, pair: Pair, observer: int, number: int) -> float | None:
    """The share of the points which one image observes that another one sees near its matches; None of too few points."""
    image = model.image(number)
    keypoints = matched_places(image, pair.matches[:, 1 if pair.earlier == observer else 0]).astype(np.float32)
    points, places, _ = points_seen(model, pair, observer, keypoints)
    if len(points) < LEAST_POINTS:
        return None
    return float(are_near(model.camera(image.camera_id), image.cam_from_world(), points, places).mean())


def _agreeing(pair: Pair, nearest: int, near: tuple[Mask, Rows] | None) -> Pair | None:
    """What is left of a pair of which these matches (rows) are near or not; nothing if it contradicts."""
    if near is None:
        return pair
    is_near, rows = near
    if nearest in (pair.earlier, pair.newer):
        return without_rows(pair, rows[~is_near])
    return cleaned_pair(pair, is_near, rows) if is_near.mean() >= AGREES else None
