"""Depth and normals are compared with what geometry says they must be."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.cameras.simulated.meshes import Mesh, box, level_set, merged
from edge_agent.cameras.simulated.path import looking_at
from edge_agent.cameras.simulated.renderer import Intrinsics, Renderer, Rendering

SMALL = Intrinsics(width_px=96, height_px=64, fx_px=80.0, fy_px=80.0, cx_px=48.0, cy_px=32.0)


def rays_in_camera(intrinsics: Intrinsics) -> NDArray[np.float64]:
    y, x = np.mgrid[: intrinsics.height_px, : intrinsics.width_px] + 0.5
    return np.stack(
        [(x - intrinsics.cx_px) / intrinsics.fx_px, (y - intrinsics.cy_px) / intrinsics.fy_px, np.ones_like(x)], axis=-1
    )


def points_in_world(rendering: Rendering, world_from_camera: NDArray[np.float64]) -> NDArray[np.float64]:
    in_camera = rays_in_camera(SMALL) * np.nan_to_num(rendering.depth, posinf=0.0)[..., None]
    points: NDArray[np.float64] = in_camera @ world_from_camera[:3, :3].T + world_from_camera[:3, 3]
    return points


@pytest.fixture(scope="module")
def wall() -> Mesh:
    return box((-20.0, 0.0, -20.0), (20.0, 1.0, 20.0), spacing=2.0)


def test_depth_of_an_oblique_wall_is_where_each_ray_meets_its_plane(wall: Mesh) -> None:
    world_from_camera = looking_at((-3.0, -5.0, 1.0), (0.0, 0.0, 0.5), roll_deg=7.0)
    rendering = Renderer(wall, ambient_rays=1).render(world_from_camera, SMALL)
    directions = rays_in_camera(SMALL) @ world_from_camera[:3, :3].T
    expected = -world_from_camera[1, 3] / directions[..., 1]
    np.testing.assert_allclose(rendering.depth, expected, rtol=1e-5)
    np.testing.assert_allclose(rendering.normals, np.broadcast_to([0, -1, 0], rendering.normals.shape), atol=1e-6)


def test_points_from_the_depth_of_a_ball_lie_on_the_ball() -> None:
    spacing, radius = 0.04, 1.0
    ball = level_set(
        lambda points: np.linalg.norm(points, axis=1) - np.float32(radius), (-1.2,) * 3, (1.2,) * 3, spacing
    )
    world_from_camera = looking_at((2.0, -3.0, 1.5), (0.0, 0.0, 0.0))
    rendering = Renderer(ball, ambient_rays=1).render(world_from_camera, SMALL)
    hit = np.isfinite(rendering.depth)
    from_centre = np.linalg.norm(points_in_world(rendering, world_from_camera)[hit], axis=1)
    assert 0.1 < hit.mean() < 0.6
    assert np.abs(from_centre - radius).max() < spacing**2 / (2 * radius)  # a chord's distance from its arc
    outward = np.einsum("ij,ij->i", rendering.normals[hit], points_in_world(rendering, world_from_camera)[hit])
    assert outward.min() > 0.99


def test_nothing_but_sky_has_infinite_depth_and_no_normal(wall: Mesh) -> None:
    rendering = Renderer(wall, ambient_rays=1).render(looking_at((0.0, -5.0, 0.0), (0.0, -9.0, 3.0)), SMALL)
    assert np.isinf(rendering.depth).all()
    assert not rendering.normals.any()
    assert rendering.radiance_rgb.min() > 0


def test_two_views_agree_on_the_colour_of_the_same_place(wall: Mesh) -> None:
    renderer = Renderer(wall.painted(np.array([0.5, 0.4, 0.3], np.float32)), ambient_rays=1)
    first, second = looking_at((0, -1.0, 0), (0, 0, 0)), looking_at((0.25, -1.0, 0.1), (0.1, 0, 0))
    seen = renderer.render(first, SMALL)
    places = points_in_world(seen, first)
    in_second = (places - second[:3, 3]) @ second[:3, :3]
    x = in_second[..., 0] / in_second[..., 2] * SMALL.fx_px + SMALL.cx_px
    y = in_second[..., 1] / in_second[..., 2] * SMALL.fy_px + SMALL.cy_px
    inside = (x > 1) & (x < 95) & (y > 1) & (y < 63)
    again = renderer.render(second, SMALL).radiance_rgb.mean(axis=2)[y[inside].astype(int), x[inside].astype(int)]
    assert inside.mean() > 0.6
    assert np.corrcoef(seen.radiance_rgb.mean(axis=2)[inside], again)[0, 1] > 0.8


def test_a_roof_throws_a_shadow(wall: Mesh) -> None:
    canopy = box((-4.0, -2.0, 2.0), (4.0, 0.0, 2.1))
    pose = looking_at((0.0, -6.0, 0.0), (0.0, 0.0, 0.0))
    free = Renderer(wall, ambient_rays=1).render(pose, SMALL).radiance_rgb
    shaded = Renderer(merged([wall, canopy]), ambient_rays=1).render(pose, SMALL).radiance_rgb
    below = (slice(20, 28), slice(44, 52))
    assert shaded[below].mean() < 0.7 * free[below].mean()
