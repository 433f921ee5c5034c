"""Does the plane through a point tell how a patch looks from another camera?"""

import numpy as np

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.lsm.surface import affine_maps, corners_in_world
from tests.unit.reconstructor.engine.analytic import looking_at
from tests.unit.reconstructor.engine.synthetic import HEIGHT_PX, INTRINSICS, WIDTH_PX

CAMERA = pycolmap.Camera(model="PINHOLE", params=list(INTRINSICS), width=WIDTH_PX, height=HEIGHT_PX)
POINT = np.array([0.2, -0.1, 0.3])
NORMAL = np.array([0.36, 0.0, -0.932952])


def pose(center: tuple[float, float, float]) -> pycolmap.Rigid3d:
    return pycolmap.Rigid3d(np.ascontiguousarray(looking_at(center, (0.0, 0.0, 0.0))[:3]))


def pixel(of: pycolmap.Rigid3d, point: np.ndarray) -> np.ndarray:
    return np.asarray(CAMERA.img_from_cam(of * point))


def test_the_affine_map_takes_neighbours_on_the_plane_to_where_the_camera_sees_them() -> None:
    first, second = pose((0.5, 0.1, -4.0)), pose((2.2, -0.4, -3.2))
    corners = corners_in_world(CAMERA, first, pixel(first, POINT)[None], POINT[None], NORMAL[None])
    assert np.allclose((corners - POINT) @ NORMAL, 0, atol=1e-9)
    (matrix,) = affine_maps(CAMERA, second, corners)
    on_plane = POINT + 0.02 * np.cross(NORMAL, [0.3, 0.9, 0.1])
    seen = pixel(second, on_plane) - pixel(second, POINT)
    assert np.allclose(matrix @ (pixel(first, on_plane) - pixel(first, POINT)), seen, atol=0.03)
    (same,) = affine_maps(CAMERA, first, corners)
    assert np.allclose(same, np.eye(2), atol=1e-6)


def test_a_plane_seen_from_its_edge_or_from_behind_gives_no_map() -> None:
    first = pose((0.0, 0.0, -4.0))
    for normal in ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)):
        corners = corners_in_world(CAMERA, first, pixel(first, POINT)[None], POINT[None], np.array([normal]))
        assert np.isnan(corners).any()
    corners = corners_in_world(CAMERA, first, pixel(first, POINT)[None], POINT[None], NORMAL[None])
    away = pycolmap.Rigid3d(np.ascontiguousarray(looking_at((0.0, 0.0, -4.0), (0.0, 0.0, -9.0))[:3]))
    assert np.isnan(affine_maps(CAMERA, away, corners)).all()
