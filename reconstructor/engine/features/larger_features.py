"""Which features have the larger photographs, and which of them match? For `quality = "high"`; both are kept on the disk.

They take seconds an image, so a refetch computes only what is new since the one before it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.features.image_files import ImageFacts, read_arrays, write_arrays
from reconstructor.engine.features.matching import Matcher
from reconstructor.engine.features.pairs import Matches, Pair, PairEstimator, pairs_from_arrays, pairs_to_arrays
from reconstructor.engine.features.photographs import read_photograph, stamp_of
from reconstructor.engine.features.sift import BadFeaturesError, extract_features
from reconstructor.engine.settings import EngineSettings

MOST_FEATURES: Final = 8000
_FOLDER: Final = "larger_features"
_NO_MATCHES: Final[Matches] = np.empty((0, 2), np.uint32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LargerImage:
    """The features of one larger photograph.

    Attributes:
        stamp: `stamp_of` its file.
        size_px: its width and height.
        keypoints: (N, 4) float32, as those of `Features`, in its pixels.
    """

    stamp: int
    size_px: tuple[int, int]
    keypoints: NDArray[np.float32]


class LargerFeatures:
    """The features and pairs of the larger photographs of one engine.

    Args:
        folder: the engine's.
        settings: the engine's; `exact_max_side_px` is the photographs' longer side.
        until_s: when to stop, by the monotonic clock.
    """

    def __init__(self, folder: Path, settings: EngineSettings, until_s: float) -> None:
        self._side_px = settings.exact_max_side_px
        self._settings = settings.model_copy(update={"max_side_px": self._side_px, "max_features": MOST_FEATURES})
        self._folder, self._until_s = folder / _FOLDER, until_s
        self._matcher, self._estimator = Matcher(), PairEstimator(seed=settings.random_seed)

    def images(self, facts: Mapping[int, ImageFacts]) -> dict[int, LargerImage]:
        """The features of these images, by number; one photograph is in memory at a time.

        Raises:
            TimeoutError: it is too late.
            UnreadablePhotographError: a photograph's file is gone.
        """
        return {number: self._kept(number, each) or self._extracted(number, each) for number, each in facts.items()}

    def pairs(
        self, newer: int, earlier: Sequence[int], images: Mapping[int, LargerImage], camera_of: Callable[[int], Any]
    ) -> list[Pair]:
        """The verified matches of an image with earlier ones; `camera_of` gives the `pycolmap.Camera` of a larger photograph.

        Raises:
            TimeoutError: it is too late.
            UnreadablePhotographError: a file of features is gone.
        """
        stamps = {each: (images[each].stamp, images[newer].stamp) for each in earlier}
        found = self._kept_pairs(newer, stamps)
        for each in (one for one in earlier if one not in found):
            self._check_time()
            matches = self._matcher.match(self._descriptors(each), self._descriptors(newer))
            keypoints = (images[each].keypoints, images[newer].keypoints)
            cameras = (camera_of(each), camera_of(newer))
            pair = self._estimator.estimate((each, newer), cameras, keypoints, matches)
            found[each] = pair or _without_matches(each, newer)
            self._keep_pairs(newer, found, stamps)
        return [pair for pair in found.values() if len(pair.matches)]

    def _kept(self, number: int, facts: ImageFacts) -> LargerImage | None:
        arrays = read_arrays(self._path("features", number), skipped="descriptors") or {}
        try:
            stamp, width, height = arrays["photograph"].tolist()
            keypoints = arrays["keypoints"]
        except (KeyError, ValueError):
            return None
        if not stamp or stamp != stamp_of(facts.current_path, self._side_px):
            return None
        return LargerImage(stamp=stamp, size_px=(width, height), keypoints=keypoints)

    def _extracted(self, number: int, facts: ImageFacts) -> LargerImage:
        self._check_time()
        path = facts.current_path
        photograph, stamp = read_photograph(path, self._settings), stamp_of(path, self._side_px)
        features = extract_features(photograph, self._settings)
        height, width = photograph.gray.shape
        arrays: dict[str, NDArray[Any]] = {
            "photograph": np.array([stamp, width, height], np.int64),
            "keypoints": features.keypoints,
            "descriptors": features.descriptors,
        }
        write_arrays(self._path("features", number), arrays, is_durable=False)
        return LargerImage(stamp=stamp, size_px=(width, height), keypoints=features.keypoints)

    def _descriptors(self, number: int) -> NDArray[np.uint8]:
        """(N, 128) of an image whose features were kept."""
        arrays = read_arrays(self._path("features", number), only="descriptors")
        if not arrays:
            raise BadFeaturesError(f"the features of the larger photograph {number} cannot be read")
        return arrays["descriptors"]

    def _kept_pairs(self, newer: int, stamps: Mapping[int, tuple[int, int]]) -> dict[int, Pair]:
        """Those of which both photographs are the same as now, by the earlier image."""
        arrays = read_arrays(self._path("pairs", newer))
        try:
            kept = () if arrays is None else pairs_from_arrays(newer, arrays)
            of_kept = [] if arrays is None else arrays["stamps"].tolist()
        except (KeyError, IndexError):
            return {}
        return {
            pair.earlier: pair
            for pair, stamp in zip(kept, of_kept, strict=False)
            if stamps.get(pair.earlier) == tuple(stamp)
        }

    def _keep_pairs(self, newer: int, found: Mapping[int, Pair], stamps: Mapping[int, tuple[int, int]]) -> None:
        pairs = list(found.values())
        arrays = {**pairs_to_arrays(pairs), "stamps": np.array([stamps[each.earlier] for each in pairs], np.int64)}
        write_arrays(self._path("pairs", newer), arrays, is_durable=False)

    def _check_time(self) -> None:
        if time.monotonic() > self._until_s:
            raise TimeoutError("the features of the larger photographs were not ready in time")

    def _path(self, kind: str, number: int) -> Path:
        return self._folder / kind / f"{number:06d}.npz"


def _without_matches(earlier: int, newer: int) -> Pair:
    """The note that two photographs do not match, so that they are not matched again."""
    nothing = np.full((3, 3, 3), np.nan)
    return Pair(earlier=earlier, newer=newer, matches=_NO_MATCHES, configuration=0, matrices=nothing)
