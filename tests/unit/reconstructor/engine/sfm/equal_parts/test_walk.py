"""Which rotation does the walk give an image, also where the image before it waits?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.sfm.equal_parts.walk import WaitingImage, decides, may_be_placed, pair_in_row, turned_alike
from tests.unit.reconstructor.engine.equal_sides import equal_sides
from tests.unit.reconstructor.engine.spoiled import set_pose
from tests.unit.reconstructor.engine.synthetic import Walk, seen_points

PLACED, NEWEST = 3, 6


@pytest.fixture(scope="module")
def walk() -> Walk:
    """Three images are placed, and two after them are known and wait."""
    walk = Walk(equal_sides())
    for number in range(1, PLACED + 1):
        walk.add(number)
    assert walk.mapper.placed_numbers() == list(range(1, PLACED + 1))
    return walk


def pairs_of(walk: Walk, number: int, others: Sequence[int]) -> list[Pair]:
    return [pair for other in others if (pair := walk.pair(other, number)) is not None]


def earlier_of_kept(walk: Walk, pairs: Sequence[Pair], waiting: dict[int, WaitingImage]) -> list[int]:
    image, keypoints = (pairs[0].newer, walk.mapper.camera(1)), walk.seen.features[pairs[0].newer - 1].keypoints
    return [pair.earlier for pair in turned_alike(walk.mapper.model, image, keypoints, pairs, waiting.get)]


def test_pairs_in_a_row_lead_over_waiting_images_to_a_placed_one(walk: Walk) -> None:
    pairs = [*pairs_of(walk, NEWEST, [1, 2, 3]), *pairs_of(walk, NEWEST, [NEWEST - 1])]
    false = [pair.earlier for pair in pairs if pair.earlier <= PLACED]
    assert false
    assert pairs[-1].earlier == NEWEST - 1
    waiting = {
        number: WaitingImage(
            camera=walk.mapper.camera(1),
            keypoints=walk.seen.features[number - 1].keypoints,
            in_row=pair_in_row(pairs_of(walk, number, [number - 1]), number),
        )
        for number in range(PLACED + 1, NEWEST)
    }
    assert earlier_of_kept(walk, pairs, waiting) == [NEWEST - 1]
    assert set(false) <= set(earlier_of_kept(walk, pairs, {}))  # nothing tells them from true ones


def test_a_walk_that_is_broken_gives_no_rotation(walk: Walk) -> None:
    pairs = [*pairs_of(walk, NEWEST, [1, 2, 3]), *pairs_of(walk, NEWEST, [NEWEST - 1])]
    alone = WaitingImage(camera=walk.mapper.camera(1), keypoints=walk.seen.features[NEWEST - 2].keypoints, in_row=None)
    assert earlier_of_kept(walk, pairs, {NEWEST - 1: alone}) == earlier_of_kept(walk, pairs, {})


def test_a_pair_in_a_row_is_that_with_the_image_before(walk: Walk) -> None:
    pairs = pairs_of(walk, NEWEST, range(1, NEWEST))
    in_row = pair_in_row(pairs, NEWEST)
    assert in_row is not None
    assert in_row.earlier == NEWEST - 1
    assert pair_in_row(pairs[:-1], NEWEST) is None


def with_matches(pair: Pair, count: int) -> Pair:
    return replace(pair, matches=pair.matches[:count])


def test_sixty_matches_with_the_image_before_decide_against_any_number_of_others(walk: Walk) -> None:
    number = PLACED + 1
    pairs = pairs_of(walk, number, range(1, number))
    others = [replace(pair, matches=np.repeat(pair.matches, 10, axis=0)) for pair in pairs[:-1]]
    assert others
    weaker = [*others, with_matches(pairs[-1], 40)]
    assert earlier_of_kept(walk, weaker, {}) == [pair.earlier for pair in weaker]
    assert earlier_of_kept(walk, [*others, with_matches(pairs[-1], 60)], {}) == [PLACED]
    assert decides(with_matches(pairs[-1], 60))
    assert not decides(with_matches(pairs[-1], 59))
    assert not decides(others[0])


@pytest.fixture
def passing() -> Walk:
    """The image before the last one waits."""
    walk = Walk(seen_points(cameras=4))
    for number in range(1, 5):
        walk.add(number)
    walk.mapper.remove(3)
    assert walk.mapper.placed_numbers() == [1, 2, 4]
    return walk


def test_many_close_points_place_an_image_though_the_one_before_waits(passing: Walk) -> None:
    assert may_be_placed(passing.mapper.model, 4, passing.known.pairs[4])


def test_points_that_fit_loosely_do_not_place_an_image_while_the_one_before_waits(passing: Walk) -> None:
    image = passing.mapper.model.image(4)
    pose = image.cam_from_world()
    set_pose(image, pose.rotation.matrix(), np.asarray(pose.translation) + np.array([1.0, 0.0, 0.0]))
    pairs = passing.known.pairs[4]
    assert not may_be_placed(passing.mapper.model, 4, pairs)
    assert may_be_placed(passing.mapper.model, 4, [with_matches(pair, 59) for pair in pairs])
    assert may_be_placed(passing.mapper.model, 4, [pair for pair in pairs if pair.earlier != 3])


def test_few_points_do_not_place_an_image_while_the_one_before_waits(passing: Walk) -> None:
    model = passing.mapper.model
    ids = [each.point3D_id for each in model.image(4).get_observation_points2D()]
    for point_id in ids[59:]:
        model.delete_point3D(point_id)
    assert not may_be_placed(model, 4, passing.known.pairs[4])


def test_the_mapper_lets_such_an_image_wait(passing: Walk) -> None:
    """All but a few of the points that it could be placed by are gone, and come back."""
    model, mapper = passing.mapper.model, passing.mapper
    whole = pycolmap.Reconstruction(model)
    mapper.remove(4)
    for point_id in list(model.points3D)[50:]:
        model.delete_point3D(point_id)
    assert not mapper.register(4)
    assert not mapper.is_placed(4)
    mapper.swap(whole)
    mapper.remove(4)
    assert mapper.register(4)
