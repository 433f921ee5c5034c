"""Which matches of an earlier refetch can be used again? One file for each image, read before matching.

A match depends on the two photographs, the place of the reference patch and, hardly, on the affine map it began with. As
long as these are the same, it is not matched again: a refetch matches only what new images brought, and decodes only the
photographs that this concerns.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine.features.image_files import read_arrays, write_arrays
from reconstructor.engine.lsm.bundle import Floats, Mask, Rows

_FOLDER: Final = "matches"
_MOST_TURN: Final = 0.05  # of the affine map, relative; with 0.1 entry-P10 was 2 % less exact (2026-11-28)
_MOST_REFERENCE_MOVE_PX: Final = 0.02
_MOST_START_MOVE_PX: Final = 0.5  # where nothing was found, it is tried again from farther away
_MOST_FEATURES: Final = 1 << 16  # more than an image may have


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WantedMatches:
    """What is looked for in one photograph.

    Attributes:
        features: (N,) int64, of this image, whose place is sought; -1 for a point that no feature observes.
        references: (N,) int64, numbers of the images of the reference patches.
        reference_features: (N,) int64, of these images.
        reference_stamps: (N,) int64, `LargerPhotographs.stamp` of these images.
        reference_places_px: (N, 2) float64, in pixels of the reference photograph.
        starts_px: (N, 2) float64, first places, in pixels of this photograph.
        matrices: (N, 2, 2) float64, affine maps from the reference photograph to this one.
    """

    features: Rows
    references: Rows
    reference_features: Rows
    reference_stamps: Rows
    reference_places_px: Floats
    starts_px: Floats
    matrices: Floats

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, rows: Rows | Mask) -> "WantedMatches":
        return WantedMatches(**{name: getattr(self, name)[rows] for name in self.__slots__})

    def joined(self, other: "WantedMatches") -> "WantedMatches":
        """Both, one after the other."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in self.__slots__}
        return WantedMatches(**{name: np.concatenate(pair) for name, pair in pairs.items()})

    @property
    def keys(self) -> Rows:
        """(N,) int64, one for each pair of features."""
        return (self.references * _MOST_FEATURES + self.reference_features) * _MOST_FEATURES + self.features + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptMatches:
    """Matches in one photograph.

    Attributes:
        stamp: `LargerPhotographs.stamp` of the photograph.
        size_px: its width and height.
        wanted: the observations that were looked for.
        places_px: (N, 2) float64, where it was found, in pixels of the photograph; NaN where it was not.
    """

    stamp: int
    size_px: tuple[int, int]
    wanted: WantedMatches
    places_px: Floats

    def look_up(self, wanted: WantedMatches) -> tuple[Mask, Floats]:
        """Which of these (N,) need not be matched again, and their places (N, 2); NaN where nothing was found."""
        places = np.full((len(wanted), 2), np.nan)
        if not len(self.wanted) or not len(wanted):
            return np.zeros(len(wanted), np.bool_), places
        order = np.argsort(self.wanted.keys, kind="stable")
        at = order[np.minimum(np.searchsorted(self.wanted.keys[order], wanted.keys), len(order) - 1)]
        before = self.wanted[at]
        turn = np.linalg.norm(wanted.matrices - before.matrices, axis=(1, 2))
        still = np.linalg.norm(wanted.starts_px - before.starts_px, axis=1) <= _MOST_START_MOVE_PX
        is_found = np.isfinite(self.places_px[at]).all(axis=1)
        is_known: Mask = (
            (before.keys == wanted.keys)
            & (before.reference_stamps == wanted.reference_stamps)
            & (turn <= _MOST_TURN * np.linalg.norm(before.matrices, axis=(1, 2)))
            & (_distances(wanted.reference_places_px, before.reference_places_px) <= _MOST_REFERENCE_MOVE_PX)
            & (is_found | still)
        )
        places[is_known] = self.places_px[at[is_known]]
        return is_known, places


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFiles:
    """The matches of the images of one engine, below its folder."""

    folder: Path

    def read(self, number: int) -> KeptMatches | None:
        """The matches in an image; None if there are none that can be read."""
        arrays = read_arrays(self._path(number))
        try:
            if arrays is None:
                return None
            stamp, width, height = arrays.pop("photograph").tolist()
            places = arrays.pop("places_px").astype(np.float64)
            wanted = WantedMatches(**{name: _widened(array) for name, array in arrays.items()})
        except (KeyError, TypeError, ValueError):
            return None
        return KeptMatches(stamp=stamp, size_px=(width, height), wanted=wanted, places_px=places)

    def write(self, number: int, kept: KeptMatches) -> None:
        """Store the matches in an image, instead of those before; after a power cut they may be missing."""
        arrays = {name: _narrowed(getattr(kept.wanted, name)) for name in kept.wanted.__slots__}
        photograph = np.array([kept.stamp, *kept.size_px], np.int64)
        arrays |= {"photograph": photograph, "places_px": kept.places_px.astype(np.float32)}
        write_arrays(self._path(number), arrays, is_durable=False)

    def _path(self, number: int) -> Path:
        return self.folder / _FOLDER / f"{number:06d}.npz"


def _distances(one: Floats, other: Floats) -> Floats:
    distances: Floats = np.linalg.norm(one - other, axis=1)
    return distances


def _narrowed(array: NDArray[Any]) -> NDArray[Any]:
    """Half the bytes (N, …): stamps, numbers and features fit into int32, places of 65,535 pixels into float32."""
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)


def _widened(array: NDArray[Any]) -> NDArray[Any]:
    """(N, …) of the types that are calculated with."""
    return array.astype(np.float64 if array.dtype.kind == "f" else np.int64)
