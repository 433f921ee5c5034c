"""How far do matches lie from epipolar lines? Nothing where they are exact, as many pixels as they were moved across them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.epipolar import rays_of_places, sampson_errors
from tests.unit.reconstructor.engine.synthetic import FOCAL_PX, HEIGHT_PX, INTRINSICS, WIDTH_PX

CAMERA = pycolmap.Camera(model="PINHOLE", width=WIDTH_PX, height=HEIGHT_PX, params=INTRINSICS)
SIDEWAYS = np.array([1.0, 0.0, 0.0])


def pose(shift: NDArray[np.float64]) -> Any:
    return pycolmap.Rigid3d(pycolmap.Rotation3d(), shift)


@pytest.fixture(scope="module")
def places() -> NDArray[np.float64]:
    """Points (N, 3) before the first camera."""
    return np.random.default_rng(0).uniform((-1.0, -0.7, 4.0), (1.0, 0.7, 6.0), (50, 3))


def in_pixels(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points[:, :2] / points[:, 2:] * FOCAL_PX + [WIDTH_PX / 2, HEIGHT_PX / 2]


def errors_px(places: NDArray[np.float64], shift: NDArray[np.float64], moved_px: tuple[float, float]) -> Any:
    first = rays_of_places(CAMERA, in_pixels(places))
    second = rays_of_places(CAMERA, in_pixels(places + SIDEWAYS) + np.array(moved_px))
    return sampson_errors(pose(shift), first, second) * FOCAL_PX


def test_exact_matches_lie_on_their_lines_also_if_moved_along_them(places: NDArray[np.float64]) -> None:
    assert errors_px(places, SIDEWAYS, (0.0, 0.0)).max() < 1e-6
    assert errors_px(places, SIDEWAYS, (5.0, 0.0)).max() < 1e-6


def test_matches_moved_across_their_lines_have_half_of_it_as_error_in_each_image(places: NDArray[np.float64]) -> None:
    assert errors_px(places, SIDEWAYS, (0.0, 3.0)) == pytest.approx(3.0 / np.sqrt(2.0))


def test_matches_that_meet_behind_a_camera_are_infinitely_far(places: NDArray[np.float64]) -> None:
    assert np.isinf(errors_px(places, -SIDEWAYS, (0.0, 0.0))).all()


def test_nearly_parallel_rays_meet_anywhere(places: NDArray[np.float64]) -> None:
    far = places * np.array([1e4, 1e4, 1e4])
    assert np.isfinite(errors_px(far, -SIDEWAYS, (0.0, 0.0))).all()
