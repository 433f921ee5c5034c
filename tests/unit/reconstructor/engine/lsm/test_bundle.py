"""Does a bundle hold what the model holds, and does its adjustment withstand outliers?"""

from dataclasses import replace

import numpy as np
import pytest

from reconstructor.clouds.similarity import estimate_similarity
from reconstructor.engine.lsm.bundle import Bundle
from tests.unit.reconstructor.engine.synthetic import INTRINSICS, Walk, seen_points

NOISE_PX = 0.3


@pytest.fixture(scope="module")
def walk() -> Walk:
    """Six placed cameras that see 300 points."""
    walk = Walk(seen_points(cameras=6, points=300, noise_px=NOISE_PX))
    for number in range(1, 7):
        walk.add(number)
    assert len(walk.mapper.placed_numbers()) == 6
    return walk


def center_error(bundle: Bundle, walk: Walk) -> float:
    """Root mean square over the cameras, after the best similarity."""
    found = bundle.centers_in_world()
    truth = np.array([np.linalg.inv(walk.seen.camera_from_world[number - 1])[:3, 3] for number in bundle.numbers])
    off = estimate_similarity(found, truth).apply(found) - truth
    return float(np.sqrt((off**2).sum(1).mean()))


def test_a_bundle_holds_the_models_observations(walk: Walk) -> None:
    model = walk.mapper.model
    bundle = Bundle.of(model)
    assert bundle.numbers == (1, 2, 3, 4, 5, 6)
    assert len(bundle.observations) == model.compute_num_observations()
    assert len(bundle.points_in_world) == model.num_points3D()
    model.update_point_3d_errors()
    assert bundle.errors_px().mean() == pytest.approx(model.compute_mean_reprojection_error(), rel=0.02)
    shared = bundle.shared_counts()
    assert np.array_equal(np.diag(shared), np.bincount(bundle.observations.images))
    first, second = (set(bundle.observations.points[bundle.observations.images == image]) for image in (0, 1))
    assert shared[0, 1] == shared[1, 0] == len(first & second)


def test_the_adjustment_withstands_observations_that_are_wrong(walk: Walk) -> None:
    bundle = Bundle.of(walk.mapper.model)
    random = np.random.default_rng(0)
    wrong = random.random(len(bundle.observations)) < 0.1
    places = bundle.observations.places_px + np.where(wrong[:, None], random.normal(0, 4, (len(wrong), 2)), 0.0)
    spoiled = replace(bundle, observations=replace(bundle.observations, places_px=places))
    adjusted = spoiled.adjusted(0.3, {1}, threads=1)
    assert center_error(adjusted, walk) < 1.3 * center_error(bundle.adjusted(0.3, {1}, threads=1), walk)
    kept = adjusted.within(2.0).observations
    assert len(kept) < 0.96 * len(places)
    assert tuple(adjusted.cameras[1].params) == INTRINSICS


def test_a_camera_that_may_change_finds_its_focal_length(walk: Walk) -> None:
    bundle = Bundle.of(walk.mapper.model)
    camera = bundle.cameras[1]
    camera.params = [1.03 * camera.params[0], 1.03 * camera.params[1], *camera.params[2:]]
    adjusted = replace(bundle, cameras={1: camera}).adjusted(0.3, (), threads=1)
    assert adjusted.cameras[1].params[0] == pytest.approx(INTRINSICS[0], rel=0.01)


def test_a_point_seen_once_stays_where_it_is(walk: Walk) -> None:
    bundle = Bundle.of(walk.mapper.model)
    seen = bundle.observations
    is_dropped = (seen.points == 5) & (np.cumsum(seen.points == 5) > 1)
    adjusted = replace(bundle, observations=seen[~is_dropped]).adjusted(0.3, {1}, threads=1)
    assert np.array_equal(adjusted.points_in_world[5], bundle.points_in_world[5])
    assert not np.array_equal(adjusted.points_in_world[6], bundle.points_in_world[6])
