"""Where does a model hold together least? At the minimum cut of the graph whose edges are points that two images share.

Source: Stoer and Wagner, "A simple min-cut algorithm", Journal of the ACM 44, 1997.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The two sides of a cut, as rows of the images, the smaller one first, and the weight of the edges between them."""

    smaller: tuple[int, ...]
    larger: tuple[int, ...]
    weight: int


def weakest_cut(shared_counts: NDArray[np.int64]) -> Cut | None:
    """The cut of least weight of a symmetric matrix (I, I) int64 of edge weights; None for fewer than two images."""
    count = len(shared_counts)
    weights = shared_counts.astype(np.int64)
    np.fill_diagonal(weights, 0)
    merged = [[row] for row in range(count)]
    active, best = list(range(count)), None
    while len(active) > 1:
        order, attached = [active[0]], weights[active[0]].copy()
        left = set(active[1:])
        while left:  # maximum adjacency order: the last one's cut is a minimum cut between it and the one before
            nearest = max(sorted(left), key=lambda row: int(attached[row]))
            left.remove(nearest)
            order.append(nearest)
            weight = int(attached[nearest])
            attached = attached + weights[nearest]
        last, before = order[-1], order[-2]
        if best is None or weight < best[0]:
            best = (weight, tuple(sorted(merged[last])))
        merged[before] += merged[last]
        weights[before] += weights[last]
        weights[:, before] += weights[:, last]
        weights[before, before] = 0
        active.remove(last)
    if best is None:
        return None
    others = tuple(row for row in range(count) if row not in best[1])
    smaller, larger = sorted((best[1], others), key=lambda side: (len(side), side))
    return Cut(smaller=smaller, larger=larger, weight=best[0])
