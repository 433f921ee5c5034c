"""Do points that were not measured again follow cameras that moved?"""

from dataclasses import replace

import numpy as np
import pytest

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.refinement import write_back
from reconstructor.engine.lsm.triangulation import triangulated
from tests.unit.reconstructor.engine.synthetic import Walk, seen_points


@pytest.fixture(scope="module")
def walk() -> Walk:
    """Five placed cameras that see 200 points."""
    walk = Walk(seen_points(cameras=5, points=200, noise_px=0.2))
    for number in range(1, 6):
        walk.add(number)
    return walk


def test_points_come_back_to_where_their_rays_meet(walk: Walk) -> None:
    right = Bundle.of(walk.mapper.model)
    some = np.arange(0, len(right.point_ids), 3)
    places = right.points_in_world.copy()
    places[some] *= 1.1
    found = triangulated(replace(right, points_in_world=places), some)
    assert np.median(found.errors_px()) < 1.05 * np.median(right.errors_px())
    assert np.array_equal(np.delete(found.points_in_world, some, 0), np.delete(places, some, 0))
    depth = np.median(right.in_camera(0, right.points_in_world)[:, 2])
    assert np.abs(found.points_in_world - right.points_in_world).max() < 0.02 * depth


def test_a_point_stays_where_its_errors_are_smallest(walk: Walk) -> None:
    right = Bundle.of(walk.mapper.model)
    adjusted = right.adjusted(0.5, set(right.cameras), 1)
    every = np.arange(len(right.point_ids))
    found = triangulated(adjusted, every)
    assert (_sums(found) <= _sums(adjusted)).all()


def test_a_model_has_no_point_left_behind_by_its_cameras(walk: Walk) -> None:
    model = pycolmap.Reconstruction(walk.mapper.model)
    before = Bundle.of(model)
    camera = pycolmap.Camera(before.cameras[1].todict())
    camera.params = np.add(camera.params, [0.0, 0.0, 20.0, -15.0]).tolist()
    moved = replace(before, cameras={1: camera}).adjusted(0.5, {1}, 1)
    is_measured = moved.observations.points % 2 == 0
    write_back(
        model, replace(moved, points_in_world=_half(before, moved), observations=moved.observations[is_measured])
    )
    after = Bundle.of(model)
    errors, seen = after.errors_px(), after.observations.points
    assert np.median(errors[seen % 2 == 1]) < 1.3 * np.median(moved.errors_px()[seen % 2 == 1])


def _half(before: Bundle, moved: Bundle) -> np.ndarray:
    """The points of an adjustment, but every second one where it was before."""
    is_measured = np.arange(len(before.point_ids))[:, None] % 2 == 0
    return np.where(is_measured, moved.points_in_world, before.points_in_world)


def _sums(bundle: Bundle) -> np.ndarray:
    return np.bincount(bundle.observations.points, weights=bundle.errors_px() ** 2)
