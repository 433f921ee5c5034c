"""Which rotation does the walk give an image, also where the image before it waits?"""

from collections.abc import Sequence

import pytest

from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.sfm.equal_parts.walk import WaitingImage, pair_in_row, turned_alike
from tests.unit.reconstructor.engine.equal_sides import equal_sides
from tests.unit.reconstructor.engine.synthetic import Walk

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
