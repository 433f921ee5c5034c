"""Is a picture of a photograph told from a second photograph, also from one of the same place?"""

import numpy as np
import pytest
from numpy.typing import NDArray

from reconstructor.engine.features.copies import is_copy, without_copies
from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair, PairEstimator
from reconstructor.engine.sfm.incremental_mapper import camera_of_sensor
from reconstructor.engine.sfm.waiting_reasons import COPY, why_waiting
from tests.unit.reconstructor.engine.synthetic import FOCAL_PX, HEIGHT_PX, WIDTH_PX, features_at

_SIZE = (WIDTH_PX, HEIGHT_PX)
_MIDDLE = np.array(_SIZE) / 2


def seen() -> NDArray[np.float64]:
    """Pixels (N, 2) of points in one photograph."""
    return np.random.default_rng(1).uniform(20, [WIDTH_PX - 20, HEIGHT_PX - 20], (300, 2))


def facts(number: int) -> ImageFacts:
    return ImageFacts(
        image_id=f"{number}",
        path=f"{number}.jpg",
        file_name=f"{number}.jpg",
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        sensor_name="a",
        reduced_width_px=WIDTH_PX,
        reduced_height_px=HEIGHT_PX,
        intrinsics=None,
        focal_px=None,
    )


def pairs_with(
    known: KnownImages,
    number: int,
    pixels: NDArray[np.float64],
    camera_id: int = 1,
    matching: NDArray[np.bool_] | None = None,
) -> list[int]:
    """Add an image that sees the points of image 1 at these pixels, of which some match; returns what it is paired with."""
    noise = np.random.default_rng(number).normal(scale=0.2, size=pixels.shape)
    features, camera = features_at(pixels + noise), camera_of_sensor(1, facts(1).sensor)
    own = camera_of_sensor(camera_id, facts(1).sensor)
    rows = np.arange(len(pixels)) if matching is None else np.flatnonzero(matching)
    matches = np.stack([rows] * 2, axis=1).astype(np.uint32)
    found = [
        PairEstimator(seed=0).estimate(
            (other, number), (camera, camera), (known.features[other].keypoints, features.keypoints), matches
        )
        for other in known.numbers
    ]
    pairs = without_copies(
        number, [pair for pair in found if pair], features, lambda one: own if one == number else camera, known
    )
    known.add(number, facts(number), features, pairs)
    return [pair.earlier for pair in pairs if len(pair.matches)]


@pytest.fixture
def known() -> KnownImages:
    images = KnownImages()
    images.add(1, facts(1), features_at(seen()), [])
    return images


def turned(degrees: float) -> NDArray[np.float64]:
    """What the camera sees after it was turned where it stands."""
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    rays = np.concatenate([(seen() - _MIDDLE) / FOCAL_PX, np.ones((300, 1))], axis=1) @ rotation.T
    pixels: NDArray[np.float64] = rays[:, :2] / rays[:, 2:] * FOCAL_PX + _MIDDLE
    return pixels


@pytest.mark.parametrize(
    "pixels",
    [np.add(0.75 * seen(), (60, 10)), 0.5 * seen(), 2.0 * (seen() - [100, 120]), np.add(seen(), (12, 0))],
    ids=["screenshot", "collage", "crop", "bars"],
)
def test_a_copy_keeps_no_match_and_is_named(known: KnownImages, pixels: NDArray[np.float64]) -> None:
    assert pairs_with(known, 2, pixels) == []
    assert is_copy(known.pairs[2], 2)
    assert not is_copy(known.pairs[1], 1)
    reason = why_waiting(
        is_only_image=False, feature_count=300, pairs=known.pairs[2], placed={1}, number=2, visible_point_count=0
    )
    assert reason == COPY


@pytest.mark.parametrize(
    "pixels",
    [seen(), 1.35 * (seen() - _MIDDLE) + _MIDDLE, turned(2.0), turned(5.0)],
    ids=["sent twice", "zoom", "turned", "turned more"],
)
def test_a_photograph_from_the_same_place_is_no_copy(known: KnownImages, pixels: NDArray[np.float64]) -> None:
    assert pairs_with(known, 2, pixels) == [1]


def with_relief(known: KnownImages) -> None:
    """Add an image from another place, whose matches tell that the points are near and far."""
    nearness = np.random.default_rng(2).uniform(0.5, 1.5, (len(seen()), 1))
    assert pairs_with(known, 2, seen() + nearness * [60, 5]) == [1]
    assert known.pairs[1][0].has_parallax


def print_on_a_wall() -> NDArray[np.float64]:
    """Where the points are in a photograph of a print, taken a little from the side."""
    rays = np.concatenate([seen() - _MIDDLE, np.full((300, 1), FOCAL_PX)], axis=1) * [0.6, 0.6, 1.0]
    pixels: NDArray[np.float64] = rays[:, :2] / (1 + 0.0003 * rays[:, :1]) + _MIDDLE
    return pixels


@pytest.mark.parametrize("pixels", [print_on_a_wall(), 0.5 * (seen() - _MIDDLE) + _MIDDLE], ids=["print", "in a frame"])
def test_a_photograph_of_a_print_is_a_copy(known: KnownImages, pixels: NDArray[np.float64]) -> None:
    with_relief(known)
    assert pairs_with(known, 3, pixels) == []
    assert is_copy(known.pairs[3], 3)


_IS_WALL = np.arange(300) % 3 > 0


def wall(aside: float, degrees: float) -> NDArray[np.float64]:
    """Where the points of a wall and of things before it are for a camera that stands aside and is turned back to it."""
    depth, angle = np.where(_IS_WALL, 1.0, np.linspace(0.5, 0.9, 300))[:, None], np.radians(degrees)
    points = np.concatenate([(seen() - _MIDDLE) / FOCAL_PX * depth, depth], axis=1) - [aside, 0.0, 0.0]
    rotation = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    rays = points @ rotation.T
    pixels: NDArray[np.float64] = rays[:, :2] / rays[:, 2:] * FOCAL_PX + _MIDDLE
    return pixels


def test_a_wall_is_no_print_of_itself_where_only_the_wall_matches(known: KnownImages) -> None:
    assert pairs_with(known, 2, wall(0.5, -30.0)) == [1]
    assert known.pairs[2][0].has_parallax
    assert pairs_with(known, 3, wall(0.9, -42.0), matching=_IS_WALL) == [1, 2]


def test_a_camera_that_slides_along_a_fresco_takes_no_copies(known: KnownImages) -> None:
    slid = np.subtract(seen(), (0.3 * WIDTH_PX, 0))
    both = slid[:, 0] > 0
    features = features_at(
        np.concatenate([slid[both], np.random.default_rng(5).uniform([340, 20], [470, 340], (90, 2))])
    )
    matches = np.stack([np.flatnonzero(both), np.arange(both.sum())], axis=1).astype(np.uint32)
    camera = camera_of_sensor(1, facts(1).sensor)
    pair = PairEstimator(seed=0).estimate(
        (1, 2), (camera, camera), (known.features[1].keypoints, features.keypoints), matches
    )
    assert pair is not None
    assert without_copies(2, [pair], features, lambda _: camera, known) == (pair,)


def test_a_flat_object_seen_from_elsewhere_is_no_copy(known: KnownImages) -> None:
    assert pairs_with(known, 2, print_on_a_wall()) == [1]


@pytest.mark.parametrize("pixels", [turned(15.0), 1.35 * (seen() - _MIDDLE) + _MIDDLE], ids=["turned", "zoom"])
def test_a_turned_or_zoomed_photograph_is_no_copy(known: KnownImages, pixels: NDArray[np.float64]) -> None:
    with_relief(known)
    assert 1 in pairs_with(known, 3, pixels)


def test_a_zoom_that_exif_tells_of_but_not_how_far_is_no_copy(known: KnownImages) -> None:
    with_relief(known)
    assert 1 in pairs_with(known, 3, 2.0 * (seen() - _MIDDLE) + _MIDDLE, camera_id=2)


def test_later_photographs_are_not_paired_with_a_copy(known: KnownImages) -> None:
    pairs_with(known, 2, 0.5 * seen())
    assert pairs_with(known, 3, turned(5.0)) == [1]


def test_an_equal_side_of_a_building_is_no_copy_because_it_matches_another_photograph_better(
    known: KnownImages,
) -> None:
    with_relief(known)
    pixels, is_alike = np.subtract(seen(), (12, 0)), np.arange(300) < 200
    features, camera = features_at(pixels), camera_of_sensor(1, facts(1).sensor)

    def pair_with(other: int, count: int) -> Pair:
        matches = np.stack([np.arange(count)] * 2, axis=1).astype(np.uint32)
        places = known.features[other].keypoints, features.keypoints
        pair = PairEstimator(seed=0).estimate((other, 3), (camera, camera), places, matches)
        assert pair is not None
        return pair

    pairs = [pair_with(1, int(is_alike.sum())), pair_with(2, 300)]
    assert without_copies(3, pairs[:1], features, lambda _: camera, known) != tuple(pairs[:1])
    assert without_copies(3, pairs, features, lambda _: camera, known) == tuple(pairs)


def test_an_equal_side_is_no_copy_where_the_photograph_before_sees_other_things(known: KnownImages) -> None:
    """Half of the features match the equal side, the other half the photograph before, in which a copy's would match the same."""
    with_relief(known)
    side = np.random.default_rng(5).uniform(20, [WIDTH_PX - 20, HEIGHT_PX - 20], (200, 2))
    nearness = np.random.default_rng(6).uniform(0.5, 1.5, (200, 1))
    before = known.features[2].keypoints[:, :2]
    grown = features_at(np.concatenate([before, side - nearness * [60, 5]]))
    known.add(2, facts(2), grown, known.pairs[2])
    features, camera = features_at(np.concatenate([seen() - [12, 0], side])), camera_of_sensor(1, facts(1).sensor)

    def pair_with(other: int, here: NDArray[np.int64], there: NDArray[np.int64]) -> Pair:
        matches = np.stack([here, there], axis=1).astype(np.uint32)
        places = known.features[other].keypoints, features.keypoints
        pair = PairEstimator(seed=0).estimate((other, 3), (camera, camera), places, matches)
        assert pair is not None
        return pair

    looks_copied = pair_with(1, np.arange(300), np.arange(300))
    in_row = pair_with(2, 300 + np.arange(200), 300 + np.arange(200))
    of_copy = pair_with(2, np.arange(300), np.arange(300))
    assert in_row.has_parallax
    assert of_copy.has_parallax
    assert without_copies(3, [looks_copied, in_row], features, lambda _: camera, known) == (looks_copied, in_row)
    kept = without_copies(3, [looks_copied, of_copy], features, lambda _: camera, known)
    assert is_copy(kept, 3)


def test_matches_near_the_border_that_all_move_alike_are_no_pair_and_no_mark_of_a_copy(known: KnownImages) -> None:
    """As a date in the corner, or houses far behind an object."""
    corner = np.random.default_rng(4).uniform((4, 4), (WIDTH_PX * 0.3, HEIGHT_PX * 0.04), (80, 2))
    camera, matches = camera_of_sensor(1, facts(1).sensor), np.stack([np.arange(80)] * 2, axis=1).astype(np.uint32)
    places = features_at(corner).keypoints, features_at(np.add(corner, (3.0, 1.0))).keypoints
    assert PairEstimator(seed=0).estimate((1, 2), (camera, camera), places, matches) is None
    stamped = Pair(earlier=1, newer=2, matches=matches, configuration=7, matrices=np.full((3, 3, 3), np.nan))
    assert not is_copy([stamped], 2)
