"""Is the cut found at which a graph hangs together least?"""

import itertools

import numpy as np
import pytest

from reconstructor.engine.sfm.gate.weakest_cut import weakest_cut


def test_two_groups_joined_by_few_points_are_told_apart() -> None:
    shared = np.zeros((7, 7), np.int64)
    for group in ((0, 2, 4, 6), (1, 3, 5)):
        for first, second in itertools.permutations(group, 2):
            shared[first, second] = 200
    shared[2, 5] = shared[5, 2] = 11
    cut = weakest_cut(shared)
    assert cut is not None
    assert (cut.smaller, cut.larger, cut.weight) == ((1, 3, 5), (0, 2, 4, 6), 11)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_cut_is_weaker(seed: int) -> None:
    upper = np.triu(np.random.default_rng(seed).integers(0, 50, (7, 7)), 1)
    shared = upper + upper.T
    cut = weakest_cut(shared)
    assert cut is not None
    rows = range(7)
    weights = [
        shared[np.ix_(side, [row for row in rows if row not in side])].sum()
        for size in (1, 2, 3)
        for side in itertools.combinations(rows, size)
    ]
    assert cut.weight == min(weights)
    assert shared[np.ix_(cut.smaller, cut.larger)].sum() == cut.weight


def test_one_image_has_no_cut() -> None:
    assert weakest_cut(np.zeros((1, 1), np.int64)) is None
