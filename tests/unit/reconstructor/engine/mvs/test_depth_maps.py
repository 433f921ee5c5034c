"""Are points, normals and distances of a known depth map right to a few millionths?"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from reconstructor.engine.mvs.depth_maps import BadDepthMapError, DepthMap, SurfacePoints, surface_points
from tests.unit.reconstructor.engine.analytic import Rendered, photographed


def exact(image: Rendered, deviation: float = 1e-3) -> DepthMap:
    inverse_depth = image.depth.reciprocal()
    return DepthMap(
        inverse_depth=inverse_depth,
        deviation=torch.full_like(inverse_depth, deviation),
        confidence=torch.full_like(inverse_depth, 0.5),
        valid=torch.isfinite(image.depth),
    )


def test_points_of_exact_depth_lie_on_the_wall() -> None:
    for image in photographed("leaning_wall"):
        points = surface_points(image.view, exact(image))
        assert np.abs(points.points_in_world @ np.array([0.25, 0.1, -1.0])).max() < 1e-5


def test_normals_are_those_of_the_wall_and_face_the_camera() -> None:
    image = photographed("leaning_wall")[1]
    points = surface_points(image.view, exact(image))
    normal = np.array([0.25, 0.1, -1.0]) / np.linalg.norm([0.25, 0.1, -1.0])
    assert np.degrees(np.arccos(np.clip(points.normals_in_world @ normal, -1.0, 1.0))).max() < 1.0


def test_normals_of_a_ball_point_away_from_its_middle() -> None:
    image = photographed("ball_before_wall")[2]
    points = surface_points(image.view, exact(image))
    outward = points.points_in_world - np.array([0.1, 0.0, 0.0])
    radii = np.linalg.norm(outward, axis=1)
    is_ball = np.abs(radii - 0.7) < 1e-4
    cosines = (points.normals_in_world * outward).sum(axis=1)[is_ball] / radii[is_ball]
    assert is_ball.sum() > 1000
    assert np.median(cosines) > 0.999


def test_sampling_distance_is_depth_over_focal_length_and_deviation_is_along_the_ray() -> None:
    image = photographed("leaning_wall")[0]
    points = surface_points(image.view, exact(image, deviation=1e-3))
    depth = image.depth.numpy().ravel()
    assert np.allclose(points.sampling_distances, depth / image.view.intrinsics[0], rtol=1e-5)
    assert np.allclose(points.deviations, 1e-3 * depth**2, rtol=1e-4)


def test_colours_are_those_of_the_pixels_and_only_valid_pixels_are_points() -> None:
    image = photographed("two_walls")[0]
    mask = torch.zeros_like(image.depth, dtype=torch.bool)
    mask[10, 20] = mask[30, 40] = True
    points = surface_points(image.view, exact(image).masked(mask))
    assert len(points) == 2
    assert np.array_equal(points.colors_rgb, image.view.image_rgb[[10, 30], [20, 40]].numpy())
    assert len(points.cloud()) == 2


def test_scaling_the_world_scales_the_points() -> None:
    image = photographed("two_walls")[2]
    depth_map = exact(image)
    assert torch.allclose(depth_map.scaled(2.0).inverse_depth, depth_map.inverse_depth / 2.0)


def test_joining_keeps_order_and_nothing_joins_to_nothing() -> None:
    image = photographed("two_walls")[0]
    points = surface_points(image.view, exact(image))
    joined = SurfacePoints.join([points.take(slice(0, 10)), points.take(slice(10, 25))])
    assert np.array_equal(joined.points_in_world, points.points_in_world[:25])
    assert len(SurfacePoints.join([])) == 0


def test_maps_that_do_not_fit_are_refused() -> None:
    image = photographed("two_walls")[0]
    depth_map = exact(image)
    with pytest.raises(BadDepthMapError, match="positive"):
        replace(depth_map, inverse_depth=-depth_map.inverse_depth)
    with pytest.raises(BadDepthMapError, match="float32"):
        replace(depth_map, deviation=depth_map.deviation.double())
    with pytest.raises(BadDepthMapError, match="size"):
        surface_points(image.view.halved(), depth_map)
