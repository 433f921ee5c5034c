"""Which rotation does the walk give a new image? That of its pair with the nearest image in order, which may itself wait.

Where the nearest image waits, pairs in a row lead back to a placed one. Without that, a photograph behind a waiting one is
placed by older ones, and those of an equal side of the building agree with each other. Such a photograph also needs more and
closer points than others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.colmap import keypoints_in_image
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import INLIER_PX, Pair
from reconstructor.engine.sfm.equal_parts.pair_geometry import (
    MOST_TURNED_DEG,
    angle_deg,
    gap_of,
    key_of,
    rotation_between,
    rotation_by,
)
from reconstructor.engine.sfm.model_comparison import placed_numbers, reprojection_errors

_LEAST_OF_LARGEST: Final = 0.3  # matches of the nearest image's pair, of those of the largest one
_LEAST_IN_ROW: Final = 60  # matches that decide against any others: one of 70 was right, against 446 of an equal side
_LEAST_POINTS: Final = 60  # within 4 pixels, of an image that is placed while the one before it waits
_LEAST_CLOSE: Final = 0.8  # of the points that give it its pose: with a wrong pose 0.68, with right ones 0.96 and more
_MOST_STEPS: Final = 20  # back over waiting images


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WaitingImage:
    """An image that waits, as far as the walk over it needs.

    Attributes:
        camera: a `pycolmap.Camera`.
        keypoints: (N, 2) float32 or more columns, pixels in the first two.
        in_row: its pair with the image before it in order, if it has one.
    """

    camera: Any
    keypoints: NDArray[np.float32]
    in_row: Pair | None


LookUp = Callable[[int], WaitingImage | None]  # by number


def turned_alike(
    model: Any, image: tuple[int, Any], keypoints: NDArray[np.float32], pairs: Sequence[Pair], look_up: LookUp
) -> Sequence[Pair]:
    """The pairs that give a new image about the rotation which the walk gives it; all if the walk gives none.

    Where the nearest image shares too little with the model to be placed by it, its pair still has a rotation.

    Args:
        model: the `pycolmap.Reconstruction`, in which the new image is not placed.
        image: number and `pycolmap.Camera` of the new image.
        keypoints: (N, 4) float32 of the new image, pixels in the first two columns.
        pairs: of the new image.
        look_up: gives an image that waits.
    """
    number, placed = image[0], placed_numbers(model)
    known = sorted((pair for pair in pairs if len(pair.matches) and placed & set(key_of(pair))), key=gap_of)
    if not known:
        return pairs
    least = min(_LEAST_IN_ROW, _LEAST_OF_LARGEST * max(len(pair.matches) for pair in known))
    in_row = pair_in_row(pairs, number)
    by_walk = None
    if in_row is not None and len(in_row.matches) >= least and in_row.earlier not in placed:
        by_walk = rotation_over_waiting(model, in_row, (image[1], keypoints), look_up)
    if by_walk is None and len(known[0].matches) < least:
        return pairs
    rotations = {key_of(pair): rotation_by(model, pair, image, keypoints) for pair in known}
    by_walk = rotations[key_of(known[0])] if by_walk is None else by_walk
    if by_walk is None:
        return pairs
    contradicting = {
        key
        for key, rotation in rotations.items()
        if rotation is not None and angle_deg(by_walk, rotation) > MOST_TURNED_DEG
    }
    return [pair for pair in pairs if key_of(pair) not in contradicting or decides(pair)]


def waiting_image(model: Any, cache: Any, pairs: Mapping[int, Iterable[Pair]], number: int) -> WaitingImage | None:
    """An image that a live mapper knows: its camera of the model, its keypoints of the cache, its pair of its `pairs`."""
    if not cache.exists_image(number):
        return None
    image = cache.image(number)
    places = np.array([each.xy for each in image.points2D], np.float32).reshape(-1, 2)
    return WaitingImage(
        camera=model.camera(image.camera_id), keypoints=places, in_row=pair_in_row(pairs.get(number, ()), number)
    )


def known_waiting_image(model: Any, known: KnownImages, number: int) -> WaitingImage | None:
    """An image that is known, by its camera of the model."""
    if number not in known.pairs or not model.exists_camera(known.camera_ids[number]):
        return None
    return WaitingImage(
        camera=model.camera(known.camera_ids[number]),
        keypoints=known.features[number].keypoints,
        in_row=pair_in_row(known.pairs[number], number),
    )


def pair_in_row(pairs: Iterable[Pair], number: int) -> Pair | None:
    """Of these pairs that of an image with the one before it, if matches of it are left."""
    return next((pair for pair in pairs if key_of(pair) == (number - 1, number) and len(pair.matches)), None)


def decides(pair: Pair) -> bool:
    """Whether its images follow each other in order and have enough matches to decide against any other pairs."""
    return gap_of(pair) == 1 and len(pair.matches) >= _LEAST_IN_ROW


def may_be_placed(model: Any, number: int, pairs: Iterable[Pair]) -> bool:
    """Whether an image may have the pose that it got: if the image before it waits though they match well, it must be sure.

    A few points of far houses also fit a wrong pose.

    Args:
        model: the `pycolmap.Reconstruction`, in which the image has a pose and observes the points that gave it.
        number: of the image.
        pairs: of the image.
    """
    in_row = pair_in_row(pairs, number)
    if in_row is None or not decides(in_row) or in_row.earlier in placed_numbers(model):
        return True
    image = model.image(number)
    observations = image.get_observation_points2D()
    ids = np.array([each.point3D_id for each in observations], np.int64)
    places = np.array([each.xy for each in observations]).reshape(-1, 2)
    is_close = reprojection_errors(model, number, ids, places) < INLIER_PX
    return bool(is_close.sum() >= _LEAST_POINTS and is_close.mean() >= _LEAST_CLOSE)


def rotation_over_waiting(
    model: Any, pair: Pair, newer: tuple[Any, NDArray[np.float32]], look_up: LookUp, steps: int = _MOST_STEPS
) -> NDArray[np.float64] | None:
    """The rotation (3, 3) float64 from world to the newer image of a pair in a row, over images that wait, so many at most.

    Args:
        model: the `pycolmap.Reconstruction`.
        pair: of the image and the one before it.
        newer: `pycolmap.Camera` and keypoints (N, 4) float32 of the image, in pixels in the first two columns.
        look_up: gives an image that waits.
        steps: how many may wait.
    """
    if pair.earlier in placed_numbers(model):
        return rotation_by(model, pair, (pair.newer, newer[0]), newer[1])
    between = look_up(pair.earlier) if steps else None
    if between is None or between.in_row is None:
        return None
    earlier = between.camera, between.keypoints
    earlier_from_world = rotation_over_waiting(model, between.in_row, earlier, look_up, steps - 1)
    if earlier_from_world is None:
        return None
    sides = ((camera, keypoints_in_image(each)) for camera, each in (earlier, newer))
    newer_from_earlier = rotation_between(pair, *sides)
    return None if newer_from_earlier is None else newer_from_earlier @ earlier_from_world
