"""Where are the pixels of photographs between uses? On disk; those used last are in memory, also without lens distortion.

Those of 2,000 photographs of 612 x 408 pixels take 1.5 GB.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray

from reconstructor.engine.colmap import intrinsics_of, pycolmap
from reconstructor.engine.mvs.depth_files import DepthFiles
from reconstructor.engine.mvs.views import BadViewError

Pixels = NDArray[np.uint8]

_CPU: Final = torch.device("cpu")
_MOST_IMAGES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraModel:
    """The values of a COLMAP camera at one time; the mapper changes its camera."""

    name: str
    params: tuple[float, ...]
    width: int
    height: int

    @classmethod
    def of(cls, camera: Any) -> Self:
        """The present values of a `pycolmap.Camera`."""
        return cls(name=camera.model_name, params=tuple(camera.params), width=camera.width, height=camera.height)

    @property
    def camera(self) -> Any:
        """A `pycolmap.Camera` with these values."""
        return pycolmap.Camera(model=self.name, params=list(self.params), width=self.width, height=self.height)


class PixelCache:
    """The photographs of one engine at the size of the depth maps; safe to use from several threads.

    Args:
        files: where they are.
        device: where lens distortion is removed.
        most: how many stay in memory, and as many again without distortion.
    """

    def __init__(self, files: DepthFiles, device: torch.device = _CPU, *, most: int = _MOST_IMAGES) -> None:
        self._files, self._device = files, device
        self._stored, self._upright = Recent(most), Recent(most)
        self._shapes: dict[int, tuple[int, int]] = {}

    def keep(self, number: int, pixels_rgb: Pixels) -> None:
        """Store a photograph (H, W, 3) uint8 RGB, in memory and on disk."""
        self._files.write_pixels(number, pixels_rgb)
        self._stored.put(number, pixels_rgb)
        self._shapes[number] = pixels_rgb.shape[:2]

    def shape(self, number: int) -> tuple[int, int] | None:
        """Height and width of a photograph in pixels; None if it cannot be read."""
        if number not in self._shapes:
            pixels = self._files.read_pixels(number)
            if pixels is None:
                return None
            self._shapes[number] = pixels.shape[:2]
        return self._shapes[number]

    def upright(self, number: int, model: CameraModel) -> Pixels:
        """(H, W, 3) uint8 RGB of a photograph without the distortion of this camera; do not change it.

        Raises:
            BadViewError: the photograph can be read no more.
        """

        def read() -> Pixels:
            pixels = self._files.read_pixels(number)
            if pixels is None:
                raise BadViewError(f"image {number}: its reduced photograph cannot be read any more")
            return pixels

        if model.camera.is_undistorted():
            return self._stored.get(number, read)
        return self._upright.get(
            (number, model), lambda: undistorted(self._stored.get(number, read), model.camera, self._device)[0]
        )


class Recent:
    """A least-recently-used cache of pixels; safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._pixels: OrderedDict[Hashable, Pixels] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Pixels]) -> Pixels:
        """(H, W, 3) uint8, made if it is not there; two threads may make it at once."""
        with self._lock:
            if (found := self._pixels.get(key)) is not None:
                self._pixels.move_to_end(key)
                return found
        made = make()
        self.put(key, made)
        return made

    def put(self, key: Hashable, pixels_rgb: Pixels) -> None:
        """Add pixels (H, W, 3) uint8 as those used last."""
        with self._lock:
            self._pixels[key] = pixels_rgb
            self._pixels.move_to_end(key)
            while len(self._pixels) > self._most:
                self._pixels.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CachedPixels:
    """See `reconstructor.engine.mvs.views.PixelSource`."""

    cache: PixelCache
    number: int
    model: CameraModel

    def load(self) -> torch.Tensor:
        """(H, W, 3) uint8 RGB, in main memory."""
        return torch.from_numpy(self.cache.upright(self.number, self.model))


def undistorted(
    pixels_rgb: NDArray[np.uint8], camera: Any, device: torch.device = _CPU
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Remove lens distortion from an image (H, W, 3), by bilinear sampling.

    Args:
        pixels_rgb: (H, W, 3) uint8.
        camera: the COLMAP camera of the image; it may be of another size.
        device: where the samples are taken.

    Returns:
        the image (H, W, 3) uint8 of a pinhole camera of the same focal length, and its intrinsics (4,) float64: fx, fy,
        cx, cy in pixels.
    """
    height, width = pixels_rgb.shape[:2]
    intrinsics = scaled_intrinsics(camera, height, width)
    if camera.is_undistorted():
        return pixels_rgb, intrinsics
    grid = _grid(camera.model_name, tuple(camera.params), (camera.width, camera.height), (width, height), device)
    source = torch.from_numpy(np.ascontiguousarray(pixels_rgb)).to(device).permute(2, 0, 1)[None].float()
    sampled = torch.nn.functional.grid_sample(source, grid, align_corners=False, padding_mode="border")
    return sampled[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).cpu().numpy(), intrinsics


def scaled_intrinsics(camera: Any, height: int, width: int) -> NDArray[np.float64]:
    """(4,) float64 fx, fy, cx, cy of a COLMAP camera in pixels of an image of another size."""
    scaled: NDArray[np.float64] = intrinsics_of(camera) * np.tile([width / camera.width, height / camera.height], 2)
    return scaled


@lru_cache(maxsize=4)
def _grid(
    model: str, params: tuple[float, ...], size: tuple[int, int], reduced: tuple[int, int], device: torch.device
) -> torch.Tensor:
    """(1, H, W, 2) float32, for `grid_sample`: where each pixel of the pinhole image lies in the distorted image."""
    camera = pycolmap.Camera(model=model, params=list(params), width=size[0], height=size[1])
    width, height = reduced
    scale = np.array([width / size[0], height / size[1]])
    fx, fy, cx, cy = intrinsics_of(camera)
    rows, columns = np.mgrid[0:height, 0:width] + 0.5
    x, y = (columns / scale[0] - cx) / fx, (rows / scale[1] - cy) / fy
    rays = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=1)
    seen_at = camera.img_from_cam(np.ascontiguousarray(rays)) * scale
    grid = torch.from_numpy((2.0 * seen_at / [width, height] - 1.0).astype(np.float32))
    return grid.to(device).view(1, height, width, 2)
