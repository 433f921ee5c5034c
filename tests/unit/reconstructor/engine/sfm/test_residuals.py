"""Does each camera say how well it fits its photograph?"""

import numpy as np
import pytest

from broker.manifest import CameraState
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.sfm.describe import describe
from reconstructor.engine.sfm.snapshots import StepImage
from tests.unit.reconstructor.engine.synthetic import Walk, seen_points


@pytest.fixture(scope="module")
def walk() -> Walk:
    walk = Walk(seen_points(cameras=4, noise_px=0.3))
    for number in range(1, 5):
        walk.add(number)
    return walk


def test_a_placed_camera_says_its_error_in_pixels_of_the_photograph(walk: Walk) -> None:
    images = [StepImage(number=number, image_id=f"{number}") for number in range(1, 5)]
    cameras = describe(images, walk.known, {0: walk.mapper}).cameras
    assert all(camera.state is CameraState.PLACED and camera.distortion == () for camera in cameras)
    noise_px = 2 * 0.3 * np.sqrt(2)  # the photograph is twice as large as what keypoints are taken from
    left_px = noise_px * np.sqrt(5 / 8)  # a point seen by four cameras has taken up 3 of its 8 numbers
    for camera in cameras:
        assert camera.reprojection_error_px == pytest.approx(left_px, rel=0.15)


def test_only_a_camera_that_has_moved_is_described_again(walk: Walk) -> None:
    images = [StepImage(number=number, image_id=f"{number}") for number in range(1, 5)]
    before = describe(images, walk.known, {0: walk.mapper}).cameras
    frame = walk.mapper.model.image(4).frame
    pose = pycolmap.Rigid3d(frame.rig_from_world.matrix())
    frame.rig_from_world = pycolmap.Rigid3d(pose.rotation, pose.translation + np.array([0.5, 0.0, 0.0]))
    after = describe(images, walk.known, {0: walk.mapper}).cameras
    frame.rig_from_world = pose
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, True, True, False]
    assert after[3].world_from_camera != before[3].world_from_camera


def test_an_image_is_measured_again_when_its_camera_has_moved(walk: Walk) -> None:
    before = walk.mapper.residuals.of(walk.mapper.model, 4)
    assert before is not None
    frame = walk.mapper.model.image(4).frame
    pose = pycolmap.Rigid3d(frame.rig_from_world.matrix())
    turned = pycolmap.Rigid3d(pycolmap.Rotation3d(np.array([0.0, 0.01, 0.0])), np.zeros(3)) * pose
    frame.rig_from_world = turned  # 5 pixels
    after = walk.mapper.residuals.of(walk.mapper.model, 4)
    frame.rig_from_world = pose
    assert after is not None
    assert after == pytest.approx(5.0, rel=0.1)
    assert walk.mapper.residuals.of(walk.mapper.model, 4) == pytest.approx(before, rel=1e-6)
