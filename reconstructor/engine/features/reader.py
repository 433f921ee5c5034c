"""What is computed once for a new photograph? Facts, features and pairs; each is stored on disk at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.features.candidates import PairFinder
from reconstructor.engine.features.copies import without_copies
from reconstructor.engine.features.image_files import ImageFacts, ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.learned_cameras import LearnedCameras
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.features.photographs import read_photograph
from reconstructor.engine.features.sift import BadFeaturesError, Features, extract_features
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.stopwatch import Stopwatch


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReader:
    """Reads from disk what an earlier process computed before it was killed, and computes the rest."""

    files: ImageFiles
    settings: EngineSettings
    finder: PairFinder
    watch: Stopwatch

    @classmethod
    def of(cls, files: ImageFiles, settings: EngineSettings, watch: Stopwatch) -> Self:
        return cls(files=files, settings=settings, finder=PairFinder(settings, files), watch=watch)

    def features(
        self,
        number: int,
        path: Path,
        image_id: str,
        known: KnownImages,
        keep_pixels: Callable[[NDArray[np.uint8]], None],
    ) -> tuple[ImageFacts, Features]:
        """Facts and features, with descriptors; `keep_pixels` gets the pixels (H, W, 3) uint8 RGB if decoded here.

        Raises:
            UnreadablePhotographError: as `read_photograph`.
        """
        kept = self._kept(number)
        if kept is not None and kept[0].image_id == image_id:
            return kept
        self.files.forget_pairs(number)
        with self.watch.measure("decoding"):
            photograph = read_photograph(path, self.settings)
        with self.watch.measure("features"):
            features = extract_features(photograph, self.settings)
        keep_pixels(photograph.colors_rgb)
        learned = LearnedCameras(path=self.settings.learned_cameras)
        facts = learned.applied(ImageFacts.of(image_id, path, photograph), known.facts.values())
        self.files.write_features(number, facts, features)
        return facts, features

    def _kept(self, number: int) -> tuple[ImageFacts, Features] | None:
        kept = self.files.read_features(number)
        if kept is None:
            return None
        try:
            return kept[0], replace(kept[1], descriptors=self.files.read_descriptors(number))
        except BadFeaturesError:
            return None

    def pairs(
        self, number: int, features: Features, known: KnownImages, camera_of: Callable[[int], Any]
    ) -> tuple[Pair, ...]:
        """The pairs of an image with the known images, or a mark of a copy; `camera_of` as in `PairFinder.find`."""
        pairs = self.files.read_pairs(number)
        if pairs is None:
            with self.watch.measure("matching"):
                found = self.finder.find(number, features, known, camera_of)
                pairs = without_copies(number, found, features, camera_of, known)
            self.files.write_pairs(number, pairs)
        return pairs
