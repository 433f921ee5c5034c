"""Which points of a photograph can be recognised in another? SIFT features (Lowe, IJCV 2004), by COLMAP."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from broker.errors import CairnError
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.device import compute_of
from reconstructor.engine.features.colmap_sift import DESCRIPTOR_LENGTH, SiftLimits, sift_of
from reconstructor.engine.features.halves import can_be_halved, sift_of_halves
from reconstructor.engine.features.photographs import DecodedPhotograph
from reconstructor.engine.settings import EngineSettings

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
    limits = SiftLimits(
        max_features=settings.max_features,
        first_octave=-1 if photograph.gray.size < _SMALL_IMAGE_PIXELS else 0,  # 0: half the time, the same cameras
    )
    compute = compute_of(settings)
    gpu = compute.device.index if pycolmap.has_cuda and compute.device.type == "cuda" else None
    if gpu is None and can_be_halved(photograph.gray):
        keypoints, descriptors = sift_of_halves(photograph.gray, limits, threads=settings.threads)
    else:
        keypoints, descriptors = sift_of(photograph.gray, limits, gpu)
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


def _colors_at(colors_rgb: NDArray[np.uint8], keypoints: NDArray[np.float32]) -> NDArray[np.uint8]:
    height, width = colors_rgb.shape[:2]
    columns = np.clip(keypoints[:, 0].astype(np.intp), 0, width - 1)
    rows = np.clip(keypoints[:, 1].astype(np.intp), 0, height - 1)
    colors: NDArray[np.uint8] = colors_rgb[rows, columns]
    return colors
