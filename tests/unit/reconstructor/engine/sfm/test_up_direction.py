"""Is up found from hand-held cameras, and does it stay where viewers have it?"""

from pathlib import Path

import numpy as np
import pytest

from edge_agent.cameras.simulated.path import UP, looking_at, orbit, shaken
from reconstructor.black_box import Update, write_update
from reconstructor.clouds.similarity import rotation_from_quaternion
from reconstructor.engine.sfm.describe import describe, stored_up_direction, up_direction_of
from reconstructor.engine.sfm.up_direction import UpDirection, estimate_upward, next_up_direction, turn_between
from tests.unit.reconstructor.engine.synthetic import Walk, seen_points

SEEDS = range(20)


def photographed(*, sweep_deg: float, count: int = 12, height: float = 1.6, seed: int = 0) -> np.ndarray:
    """Poses (N, 4, 4) of somebody who walks about an object 4 high, 5 away, and rolls by about 2 degrees."""
    stations = orbit(count, centre=(0.0, 0.0, 2.5), radius=5.0, height=height, start_deg=0.0, sweep_deg=sweep_deg)
    return np.array(shaken(stations, amount=0.2, seed=seed))


def off_deg(poses: np.ndarray, up: np.ndarray = UP) -> float:
    estimate = estimate_upward(poses)
    assert estimate is not None
    return float(np.degrees(np.arccos(np.clip(estimate.direction @ up, -1.0, 1.0))))


@pytest.mark.parametrize("sweep_deg", [120.0, 360.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_up_is_found_within_three_degrees_and_is_sure(sweep_deg: float, seed: int) -> None:
    poses = photographed(sweep_deg=sweep_deg, seed=seed)
    assert off_deg(poses) < 3.0
    estimate = estimate_upward(poses)
    assert estimate is not None
    assert estimate.is_sure


def test_a_narrow_walk_is_as_unsure_as_it_is_wrong() -> None:
    walks = [photographed(sweep_deg=60.0, seed=seed) for seed in range(100)]
    estimates = [estimate for poses in walks if (estimate := estimate_upward(poses)) is not None]
    said_deg = np.degrees([estimate.deviation_rad for estimate in estimates])
    off = np.array([off_deg(poses) for poses in walks])
    assert not any(estimate.is_sure for estimate in estimates)
    assert np.sqrt(np.mean(off**2)) == pytest.approx(np.median(said_deg), rel=0.3)


@pytest.mark.parametrize("seed", SEEDS)
def test_photographs_on_their_side_are_outweighed(seed: int) -> None:
    poses = photographed(sweep_deg=200.0, seed=seed)
    poses[2::4, :3, :3] @= np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # without EXIF orientation
    assert off_deg(poses) < 3.0


def test_up_turns_with_the_world() -> None:
    rotation = rotation_from_quaternion(np.array([0.3, -0.5, 0.8, 0.1]))
    poses = photographed(sweep_deg=180.0)
    poses[:, :3, :3] = rotation @ poses[:, :3, :3]
    assert off_deg(poses, rotation @ UP) < 3.0


def test_cameras_that_all_look_one_way_give_a_guess_that_is_not_sure() -> None:
    level = np.array([looking_at((float(x), -5.0, 1.0), (float(x), 0.0, 1.0)) for x in range(20)])
    estimate = estimate_upward(level)
    assert estimate is not None
    assert off_deg(level) < 1.0
    assert not estimate.is_sure  # they may all be tilted


def test_without_cameras_there_is_no_up() -> None:
    assert estimate_upward(np.empty((0, 4, 4))) is None


def test_a_guess_is_followed_by_better_ones_and_what_is_sure_stays_until_a_complete_reconstruction() -> None:
    guess, sure, later = (
        UpDirection(direction=np.array([0.0, np.sin(tilt), np.cos(tilt)]), deviation_rad=deviation)
        for tilt, deviation in ((0.4, 0.5), (0.1, 0.02), (0.0, 0.01))
    )
    assert next_up_direction(None, guess, may_correct=False) is guess
    assert next_up_direction(guess, sure, may_correct=False) is sure
    assert next_up_direction(sure, later, may_correct=False) is sure
    assert next_up_direction(sure, None, may_correct=True) is sure
    assert next_up_direction(sure, later, may_correct=True) is later


def test_a_restarted_engine_says_what_it_said_before(tmp_path: Path) -> None:
    walk = Walk(seen_points(cameras=4))
    for number in range(1, 5):
        walk.add(number)
    said = UpDirection(direction=np.array([0.0, 0.6, 0.8]), deviation_rad=0.01)
    write_update(describe([], walk.known, {0: walk.mapper}, said), tmp_path)
    again, fresh = stored_up_direction(tmp_path, walk.mapper), up_direction_of(walk.mapper)
    assert again is not None
    assert fresh is not None
    assert np.array_equal(again.direction, said.direction)
    assert again.deviation_rad == fresh.deviation_rad
    write_update(Update(), tmp_path)
    assert stored_up_direction(tmp_path, walk.mapper) is None
    (tmp_path / "update.json").write_bytes(b"{torn")
    assert stored_up_direction(tmp_path, walk.mapper) is None


@pytest.mark.parametrize("target", [(0.0, 0.0, 1.0), (0.6, 0.8, 0.0), (0.0, -1.0, 0.0), (0.0, 1.0, 0.0)])
def test_a_turn_between_two_directions_is_the_smallest(target: tuple[float, float, float]) -> None:
    source, aim = np.array([0.0, 1.0, 0.0]), np.array(target)
    turn = turn_between(source, aim)
    np.testing.assert_allclose(turn.apply(source[None])[0], aim, atol=1e-12)
    assert np.trace(turn.rotation) == pytest.approx(1.0 + 2.0 * float(source @ aim))
