"""What does the engine hold in memory of a project's images? Their facts, features and pairs, in order of number."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.features.photographs import PhotographSensor
from reconstructor.engine.features.sift import Features

_CELL_PX: Final = 48.0  # with its eight neighbours the surroundings of a feature
_LEAST_AROUND: Final = 0.2  # share of the features there


@dataclass(slots=True, kw_only=True)
class KnownImages:
    """Every image that the engine got and could read."""

    facts: dict[int, ImageFacts] = field(default_factory=dict)
    features: dict[int, Features] = field(default_factory=dict)
    pairs: dict[int, list[Pair]] = field(default_factory=dict)  # of each image, with earlier and later images
    camera_ids: dict[int, int] = field(default_factory=dict)
    repeated: dict[int, NDArray[np.bool_]] = field(default_factory=dict)  # features that look like another part's
    _camera_by_sensor: dict[PhotographSensor, int] = field(default_factory=dict)

    def __contains__(self, number: int) -> bool:
        return number in self.facts

    @property
    def numbers(self) -> list[int]:
        return list(self.facts)

    def add(self, number: int, facts: ImageFacts, features: Features, pairs: Sequence[Pair]) -> None:
        self.facts[number] = facts
        self.features[number] = features
        self.pairs[number] = list(pairs)
        for pair in pairs:
            self.pairs[pair.earlier].append(pair)
        self.camera_ids[number] = self.camera_id(facts.sensor)

    def snapshot(self) -> "KnownImages":
        """A copy that no later image changes; only the holder of the engine's lock may call.

        Features that look like another part's are noted in both.
        """
        pairs = {number: list(of_image) for number, of_image in self.pairs.items()}
        facts, features, camera_ids = dict(self.facts), dict(self.features), dict(self.camera_ids)
        return replace(self, facts=facts, features=features, pairs=pairs, camera_ids=camera_ids)

    def camera_id(self, sensor: PhotographSensor) -> int:
        """One camera for each sensor and image size; a zoomed lens counts as another sensor."""
        rounded = replace(sensor, focal_px=None if sensor.focal_px is None else float(round(sensor.focal_px)))
        return self._camera_by_sensor.setdefault(rounded, len(self._camera_by_sensor) + 1)

    def neighbours(self, number: int) -> list[int]:
        """The images that match this one, those with most matches first."""
        counts = {self.other(pair, number): len(pair.matches) for pair in self.pairs[number]}
        return sorted(counts, key=lambda other: (-counts[other], other))

    def note_repeated(self, pairs: Sequence[Pair], credible: Sequence[Pair]) -> None:
        """Remember the features of matches that a model contradicts, those of `pairs` that are not in `credible`."""
        kept = {(pair.earlier, pair.newer): pair.matches for pair in credible}
        for pair in pairs:
            remaining = kept.get((pair.earlier, pair.newer))
            is_kept = np.isin(pair.matches[:, 0], [] if remaining is None else remaining[:, 0])
            for number, column in ((pair.earlier, 0), (pair.newer, 1)):
                of_image = self.repeated.setdefault(number, np.zeros(len(self.features[number]), np.bool_))
                of_image[pair.matches[~is_kept, column]] = True

    def ambiguous(self, number: int) -> NDArray[np.bool_]:
        """(N,) which features of an image look like another part's: the repeated ones, and those with many of them around."""
        if number not in self.repeated:
            return np.zeros(len(self.features[number]), np.bool_)
        return self.repeated[number] | _have_many_around(self.repeated[number], self.features[number].keypoints)

    @staticmethod
    def other(pair: Pair, number: int) -> int:
        """The other image of a pair."""
        return pair.earlier if pair.newer == number else pair.newer


def _have_many_around(chosen: NDArray[np.bool_], keypoints: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(N,) which features have many chosen ones around them, by a grid of cells."""
    columns, rows = (keypoints[:, :2] // _CELL_PX).astype(np.int64).clip(0).T
    shape = rows.max(initial=0) + 3, columns.max(initial=0) + 3
    every, those = np.zeros(shape), np.zeros(shape)
    np.add.at(every, (rows + 1, columns + 1), 1)
    np.add.at(those, (rows + 1, columns + 1), chosen)
    around = (rows + 1, columns + 1)
    have_many: NDArray[np.bool_] = _with_neighbours(those)[around] >= _LEAST_AROUND * _with_neighbours(every)[around]
    return have_many


def _with_neighbours(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each cell's count and those of the eight around it; the outermost cells are empty."""
    across: NDArray[np.float64] = counts + np.roll(counts, 1, 1) + np.roll(counts, -1, 1)
    return across + np.roll(across, 1, 0) + np.roll(across, -1, 0)
