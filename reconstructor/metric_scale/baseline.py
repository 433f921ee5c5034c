"""How large is a unit of the world, if a rig's photographs are taken a known distance apart? Pure."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broker.messages import ScaleSource
from reconstructor.config import Baseline
from reconstructor.metric_scale.scale import Scale
from reconstructor.storage.images import StoredImage

_AT_ONCE_S: Final = 1.0
_FEWEST_PAIRS: Final = 2
_MOST_SPREAD: Final = 0.1  # of the median distance: beyond it the pairs were not a fixed distance apart


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacedImage:
    """A placed image and its camera's centre (3,) in the world."""

    image: StoredImage
    centre_in_world: NDArray[np.float64]


def scale_of_baseline(baseline: Baseline, placed: Iterable[PlacedImage]) -> Scale | None:
    """The median over all pairs, or None with too few of them, or with distances that differ by more than a tenth."""
    known = list(placed)
    of_senders = [[each for each in known if each.image.sender == sender] for sender in baseline.senders]
    pairs = _simultaneous(*of_senders) if len(of_senders) > 1 else _consecutive(of_senders[0])
    lengths = np.array([float(np.linalg.norm(one.centre_in_world - other.centre_in_world)) for one, other in pairs])
    if len(lengths) < _FEWEST_PAIRS:
        return None
    length = float(np.median(lengths))
    if length <= 0.0 or float(np.median(np.abs(lengths - length))) > _MOST_SPREAD * length:
        return None
    return Scale(metres_per_unit=baseline.metres / length, source=ScaleSource.BASELINE)


def _simultaneous(ones: Sequence[PlacedImage], others: Sequence[PlacedImage]) -> list[tuple[PlacedImage, PlacedImage]]:
    """Pairs taken within a second by both agents' clocks, the closest in time first, each image once."""
    gaps = sorted(
        (abs(one.image.captured_at - other.image.captured_at), first, second)
        for first, one in enumerate(ones)
        for second, other in enumerate(others)
        if one.image.captured_at is not None and other.image.captured_at is not None
    )
    pairs: dict[int, int] = {}
    for gap_s, first, second in gaps:
        if gap_s <= _AT_ONCE_S and first not in pairs and second not in pairs.values():
            pairs[first] = second
    return [(ones[first], others[second]) for first, second in pairs.items()]


def _consecutive(placed: Sequence[PlacedImage]) -> list[tuple[PlacedImage, PlacedImage]]:
    """Neighbours in one session's count; a gap is no step."""
    ordered = sorted(placed, key=lambda each: (each.image.image_id.session, each.image.image_id.sequence))
    return [
        (one, other)
        for one, other in itertools.pairwise(ordered)
        if one.image.image_id.session == other.image.image_id.session
        and other.image.image_id.sequence == one.image.image_id.sequence + 1
    ]
