"""Does the live mapper find exact cameras from exact matches, whatever the order, and keep its world still?"""

from pathlib import Path

import numpy as np
import pytest

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.sfm.describe import world_from_camera
from reconstructor.engine.sfm.restore import add_to_mapper
from tests.unit.reconstructor.engine.synthetic import INTRINSICS, SeenPoints, Walk, seen_points


@pytest.mark.parametrize("order", [(1, 2, 3, 4, 5, 6), (6, 1, 4, 2, 5, 3)])
def test_calibrated_cameras_are_found_to_a_thousandth(order: tuple[int, ...]) -> None:
    walk = Walk(seen_points(cameras=6))
    for number in order:
        walk.add(number)
    assert walk.mapper.placed_numbers() == [1, 2, 3, 4, 5, 6]
    assert walk.center_error() < 4e-3  # cameras stand 4 from the points
    assert np.allclose(walk.mapper.camera(1).params, INTRINSICS)


def test_an_unknown_focal_length_is_found_to_a_hundredth() -> None:
    walk = Walk(seen_points(cameras=8, points=800), intrinsics=None)
    for number in range(1, 9):
        walk.add(number)
    assert len(walk.mapper.placed_numbers()) == 8
    assert walk.mapper.camera(1).focal_length == pytest.approx(INTRINSICS[0], rel=0.01)


def test_an_image_that_came_too_early_is_placed_when_the_gap_closes() -> None:
    seen = seen_points(cameras=4)
    walk = Walk(seen)
    walk.add(4)
    assert walk.add(1, is_matched=False) == []
    assert set(walk.add(2)) >= {2}
    walk.add(3)
    assert walk.mapper.placed_numbers() == [1, 2, 3, 4]
    assert walk.center_error() < 4e-3


def test_an_image_is_placed_without_moving_the_others() -> None:
    walk = Walk(seen_points(cameras=5))
    for number in (1, 2, 3, 4):
        walk.add(number)
    walk.know(5)
    add_to_mapper(5, walk.known, walk.mapper)
    model = walk.mapper.model
    before = [model.image(number).cam_from_world().matrix() for number in (1, 2, 3, 4)]
    point_count = model.num_points3D()
    assert walk.mapper.register(5, adjusts=False)
    assert all(
        np.array_equal(model.image(number).cam_from_world().matrix(), before[number - 1]) for number in range(1, 5)
    )
    assert model.num_points3D() >= point_count
    assert model.image(5).num_points3D > 100
    assert walk.center_error() < 6e-3


def test_an_image_without_matches_is_never_placed() -> None:
    walk = Walk(seen_points(cameras=4))
    for number in (1, 2, 3):
        walk.add(number)
    assert walk.add(4, is_matched=False) == []
    assert not walk.mapper.is_placed(4)
    assert walk.mapper.visible_point_count(4) == 0


def test_wrong_matches_do_not_place_an_image() -> None:
    walk = Walk(seen_points(cameras=3))
    for number in (1, 2, 3):
        walk.add(number)
    random = np.random.default_rng(0)
    noise = np.stack([random.permutation(300), random.permutation(300)], axis=1)[:200].astype(np.uint32)
    keypoints = walk.seen.features[0].keypoints
    false_pair = Pair(earlier=1, newer=4, matches=noise, configuration=2, matrices=np.stack([np.eye(3)] * 3))
    walk.mapper.add_image(4, 1, keypoints, walk.mapper.credible(4, 1, keypoints, [false_pair]))
    assert walk.mapper.place([4]) == []
    assert not walk.mapper.register(4, adjusts=False)
    assert not walk.mapper.is_placed(4)


def test_the_world_stays_while_cameras_are_added() -> None:
    walk = Walk(seen_points(cameras=8))
    for number in (1, 2, 3):
        walk.add(number)
    before = world_from_camera(walk.mapper.model.image(1))
    for number in (4, 5, 6, 7, 8):
        walk.add(number)
    after = world_from_camera(walk.mapper.model.image(1))
    extent = np.ptp([walk.mapper.model.image(n).projection_center() for n in range(1, 9)], axis=0).max()
    assert np.abs(after[:3, 3] - before[:3, 3]).max() < 0.01 * extent


def test_cameras_that_only_turn_begin_no_model() -> None:
    seen = seen_points(cameras=1)
    turned = SeenPoints(
        points_in_world=seen.points_in_world,
        camera_from_world=np.repeat(seen.camera_from_world, 3, axis=0),
        features=seen.features * 3,
        point_of_feature=seen.point_of_feature * 3,
    )
    walk = Walk(turned)
    assert [walk.add(number) for number in (1, 2, 3)] == [[], [], []]
    assert not walk.mapper.is_initialised


def test_steps_too_small_to_tell_the_focal_length_wait_for_a_wider_pair() -> None:
    walk = Walk(seen_points(cameras=9, points=900, angle_deg=2.5), intrinsics=None)
    placed = [len(walk.add(number)) for number in range(1, 10)]
    assert placed[:2] == [0, 0]
    assert walk.mapper.placed_numbers() == list(range(1, 10))
    assert walk.mapper.world_count == 1
    assert walk.mapper.camera(1).focal_length == pytest.approx(INTRINSICS[0], rel=0.05)


def test_two_images_that_no_other_fits_are_given_up_for_a_better_beginning() -> None:
    walk = Walk(seen_points(cameras=6))
    for number in (1, 2):
        walk.add(number)
    random = np.random.default_rng(0)
    for point in walk.mapper.model.points3D.values():  # a bad beginning: nothing fits it
        point.xyz = np.array(point.xyz) + random.normal(scale=5.0, size=3)
    for number in (3, 4, 5, 6):
        walk.add(number)
    assert walk.mapper.world_count == 2
    assert walk.mapper.placed_numbers() == [1, 2, 3, 4, 5, 6]
    assert walk.center_error() < 4e-3


def test_a_robust_adjustment_withstands_outliers_below_the_bound_of_the_filter() -> None:
    errors = {}
    for is_robust in (False, True):
        walk = Walk(seen_points(cameras=6))
        for number in range(1, 7):
            walk.add(number)
        for number in (2, 5):
            points = walk.mapper.model.image(number).points2D
            for index in walk.mapper.model.image(number).get_observation_point2D_idxs()[::5]:
                points[index].xy = points[index].xy + np.array([3.0, 0.0])
        walk.mapper.refine_globally(is_robust=is_robust)
        errors[is_robust] = walk.center_error()
    assert errors[True] < 0.7 * errors[False]


def test_a_calibrated_camera_stays_calibrated_in_a_model_from_disk(tmp_path: Path) -> None:
    walk = Walk(seen_points(cameras=4))
    for number in range(1, 5):
        walk.add(number)
    walk.mapper.model.write_binary(str(tmp_path))
    model = pycolmap.Reconstruction()
    model.read_binary(str(tmp_path))
    assert not any(camera.has_prior_focal_length for camera in model.cameras.values())
    walk.mapper.swap(model)
    assert all(camera.has_prior_focal_length for camera in walk.mapper.model.cameras.values())
