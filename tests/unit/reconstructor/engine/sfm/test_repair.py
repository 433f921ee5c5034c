"""Does a single image that a solver left at a wrong place come back, and does one that cannot be placed stay out?"""

import numpy as np
import pytest

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.sfm.repair import repair, weak_images
from tests.unit.reconstructor.engine.spoiled import set_pose
from tests.unit.reconstructor.engine.synthetic import Walk, seen_points

CAMERAS = 6


@pytest.fixture
def walk() -> Walk:
    walk = Walk(seen_points(cameras=CAMERAS))
    for number in range(1, CAMERAS + 1):
        walk.add(number)
    walk.mapper.swap(pycolmap.Reconstruction(walk.mapper.model))  # as a solver begins
    return walk


def turn_away(walk: Walk, number: int) -> None:
    image = walk.mapper.model.image(number)
    pose = image.cam_from_world()
    set_pose(image, np.diag([-1.0, 1.0, -1.0]) @ pose.rotation.matrix(), np.asarray(pose.translation))


def test_a_good_model_stays_as_it_is(walk: Walk) -> None:
    points = walk.mapper.model.num_points3D()
    assert repair(walk.mapper, walk.known) == ()
    assert walk.mapper.model.num_points3D() == points


def test_an_image_whose_matches_disagree_is_registered_again(walk: Walk) -> None:
    turn_away(walk, 3)
    assert 3 in weak_images(walk.mapper.model, walk.known)
    assert repair(walk.mapper, walk.known) == ()
    assert walk.mapper.placed_numbers() == list(range(1, CAMERAS + 1))
    assert walk.center_error() < 0.01


def test_an_image_with_a_handful_of_points_that_sees_no_more_waits(walk: Walk) -> None:
    model = walk.mapper.model
    for number in (4, 5):
        walk.mapper.remove(number)
    seen = [model.image(6).points2D[index].point3D_id for index in model.image(6).get_observation_point2D_idxs()]
    for point_id in set(seen[10:]):
        model.delete_point3D(point_id)
    for number in (1, 2, 3):
        assert model.image(number).has_pose
    lost = repair(walk.mapper, walk.known)
    assert 6 in lost
    assert not walk.mapper.is_placed(6)


def test_an_image_that_contradicts_its_nearest_one_is_weak(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconstructor.engine.sfm.repair.agrees_with_nearest", lambda _, number, __: number != 3)
    assert weak_images(walk.mapper.model, walk.known) == [3]
    assert repair(walk.mapper, walk.known) == (3,)
    assert not walk.mapper.is_placed(3)
