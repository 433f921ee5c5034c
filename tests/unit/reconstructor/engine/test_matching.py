"""Are true matches found, each feature once, and none where there are none?"""

import numpy as np

from reconstructor.engine.matching import match_features


def descriptors(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 80, (count, 128)).astype(np.uint8)


def test_shuffled_noisy_copies_find_their_originals() -> None:
    random = np.random.default_rng(1)
    first = descriptors(300, 0)
    order = random.permutation(300)
    noisy = first[order].astype(np.int16) + random.integers(-3, 4, first.shape)
    matches = match_features(first, np.clip(noisy, 0, 255).astype(np.uint8))
    assert len(matches) == 300
    assert (order[matches[:, 1]] == matches[:, 0]).all()
    assert matches.dtype == np.uint32


def test_unrelated_features_do_not_match() -> None:
    assert len(match_features(descriptors(300, 0), descriptors(300, 1))) < 5


def test_a_feature_that_looks_like_two_others_matches_neither() -> None:
    first = descriptors(50, 0)
    second = np.concatenate([first, first[:10]])
    matched = set(match_features(first, second)[:, 0].tolist())
    assert matched == set(range(10, 50))


def test_each_feature_is_used_at_most_once() -> None:
    first = descriptors(50, 0)
    second = np.concatenate([descriptors(20, 3), first])
    matches = match_features(np.concatenate([first, first[:5]]), second)
    assert len(np.unique(matches[:, 0])) == len(np.unique(matches[:, 1])) == len(matches)


def test_without_features_there_are_no_matches() -> None:
    assert match_features(descriptors(0, 0), descriptors(9, 1)).shape == (0, 2)
    assert match_features(descriptors(9, 0), descriptors(1, 1)).shape == (0, 2)
