"""With which earlier images is a new one matched? The newest, the most similar (VLAD), and covisible ones: a fixed number."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.device import compute_of
from reconstructor.engine.features.image_files import ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.matching import Matcher
from reconstructor.engine.features.pairs import MIN_INLIERS, Matches, Pair, PairEstimator
from reconstructor.engine.features.repeats import LEAST_DISTINCT, Mask, is_repeated, with_agreeing
from reconstructor.engine.features.second_opinion import CONVINCING, second_opinion
from reconstructor.engine.features.second_pose import closer_pair, steadier_pair
from reconstructor.engine.features.sift import Features
from reconstructor.engine.features.vlad import SimilarImages
from reconstructor.engine.parallel import in_parallel
from reconstructor.engine.settings import EngineSettings

_REPEATED_SHARE: Final = 0.1  # of a pair's matches, from which on they do not decide
_MOST_AMBIGUOUS: Final = 0.5  # share of a pair's matches; from there on, the pair needs enough others
_BEST_PAIRS: Final = 2  # the neighbours of this many best pairs are tried, too


class PairFinder:
    """Finds the pairs of each new image: with the newest, with the most similar, with neighbours of the best."""

    def __init__(self, settings: EngineSettings, files: ImageFiles) -> None:
        self._settings, self._files = settings, files
        self._similar = SimilarImages(seed=settings.random_seed)
        self._matcher = Matcher(compute_of(settings).device)
        self._estimator = PairEstimator(seed=settings.random_seed)
        self._second_opinion = second_opinion(settings, files)
        self._repeated: dict[int, Mask] = {}

    def remember(self, descriptors: NDArray[np.uint8]) -> None:
        """Add an image, by its descriptors (N, 128), to the search for similar ones; call it for each image, in order."""
        self._similar.add(descriptors)

    def find(
        self, number: int, features: Features, known: KnownImages, camera_of: Callable[[int], Any]
    ) -> tuple[Pair, ...]:
        """All pairs of a new image, with its descriptors, that two-view geometry verifies.

        `known` holds the earlier images, whose descriptors are read from their files; `camera_of` returns the present
        camera of an earlier image or the new one.
        """
        pairs: dict[int, Pair | None] = {}

        def match(others: Iterable[int]) -> None:
            new = [other for other in dict.fromkeys(others) if other not in pairs]
            matches = self._matches(number, new, features, known)

            def verify(other: int) -> Pair | None:
                return self._verified(other, number, (features, matches[other]), known, camera_of)

            slowest_first = sorted(new, key=lambda other: len(matches[other]))  # few matches take most trials
            found = dict(zip(slowest_first, in_parallel(verify, slowest_first), strict=True))
            pairs.update({other: found[other] for other in new})

        recent, similar = self._first_candidates(features, known)
        match(recent + similar)
        verified = sorted((pair for pair in pairs.values() if pair), key=lambda pair: -len(pair.matches))
        for pair in verified[:_BEST_PAIRS]:
            unseen = [other for other in known.neighbours(pair.earlier) if other not in pairs]
            match(unseen[: self._settings.covisible_candidates // _BEST_PAIRS])
        if self._second_opinion is not None:
            for other in self._second_opinion.doubtful(pairs, similar):
                pairs[other] = self._match_again(other, number, features, known, camera_of) or pairs[other]
        return tuple(pair for _, pair in sorted(pairs.items()) if pair is not None)

    def _first_candidates(self, features: Features, known: KnownImages) -> tuple[list[int], list[int]]:
        """The newest images and the most similar ones."""
        numbers = known.numbers
        similar = self._similar.rank(features.descriptors, self._settings.similar_candidates)
        return numbers[-self._settings.recent_candidates :], [numbers[index] for index in similar]

    def _matches(
        self, number: int, others: Sequence[int], features: Features, known: KnownImages
    ) -> dict[int, Matches]:
        """The matches of a new image with others; also notes which features of all of them are repeated."""

        def match_with(other: int) -> Matches | None:
            if other == number:
                self._note_repeated(number, features.descriptors, features.keypoints)
                return None
            descriptors = self._files.read_descriptors(other)
            self._note_repeated(other, descriptors, known.features[other].keypoints)
            return self._matcher.match(descriptors, features.descriptors)

        found = zip(others, in_parallel(match_with, [number, *others])[1:], strict=True)
        return {other: matches for other, matches in found if matches is not None}

    def _verified(
        self,
        other: int,
        number: int,
        found: tuple[Features, Matches],
        known: KnownImages,
        camera_of: Callable[[int], Any],
    ) -> Pair | None:
        features, matches = found
        if len(matches) < MIN_INLIERS:
            return None
        first, second = known.features[other].keypoints, features.keypoints
        repeated = self._repeated[other][matches[:, 0]] | self._repeated[number][matches[:, 1]]
        numbers, cameras, keypoints = (other, number), (camera_of(other), camera_of(number)), (first, second)
        if other == known.numbers[-1]:  # of two images in a row the true pose has most matches, also of equal parts
            pair = self._estimate(numbers, cameras, keypoints, (matches, repeated))
            if pair is not None:
                pair = steadier_pair(pair, matches, cameras, keypoints, self._estimator)
                pair = closer_pair(pair, cameras, keypoints, self._estimator)
            return pair
        ambiguous = known.ambiguous(other)[matches[:, 0]]
        pair = self._estimate(numbers, cameras, keypoints, (matches, repeated | ambiguous))
        if pair is None or ambiguous.mean() < _MOST_AMBIGUOUS:
            return pair
        is_distinct = ~np.isin(pair.matches[:, 0], matches[repeated | ambiguous, 0])
        return pair if is_distinct.sum() >= LEAST_DISTINCT else None

    def _estimate(
        self,
        numbers: tuple[int, int],
        cameras: tuple[Any, Any],
        keypoints: tuple[NDArray[np.float32], NDArray[np.float32]],
        found: tuple[Matches, Mask],
    ) -> Pair | None:
        """The geometry of matches of which some are repeated: those decide only if there are too few others."""
        matches, repeated = found
        if repeated.mean() >= _REPEATED_SHARE:
            distinct, least = matches[~repeated], LEAST_DISTINCT
            pair = self._estimator.estimate(numbers, cameras, keypoints, distinct, is_exact=True, least=least)
            if pair is not None:
                agreeing = with_agreeing(pair, matches[repeated], cameras, keypoints)
                return replace(pair, matches=agreeing) if len(agreeing) >= MIN_INLIERS else None
        return self._estimator.estimate(numbers, cameras, keypoints, matches)

    def _note_repeated(self, number: int, descriptors: NDArray[np.uint8], keypoints: NDArray[np.float32]) -> None:
        if number not in self._repeated:
            self._repeated[number] = is_repeated(descriptors, keypoints)

    def _match_again(
        self, other: int, number: int, features: Features, known: KnownImages, camera_of: Callable[[int], Any]
    ) -> Pair | None:
        """The pair by the second opinion; None unless it convinces."""
        if self._second_opinion is None:
            return None
        keypoints = (known.features[other].keypoints, features.keypoints)
        descriptors = (self._files.read_descriptors(other), features.descriptors)
        matches = self._second_opinion.matches((other, number), keypoints, descriptors)
        pair = self._estimator.estimate((other, number), (camera_of(other), camera_of(number)), keypoints, matches)
        return pair if pair is not None and len(pair.matches) >= CONVINCING else None
