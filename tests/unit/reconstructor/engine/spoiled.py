"""Solutions that go wrong in the ways that real ones do: each changes a model in place."""

from typing import Any

import numpy as np

from reconstructor.engine.colmap import pycolmap


def set_pose(image: Any, rotation: np.ndarray, translation: np.ndarray) -> None:
    image.frame.rig_from_world = pycolmap.Rigid3d(np.column_stack([rotation, translation]))


def wrong_focal_length(model: Any) -> None:
    """Off by 30 %."""
    for camera in model.cameras.values():
        params = np.array(camera.params)
        params[camera.focal_length_idxs()] *= 1.3
        camera.params = params.tolist()


def mirrored(model: Any) -> None:
    flip = np.diag([-1.0, 1.0, 1.0])
    for point in model.points3D.values():
        point.xyz = flip @ point.xyz
    for number in model.reg_image_ids():
        image = model.image(number)
        pose = image.cam_from_world()
        center = flip @ image.projection_center()
        rotation = flip @ pose.rotation.matrix() @ flip
        set_pose(image, rotation, -rotation @ center)


def half_the_images_swapped(model: Any) -> None:
    numbers = sorted(model.reg_image_ids())
    numbers = numbers[: len(numbers) // 2]
    poses = [model.image(number).cam_from_world() for number in numbers]
    for number, pose in zip(reversed(numbers), poses, strict=True):
        set_pose(model.image(number), pose.rotation.matrix(), np.asarray(pose.translation))


def tracks_subsampled(model: Any) -> None:
    """Four points are left, which do not hold the cameras any more: adjusting makes them jump."""
    points = sorted(model.point3D_ids())
    for point_id in set(points).difference(points[:: len(points) // 4][:4]):
        model.delete_point3D(point_id)
    random = np.random.default_rng(0)
    for number in model.reg_image_ids():
        image = model.image(number)
        pose = image.cam_from_world()
        set_pose(image, pose.rotation.matrix(), np.asarray(pose.translation) + random.normal(scale=0.1, size=3))
    pycolmap.bundle_adjustment(model, pycolmap.BundleAdjustmentOptions())
