"""Are the pixels of thousands of photographs on disk, always the same, and without the distortion of their camera?"""

from pathlib import Path

import numpy as np
import pytest
import torch

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.mvs.depth_files import DepthFiles
from reconstructor.engine.mvs.pixel_cache import CachedPixels, CameraModel, PixelCache, undistorted
from reconstructor.engine.mvs.views import BadViewError
from reconstructor.engine.settings import EngineSettings
from tests.unit.reconstructor.engine.synthetic import Photographs

SETTINGS = EngineSettings(threads=1, max_features=1500, dense_max_side_px=160)
PINHOLE = pycolmap.Camera(model="PINHOLE", width=200, height=100, params=[150, 160, 100, 50])
RADIAL = pycolmap.Camera(model="SIMPLE_RADIAL", width=200, height=100, params=[150, 100, 50, -0.2])


def pixels_of(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 255, (50, 100, 3)).astype(np.uint8)


@pytest.mark.parametrize("camera", [PINHOLE, RADIAL])
def test_few_photographs_are_in_memory_and_all_stay_as_they_were(tmp_path: Path, camera: pycolmap.Camera) -> None:
    cache, model = PixelCache(DepthFiles(folder=tmp_path), most=2), CameraModel.of(camera)
    for number in range(1, 6):
        cache.keep(number, pixels_of(number))
    for number in (1, 5, 2, 1, 3, 4, 5):
        upright, intrinsics = undistorted(pixels_of(number), camera)
        loaded = CachedPixels(cache=cache, number=number, model=model).load()
        assert np.array_equal(loaded.numpy(), upright)
        assert np.array_equal(intrinsics, undistorted(pixels_of(number), model.camera)[1])
        assert max(len(cache._stored._pixels), len(cache._upright._pixels)) <= 2


def test_a_photograph_that_is_used_again_is_not_read_again(tmp_path: Path) -> None:
    cache, model = PixelCache(DepthFiles(folder=tmp_path)), CameraModel.of(RADIAL)
    cache.keep(1, pixels_of(1))
    first = cache.upright(1, model)
    (tmp_path / "pixels" / "000001.npz").unlink()
    assert cache.upright(1, model) is first
    assert cache.shape(1) == (50, 100)
    assert cache.shape(2) is None
    with pytest.raises(BadViewError):
        cache.upright(2, model)


def test_no_view_of_the_engine_holds_pixels(photographs: Photographs, tmp_path: Path) -> None:
    engine = LiveEngine(tmp_path, SETTINGS)
    for path in photographs.paths[:4]:
        engine.add_image(path, path.stem)
    engine.complete()
    densifier = engine.components[0].densifier
    assert densifier is not None
    views = densifier._dense._views
    assert len(views) == 4
    assert {view.image_rgb.device for view in views.values()} == {torch.device("meta")}
    assert all(view.loaded().image_rgb.shape == (120, 160, 3) for view in views.values())


def test_without_distortion_the_image_is_left_as_it_is() -> None:
    camera = pycolmap.Camera(model="PINHOLE", width=200, height=100, params=[150, 160, 100, 50])
    pixels = np.random.default_rng(0).integers(0, 255, (50, 100, 3)).astype(np.uint8)
    upright, intrinsics = undistorted(pixels, camera)
    assert np.array_equal(upright, pixels)
    assert np.allclose(intrinsics, [75, 80, 50, 25])


def test_a_distorted_line_becomes_straight() -> None:
    camera = pycolmap.Camera(model="SIMPLE_RADIAL", width=400, height=300, params=[300, 200, 150, -0.25])
    across = np.linspace(-0.5, 0.5, 2001)
    line = np.stack([across, np.full_like(across, 0.3), np.ones_like(across)], axis=1)  # straight, at y = 0.3
    pixels = np.zeros((300, 400, 3), np.uint8)
    columns, rows = np.array(camera.img_from_cam(line)).astype(int).T
    pixels[rows, columns] = 255
    assert np.ptp(rows) > 3
    upright, intrinsics = undistorted(pixels, camera)
    found_rows, found_columns = np.nonzero(upright[:, 80:320, 0] > 100)
    assert len(found_columns) > 200
    expected = 0.3 * intrinsics[1] + intrinsics[3]
    assert np.abs(found_rows + 0.5 - expected).max() < 1.5
