"""Is a depth map that is moved with its cameras the one that would have been matched again?"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.retriangulation import retriangulated
from reconstructor.engine.mvs.views import View
from tests.unit.reconstructor.engine.analytic import Rendered, photographed


def exact(image: Rendered) -> DepthMap:
    inverse_depth = image.depth.reciprocal()
    return DepthMap(
        inverse_depth=inverse_depth,
        deviation=torch.full_like(inverse_depth, 1e-3),
        confidence=torch.ones_like(inverse_depth),
        valid=torch.isfinite(image.depth),
    )


def pushed(view: View, metres: float) -> View:
    pose = view.camera_from_world.copy()
    pose[0, 3] += metres
    return replace(view, camera_from_world=pose)


IMAGES = (2, 1, 3)


def test_cameras_that_stay_leave_the_depth_as_it_is() -> None:
    images = [photographed("ball_before_wall")[at] for at in IMAGES]
    views = [image.view for image in images]
    result = retriangulated(exact(images[0]), views, views)
    assert result.depth_change_ratio < 1e-5
    assert result.epipolar_error_px < 1e-3
    assert torch.allclose(result.depth_map.inverse_depth, images[0].depth.reciprocal(), rtol=1e-4)


@pytest.mark.parametrize("scale", [0.3, 4.0])
def test_a_world_of_another_scale_and_place_moves_the_depth_exactly(scale: float) -> None:
    images = [photographed("ball_before_wall")[at] for at in IMAGES]
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    after = []
    for image in images:
        pose = np.eye(4)
        pose[:3, :3] = image.view.camera_from_world[:3, :3] @ turn.T
        center = scale * turn @ image.view.center_in_world + np.array([5.0, -3.0, 8.0])
        pose[:3, 3] = -pose[:3, :3] @ center
        after.append(replace(image.view, camera_from_world=pose))
    result = retriangulated(exact(images[0]), [image.view for image in images], after)
    assert result.depth_change_ratio < 1e-4
    assert torch.allclose(result.depth_map.inverse_depth, 1.0 / (scale * images[0].depth), rtol=1e-3)
    assert torch.allclose(result.depth_map.deviation, torch.full_like(images[0].depth, 1e-3) / scale, rtol=1e-3)


def test_depth_matched_under_a_wrong_pose_comes_right_with_the_pose() -> None:
    images = [photographed("leaning_wall")[at] for at in (2, 3)]
    right = [image.view for image in images]
    wrong = [right[0], pushed(right[1], 0.02)]
    # What matching under the wrong pose would have found.
    skewed = retriangulated(exact(images[0]), right, wrong).depth_map
    assert float((skewed.inverse_depth * images[0].depth - 1.0).abs().median()) > 5e-3
    back = retriangulated(skewed, wrong, right)
    assert back.depth_change_ratio > 1e-4
    assert torch.allclose(back.depth_map.inverse_depth, images[0].depth.reciprocal(), rtol=2e-3)


def test_a_turn_that_breaks_the_epipolar_lines_is_told() -> None:
    images = [photographed("leaning_wall")[at] for at in (2, 3)]
    before = [image.view for image in images]
    pose = before[1].camera_from_world.copy()
    pose[1, 3] += 0.1  # upwards, across the lines
    result = retriangulated(exact(images[0]), before, [before[0], replace(before[1], camera_from_world=pose)])
    assert result.epipolar_error_px > 1.0
