"""Are true matches found, each feature once, and none where there are none?"""

import numpy as np
import pytest
import torch

from reconstructor.engine.features.matching import Matcher, two_best, two_best_on_cpu


def descriptors(count: int, seed: int) -> np.ndarray:
    """RootSIFT's are all of one length."""
    random = np.random.default_rng(seed).random((count, 128))
    rounded: np.ndarray = np.round(512 * random / np.linalg.norm(random, axis=1, keepdims=True)).astype(np.uint8)
    return rounded


def test_shuffled_noisy_copies_find_their_originals() -> None:
    random = np.random.default_rng(1)
    first = descriptors(300, 0)
    order = random.permutation(300)
    noisy = first[order].astype(np.int16) + random.integers(-3, 4, first.shape)
    matches = Matcher().match(first, np.clip(noisy, 0, 255).astype(np.uint8))
    assert len(matches) == 300
    assert (order[matches[:, 1]] == matches[:, 0]).all()
    assert matches.dtype == np.uint32


def test_unrelated_features_do_not_match() -> None:
    assert len(Matcher().match(descriptors(300, 0), descriptors(300, 1))) < 5


def test_a_feature_that_looks_like_two_others_matches_neither() -> None:
    first = descriptors(50, 0)
    second = np.concatenate([first, first[:10]])
    matched = set(Matcher().match(first, second)[:, 0].tolist())
    assert matched == set(range(10, 50))


def test_each_feature_is_used_at_most_once() -> None:
    first = descriptors(50, 0)
    second = np.concatenate([descriptors(20, 3), first])
    matches = Matcher().match(np.concatenate([first, first[:5]]), second)
    assert len(np.unique(matches[:, 0])) == len(np.unique(matches[:, 1])) == len(matches)


def test_without_features_there_are_no_matches() -> None:
    assert Matcher().match(descriptors(0, 0), descriptors(9, 1)).shape == (0, 2)
    assert Matcher().match(descriptors(9, 0), descriptors(1, 1)).shape == (0, 2)


def test_large_unrelated_sets_are_given_up_after_a_probe_and_related_ones_are_not() -> None:
    first = descriptors(2500, 0)
    assert len(Matcher().match(first, descriptors(2500, 1))) == 0
    assert len(Matcher().match(first, first)) == 2500


def test_memory_kept_from_a_larger_pair_does_not_leak_into_a_smaller_one() -> None:
    matcher = Matcher()
    matcher.match(descriptors(1500, 0), descriptors(1500, 0))
    small = descriptors(100, 5)
    assert np.array_equal(matcher.match(small, small), Matcher().match(small, small))


def test_the_maxima_are_those_that_a_gpu_finds() -> None:
    products = torch.randperm(2400, generator=torch.Generator().manual_seed(3)).view(40, 60)
    there, here = two_best(products.float()), two_best_on_cpu(products.to(torch.int32))
    assert torch.equal(there.places, here.places)
    assert torch.equal(there.products, here.products)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU at hand")
def test_a_gpu_finds_the_same_matches() -> None:
    first, second = descriptors(2500, 0), descriptors(2500, 0)[::-1].copy()
    assert np.array_equal(Matcher(torch.device("cuda", 0)).match(first, second), Matcher().match(first, second))
