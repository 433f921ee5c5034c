"""Where two poses agree with the matches of two photographs in a row: does the one count in which less moves?"""

import numpy as np
import pytest
from numpy.typing import NDArray

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.pairs import Matches, PairEstimator
from reconstructor.engine.features.second_pose import closer_pair, steadier_pair
from tests.unit.reconstructor.engine.analytic import looking_at
from tests.unit.reconstructor.engine.synthetic import HEIGHT_PX, INTRINSICS, WIDTH_PX, features_at, project

CAMERA = pycolmap.Camera(model="PINHOLE", width=WIDTH_PX, height=HEIGHT_PX, params=INTRINSICS)
CAMERA.has_prior_focal_length = True
NEAR, JUMP = (1.0, 0.3, -5.0), (-3.2, -1.5, -3.6)


def seen(count: int, place: tuple[float, float, float], seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixels (N, 2) of points in two photographs, of which the second seems to be taken from this place."""
    points = np.random.default_rng(seed).uniform((-1.2, -1.0, -1.2), (1.2, 1.0, 1.2), (count, 3))
    poses = looking_at((0.0, 0.0, -5.0), (0.0, 0.0, 0.0)), looking_at(place, (0.0, 0.0, 0.0))
    return project(points, poses[0]), project(points, poses[1])


def found(true_count: int, false_count: int) -> tuple[int, float]:
    """How many matches the chosen pair has, and how many of them are of the equal part from which the camera seems to jump."""
    (first, second), (first_false, second_false) = seen(true_count, NEAR, 1), seen(false_count, JUMP, 2)
    keypoints = (
        features_at(np.concatenate([first, first_false])).keypoints,
        features_at(np.concatenate([second, second_false])).keypoints,
    )
    matches: Matches = np.stack([np.arange(true_count + false_count)] * 2, axis=1).astype(np.uint32)
    estimator = PairEstimator(seed=0)
    pair = estimator.estimate((1, 2), (CAMERA, CAMERA), keypoints, matches, is_exact=True)
    assert pair is not None
    chosen = steadier_pair(pair, matches, (CAMERA, CAMERA), keypoints, estimator)
    return len(chosen.matches), float((chosen.matches[:, 0] >= true_count).mean())


@pytest.mark.parametrize(
    ("true_count", "false_count"), [(170, 200), (200, 100), (130, 300)], ids=["fewer", "more", "few"]
)
def test_the_pose_counts_in_which_less_moves(true_count: int, false_count: int) -> None:
    count, false_share = found(true_count, false_count)
    assert count > 0.5 * true_count  # some of them agree with both, by chance
    assert false_share < 0.3


def test_a_pose_that_few_others_agree_with_does_not_count() -> None:
    count, false_share = found(25, 300)
    assert count > 290
    assert false_share > 0.8


def mixed(near_count: int, *, is_calibrated: bool = True) -> list[int]:
    """Which of 200 true matches (first) and of those that are moved by 4 pixels a pair keeps."""
    (first, second), (first_near, second_near) = seen(200, NEAR, 1), seen(near_count, NEAR, 2)
    second_near = second_near + np.array([0.0, 4.0])
    keypoints = (
        features_at(np.concatenate([first, first_near])).keypoints,
        features_at(np.concatenate([second, second_near])).keypoints,
    )
    matches: Matches = np.stack([np.arange(200 + near_count)] * 2, axis=1).astype(np.uint32)
    camera = pycolmap.Camera(CAMERA.todict())
    camera.has_prior_focal_length = is_calibrated
    estimator = PairEstimator(seed=0)
    pair = estimator.estimate((1, 2), (CAMERA, CAMERA), keypoints, matches, is_exact=True)
    assert pair is not None
    assert len(pair.matches) > 190 + 0.9 * near_count  # a mixture of both
    rows: list[int] = closer_pair(pair, (camera, camera), keypoints, estimator).matches[:, 0].tolist()
    return rows


def test_matches_that_only_nearly_fit_the_pose_are_left_out() -> None:
    rows = mixed(80)
    assert len([row for row in rows if row < 200]) > 190
    assert len([row for row in rows if row >= 200]) < 25  # where the epipolar lines are upright they fit


def test_without_a_calibration_no_matches_are_left_out() -> None:
    assert len([row for row in mixed(80, is_calibrated=False) if row >= 200]) > 70
