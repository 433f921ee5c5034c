import io

import numpy as np
import pytest
from PIL import Image

from edge_agent.cameras.camera import CameraExhaustedError
from edge_agent.cameras.simulated.camera import SimulatedCamera, SimulatedObject, UnknownObjectError

SMALL = (120, 80)


@pytest.fixture(scope="module")
def vault() -> SimulatedObject:
    return SimulatedObject("vault", count=6, size_px=SMALL)


def test_a_view_comes_with_its_truth(vault: SimulatedObject) -> None:
    view = vault.view(2)
    assert view.image_rgb.shape == (80, 120, 3)
    assert view.depth.shape == (80, 120)
    assert view.normals.shape == (80, 120, 3)
    np.testing.assert_array_equal(view.world_from_camera, vault.poses[2])
    assert view.intrinsics.fx_px == pytest.approx(28 / 36 * 120)
    assert np.isfinite(view.depth).all()


def test_the_same_view_is_rendered_to_the_same_pixels(vault: SimulatedObject) -> None:
    np.testing.assert_array_equal(vault.view(1).image_rgb, vault.view(1).image_rgb)


def test_views_agree_about_where_the_surface_is(vault: SimulatedObject) -> None:
    """A place that the first view sees lies, from the second view, at the depth that the second view measures."""
    first, second = vault.view(0), vault.view(1)
    k = first.intrinsics.matrix()
    y, x = np.mgrid[:80, :120] + 0.5
    rays = np.stack([x, y, np.ones_like(x)], -1) @ np.linalg.inv(k).T
    places = (rays * first.depth[..., None]) @ first.world_from_camera[:3, :3].T + first.world_from_camera[:3, 3]
    in_second = (places - second.world_from_camera[:3, 3]) @ second.world_from_camera[:3, :3]
    projected = in_second @ k.T
    u, v = projected[..., 0] / projected[..., 2], projected[..., 1] / projected[..., 2]
    inside = (projected[..., 2] > 0) & (u > 0) & (u < 120) & (v > 0) & (v < 80)
    measured = second.depth[v[inside].astype(int), u[inside].astype(int)]
    error = np.abs(measured - projected[..., 2][inside]) / measured
    assert inside.mean() > 0.5
    assert np.median(error) < 0.01


def test_a_camera_takes_each_photograph_of_its_path_once() -> None:
    camera = SimulatedCamera("vault", count=2, size_px=SMALL)
    first, second = camera.capture(), camera.capture()
    assert [first.file_name, second.file_name] == ["vault-0001.jpg", "vault-0002.jpg"]
    assert Image.open(io.BytesIO(first.content)).size == SMALL
    assert first.content != second.content
    with pytest.raises(CameraExhaustedError, match="2 photographs are taken"):
        camera.capture()
    camera.close()


def test_an_unknown_object_is_refused_at_once_with_the_known_ones() -> None:
    with pytest.raises(UnknownObjectError, match="facade, statue, vault, inscription"):
        SimulatedCamera("castle")
