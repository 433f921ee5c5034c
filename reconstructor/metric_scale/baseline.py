"""How large is a unit of the world, if a rig's photographs are taken a known distance apart? Pure."""

import itertools
from bisect import bisect_left, bisect_right
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
_SEARCHED_S: Final = 2.0  # wider, so that no rounding decides
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
    pairs = simultaneous(*of_senders) if len(of_senders) > 1 else _consecutive(of_senders[0])
    lengths = np.array([float(np.linalg.norm(one.centre_in_world - other.centre_in_world)) for one, other in pairs])
    if len(lengths) < _FEWEST_PAIRS:
        return None
    length = float(np.median(lengths))
    if length <= 0.0 or float(np.median(np.abs(lengths - length))) > _MOST_SPREAD * length:
        return None
    return Scale(metres_per_unit=baseline.metres / length, source=ScaleSource.BASELINE)


def simultaneous(ones: Sequence[PlacedImage], others: Sequence[PlacedImage]) -> list[tuple[PlacedImage, PlacedImage]]:
    """Pairs taken within a second by both agents' clocks, the closest in time first, each image once.

    Only neighbours in time are compared, by binary search: all pairs of 2 x 2,000 images took 500 MB and a minute.
    """
    times = sorted(
        (other.image.captured_at, second) for second, other in enumerate(others) if other.image.captured_at is not None
    )
    gaps = []
    for first, one in enumerate(ones):
        taken_at = one.image.captured_at
        if taken_at is None:
            continue
        low = bisect_left(times, taken_at - _SEARCHED_S, key=_instant)
        high = bisect_right(times, taken_at + _SEARCHED_S, key=_instant)
        near = ((abs(taken_at - other_at), first, second) for other_at, second in times[low:high])
        gaps += [gap for gap in near if gap[0] <= _AT_ONCE_S]
    pairs: dict[int, int] = {}
    paired = set[int]()
    for _, first, second in sorted(gaps):
        if first not in pairs and second not in paired:
            pairs[first] = second
            paired.add(second)
    return [(ones[first], others[second]) for first, second in pairs.items()]


def _instant(timed: tuple[float, int]) -> float:
    return timed[0]


def _consecutive(placed: Sequence[PlacedImage]) -> list[tuple[PlacedImage, PlacedImage]]:
    """Neighbours in one session's count; a gap is no step."""
    ordered = sorted(placed, key=lambda each: (each.image.image_id.session, each.image.image_id.sequence))
    return [
        (one, other)
        for one, other in itertools.pairwise(ordered)
        if one.image.image_id.session == other.image.image_id.session
        and other.image.image_id.sequence == one.image.image_id.sequence + 1
    ]
