"""How is COLMAP's SIFT called for an array of pixels? It holds Python's interpreter as long as it works, in one thread."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.colmap import pycolmap

DESCRIPTOR_LENGTH = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class SiftLimits:
    """How many features are wanted, and from which octave on: 0 is the photograph's size, -1 twice that."""

    max_features: int
    first_octave: int


def sift_of(
    pixels: NDArray[np.uint8], limits: SiftLimits, gpu: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The features of a photograph, in any order.

    Args:
        pixels: (H, W) uint8, shades of one channel.
        limits: how many are wanted; COLMAP keeps complete scales, up to twice as many.
        gpu: the number of the graphics card that computes them; None for the processor.

    Returns:
        Keypoints (N, 4), in pixels, with columns as in `Features`, and descriptors (N, 128), RootSIFT.
    """
    points, descriptors = _extractor(limits, gpu).extract_from_uint8_array(np.ascontiguousarray(pixels))
    return (
        np.asarray(pycolmap.keypoints_to_matrix(points), np.float32).reshape(-1, 4),
        np.asarray(descriptors.data, np.uint8).reshape(-1, DESCRIPTOR_LENGTH),
    )


@lru_cache(maxsize=4)
def _extractor(limits: SiftLimits, gpu: int | None) -> Any:
    """COLMAP's extractor; on the GPU of that number it is SiftGPU, which only `pycolmap-cuda12` brings."""
    options = pycolmap.FeatureExtractionOptions()
    options.use_gpu = gpu is not None
    options.gpu_index = str(-1 if gpu is None else gpu)
    options.sift.max_num_features = limits.max_features
    options.sift.first_octave = limits.first_octave
    return pycolmap.FeatureExtractor.create(options, pycolmap.Device.cpu if gpu is None else pycolmap.Device.cuda)
