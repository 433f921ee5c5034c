"""Which points of a photograph can be recognised in another? SIFT features (Lowe, IJCV 2004), by COLMAP."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from broker.errors import CairnError
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.device import compute_of
from reconstructor.engine.features.halves import can_be_halved, features_of_halves
from reconstructor.engine.features.photographs import DecodedPhotograph
from reconstructor.engine.settings import EngineSettings

DESCRIPTOR_LENGTH = 128
_SMALL_IMAGE_PIXELS = 700_000
_REACH = 6.0  # half the side of what SIFT describes, in scales


class BadFeaturesError(CairnError):
    """Arrays that are not features: wrong shape, dtype or value."""

    code = "engine_bad_features"
    remedy = "A defect of the engine or a damaged file: restart, then report it."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """The SIFT features of a photograph, ordered by scale, largest first.

    Coordinates are in pixels of the reduced, upright image; its top-left corner is (0, 0).
    """

    keypoints: NDArray[np.float32]  # (N, 4): x_px, y_px, scale_px, orientation_rad
    descriptors: NDArray[np.uint8]  # (N, 128), RootSIFT; (0, 128) where they are only on disk
    colors_rgb: NDArray[np.uint8]  # (N, 3)

    def __post_init__(self) -> None:
        count = len(self.keypoints)
        shapes = (self.keypoints.shape, self.descriptors.shape, self.colors_rgb.shape)
        described = count if len(self.descriptors) else 0
        if shapes != ((count, 4), (described, DESCRIPTOR_LENGTH), (count, 3)):
            raise BadFeaturesError(f"features of shapes {shapes} do not belong together")
        types = tuple(str(array.dtype) for array in (self.keypoints, self.descriptors, self.colors_rgb))
        if types != ("float32", "uint8", "uint8") or not np.isfinite(self.keypoints).all():
            raise BadFeaturesError(f"features need finite float32, uint8, uint8 arrays, not {types}")

    def __len__(self) -> int:
        return len(self.keypoints)

    def without_descriptors(self) -> "Features":
        """The same without the half megabyte of descriptors, which `ImageFiles.read_descriptors` reads again."""
        return replace(self, descriptors=np.empty((0, DESCRIPTOR_LENGTH), np.uint8))


def extract_features(photograph: DecodedPhotograph, settings: EngineSettings) -> Features:
    """The features of largest scale in a photograph, at most `settings.max_features`; none if it is blank."""
    first_octave = -1 if photograph.gray.size < _SMALL_IMAGE_PIXELS else 0
    compute = compute_of(settings)
    gpu = compute.device.index if pycolmap.has_cuda and compute.device.type == "cuda" else None
    if gpu is None and can_be_halved(photograph.gray):
        options = _options(settings.max_features, first_octave, settings.threads)
        keypoints, descriptors = features_of_halves(photograph.gray, options)
    else:
        extractor = _extractor(settings.max_features, first_octave, settings.threads, gpu)
        points, descriptors = extractor.extract_from_uint8_array(np.ascontiguousarray(photograph.gray))
        keypoints = np.asarray(pycolmap.keypoints_to_matrix(points), np.float32).reshape(-1, 4)
        descriptors = np.asarray(descriptors.data, np.uint8).reshape(-1, DESCRIPTOR_LENGTH)
    shown = _are_shown(keypoints, photograph.is_shown)
    keypoints = keypoints[shown]
    # largest first, for the matcher's probe; COLMAP keeps complete scales, up to twice as many features as requested
    order = np.argsort(-keypoints[:, 2], kind="stable")[: settings.max_features]
    keypoints = keypoints[order]
    return Features(
        keypoints=keypoints,
        descriptors=descriptors[shown][order],
        colors_rgb=_colors_at(photograph.colors_rgb, keypoints),
    )


def _are_shown(keypoints: NDArray[np.float32], is_shown: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """(N,) which keypoints see nothing of a mask, not even its edge: four corners of what they are described by."""
    if is_shown is None:
        return np.ones(len(keypoints), np.bool_)
    height, width = is_shown.shape
    kept = np.ones(len(keypoints), np.bool_)
    for across, down in ((-1, -1), (-1, 1), (1, -1), (1, 1), (0, 0)):
        columns = np.clip(keypoints[:, 0] + _REACH * across * keypoints[:, 2], 0, width - 1).astype(np.intp)
        rows = np.clip(keypoints[:, 1] + _REACH * down * keypoints[:, 2], 0, height - 1).astype(np.intp)
        kept &= is_shown[rows, columns]
    return kept


@lru_cache(maxsize=4)
def _extractor(max_features: int, first_octave: int, threads: int, gpu: int | None) -> Any:
    """COLMAP's extractor; on the GPU of that number it is SiftGPU, which only `pycolmap-cuda12` brings."""
    options = _options(max_features, first_octave, threads, gpu)
    return pycolmap.FeatureExtractor.create(options, pycolmap.Device.cpu if gpu is None else pycolmap.Device.cuda)


def _options(max_features: int, first_octave: int, threads: int, gpu: int | None = None) -> Any:
    options = pycolmap.FeatureExtractionOptions()
    options.use_gpu = gpu is not None
    options.gpu_index = str(-1 if gpu is None else gpu)
    options.num_threads = threads
    options.sift.max_num_features = max_features
    options.sift.first_octave = first_octave  # 0 for full-size images: half the time of -1, the same cameras
    return options


def _colors_at(colors_rgb: NDArray[np.uint8], keypoints: NDArray[np.float32]) -> NDArray[np.uint8]:
    height, width = colors_rgb.shape[:2]
    columns = np.clip(keypoints[:, 0].astype(np.intp), 0, width - 1)
    rows = np.clip(keypoints[:, 1].astype(np.intp), 0, height - 1)
    colors: NDArray[np.uint8] = colors_rgb[rows, columns]
    return colors
