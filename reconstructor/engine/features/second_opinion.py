"""Do two photographs match after all, though SIFT leaves it in doubt? A learned matcher guides SIFT; off by default.

The learned matcher's own points are not kept: tracks, refetches and files know SIFT features only. Of two photographs of
a church front 40 degrees apart, 19 verified SIFT matches became 191 (2026-11-28).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.device import compute_of
from reconstructor.engine.features.guided_matching import guided_matches
from reconstructor.engine.features.image_files import ImageFiles
from reconstructor.engine.features.learned_matcher import PhotographMatcher, XFeatMatcher
from reconstructor.engine.features.pairs import MIN_INLIERS, Matches, Pair
from reconstructor.engine.features.photographs import UnreadablePhotographError, read_photograph
from reconstructor.engine.settings import EngineSettings, LearnedMatcher

CONVINCING: Final = 2 * MIN_INLIERS  # verified matches; fewer are in doubt, and fewer guided ones change nothing
_MOST_ASKED: Final = 3  # of the doubtful pairs of a new image
_NONE: Final = np.empty((0, 2), np.uint32)


class SecondOpinion:
    """Matches doubtful pairs again, by what a learned matcher says of their photographs."""

    def __init__(self, matcher: PhotographMatcher, files: ImageFiles, settings: EngineSettings) -> None:
        self._matcher, self._files, self._settings = matcher, files, settings

    @staticmethod
    def doubtful(pairs: dict[int, Pair | None], others: list[int]) -> list[int]:
        """Those of the similar images whose pairs are doubtful: the few with most matches, then the most similar."""
        counts = {other: len(pair.matches) if (pair := pairs.get(other)) else 0 for other in others}
        return sorted((each for each in counts if counts[each] < CONVINCING), key=lambda each: -counts[each])[
            :_MOST_ASKED
        ]

    def matches(
        self,
        numbers: tuple[int, int],
        keypoints: tuple[NDArray[np.float32], NDArray[np.float32]],
        descriptors: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    ) -> Matches:
        """Guided matches of two images whose facts were written; none if a photograph is gone or changed its size.

        Args:
            numbers: the image numbers.
            keypoints: (N, 4) float32 of each, positions in pixels in the first two columns.
            descriptors: (N, 128) uint8 of each.

        Returns:
            (M, 2) uint32, indexes of the features of the first and of the second image.
        """
        pixels = [self._pixels(number) for number in numbers]
        if pixels[0] is None or pixels[1] is None:
            return _NONE
        return guided_matches(self._matcher.match(pixels[0], pixels[1]), keypoints, descriptors)

    def _pixels(self, number: int) -> NDArray[np.uint8] | None:
        """(H, W, 3) uint8, in whose pixels the features lie."""
        if (kept := self._files.read_features(number)) is None:
            return None
        facts = kept[0]
        try:
            pixels = read_photograph(facts.current_path, self._settings).colors_rgb
        except UnreadablePhotographError:
            return None
        return pixels if pixels.shape[:2] == (facts.reduced_height_px, facts.reduced_width_px) else None


def second_opinion(settings: EngineSettings, files: ImageFiles) -> SecondOpinion | None:
    """The second opinion that the settings ask for; None by default.

    Raises:
        MatcherMissingError: the extra `cairn[matcher]` is not installed.
    """
    if settings.matcher is LearnedMatcher.NONE:
        return None
    return SecondOpinion(XFeatMatcher(compute_of(settings).device), files, settings)
