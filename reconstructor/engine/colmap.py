"""How is pycolmap imported? Only here, after zlib; others use `from reconstructor.engine.colmap import pycolmap`.

pycolmap 4.2.1 bundles its own zlib. If that one is loaded first, the next PNG or gzip in this process hangs or aborts
(12 of 12 runs, 2026-11-23; 0 of 21 with the interpreter's zlib loaded before).
"""

import contextlib
import signal
import zlib
from typing import Any, Final

import numpy as np
import pycolmap
from numpy.typing import NDArray

from reconstructor.clouds.similarity import Sim3

__all__ = ["configure", "distortion_of", "intrinsics_of", "keypoints_in_image", "pycolmap", "sim3"]

# pycolmap's logging library handles SIGTERM by printing a stack trace: install Python's own handler again
with contextlib.suppress(ValueError, TypeError):  # not in the main thread; the handler is not Python's
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))

# index of the first distortion parameter of each camera model, and OpenCV's names of these parameters
_DISTORTIONS: Final = {
    "SIMPLE_PINHOLE": (3, ()),
    "PINHOLE": (4, ()),
    "SIMPLE_RADIAL": (3, ("k1",)),
    "RADIAL": (3, ("k1", "k2")),
    "OPENCV": (4, ("k1", "k2", "p1", "p2")),
}

ZLIB_VERSION = zlib.ZLIB_RUNTIME_VERSION  # a use, so that no linter removes the import


def configure(*, seed: int) -> None:
    """Set COLMAP's log level and random seed for this process."""
    pycolmap.logging.minloglevel = pycolmap.logging.Level.FATAL.value
    pycolmap.set_random_seed(seed)


def sim3(target_from_source: Sim3) -> Any:
    """The same transform as a `pycolmap.Sim3d`."""
    matrix = np.column_stack([target_from_source.scale * target_from_source.rotation, target_from_source.translation])
    return pycolmap.Sim3d(np.ascontiguousarray(matrix))


def intrinsics_of(camera: Any) -> NDArray[np.float64]:
    """The intrinsics (4,) float64 of a camera: fx, fy, cx, cy, in pixels of the camera's own image size."""
    return np.array([camera.focal_length_x, camera.focal_length_y, camera.principal_point_x, camera.principal_point_y])


def distortion_of(camera: Any) -> tuple[float, ...]:
    """OpenCV's distortion coefficients k1, k2, p1, p2 of a camera; empty for a pinhole.

    Raises:
        KeyError: a camera model that the engine never uses.
    """
    begin, names = _DISTORTIONS[camera.model_name]
    if not names:
        return ()
    given = dict(zip(names, camera.params[begin:], strict=True))
    return tuple(float(given.get(name, 0.0)) for name in ("k1", "k2", "p1", "p2"))


def keypoints_in_image(keypoints: NDArray[np.float32]) -> NDArray[np.float64]:
    """The positions (N, 2) of keypoints (N, 4), in pixels, contiguous as COLMAP's functions need them."""
    return np.ascontiguousarray(keypoints[:, :2], np.float64)
