"""Are features matched where correspondences say, also those that look alike everywhere, and nowhere else?"""

import numpy as np

from reconstructor.engine.features.guided_matching import guided_matches
from reconstructor.engine.features.matching import Matcher

SHIFT_PX = np.array([40.0, -25.0])


def features(seed: int) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Keypoints on a grid of 20 px in two photographs, one shifted; each descriptor stands for two of the points."""
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(10), np.arange(8)), axis=-1).reshape(-1, 2) * 20.0 + 100.0
    first = np.column_stack([grid, np.ones((80, 2))]).astype(np.float32)
    second = np.column_stack([grid + SHIFT_PX, np.ones((80, 2))]).astype(np.float32)
    twice = np.tile(random.integers(0, 80, (40, 128)).astype(np.uint8), (2, 1))
    order = random.permutation(80)
    return (first, second[order]), (twice, twice[order])


def guides(places: np.ndarray) -> np.ndarray:
    return np.column_stack([places, places + SHIFT_PX]).astype(np.float32)


def test_features_that_look_alike_find_the_one_that_the_correspondence_points_at() -> None:
    keypoints, descriptors = features(0)
    assert len(Matcher().match(*descriptors)) == 0  # each looks like two others
    matches = guided_matches(guides(keypoints[0][:, :2] + [5, -4]), keypoints, descriptors)
    assert len(matches) == 80
    moved = keypoints[1][matches[:, 1], :2] - keypoints[0][matches[:, 0], :2]
    assert np.allclose(moved, SHIFT_PX)


def test_features_far_from_all_correspondences_stay_unmatched() -> None:
    keypoints, descriptors = features(1)
    is_left = keypoints[0][:, 0] < 180
    matches = guided_matches(guides(keypoints[0][is_left, :2]), keypoints, descriptors)
    assert set(matches[:, 0].tolist()) == set(np.flatnonzero(is_left).tolist())


def test_features_that_look_different_do_not_match() -> None:
    keypoints, descriptors = features(2)
    other = np.random.default_rng(9).integers(0, 80, (80, 128)).astype(np.uint8)
    sparse = np.where(np.random.default_rng(8).random((80, 128)) < 0.2, other, 0).astype(np.uint8)
    assert len(guided_matches(guides(keypoints[0][:, :2]), keypoints, (descriptors[0], sparse))) == 0


def test_without_correspondences_or_features_there_are_no_matches() -> None:
    keypoints, descriptors = features(3)
    none = np.empty((0, 4), np.float32)
    assert guided_matches(none, keypoints, descriptors).shape == (0, 2)
    empty = (none, np.empty((0, 128), np.uint8))
    found = guided_matches(guides(keypoints[0][:, :2]), (keypoints[0], empty[0]), (descriptors[0], empty[1]))
    assert found.shape == (0, 2)
    assert guided_matches(guides(np.array([[900.0, 900.0]])), keypoints, descriptors).shape == (0, 2)
