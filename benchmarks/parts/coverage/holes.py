"""Does coverage find what is missing? Pieces of a simulated object that photographs left out take with them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.parts.dense.truth import nearest_distances
from reconstructor.coverage.cells import Grid, around
from reconstructor.coverage.score import FLAGGED_ERROR, LOG_OFFSET, Coverage

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

RIGHT: Final = 2.0  # ground sampling distances
CAP: Final = 10.0
_BAD, _GOOD = 0.5, 0.7
_LEAST_PIECE: Final = 8
_LEAST_SAMPLES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """Points (N, 3) of the true surface that photographs see, and their sampling distances (N,)."""

    points: Floats
    sampling_distances: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellTruth:
    """What is true of a cell (K,): its index, how complete the cloud is with some and with all photographs, mean error."""

    cells: Numbers
    complete: Floats
    complete_with_all: Floats
    errors: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What coverage found of one set's missing pieces."""

    pieces: int
    found: int
    piece_cells: int
    piece_cells_near: int
    good: int
    good_flagged: int
    rank_correlation: float
    rank_correlation_occupied: float
    seconds_per_image: float


def cell_truth(grid: Grid, truth: Truth, some: Floats, every: Floats) -> CellTruth:
    """Compare clouds of some and of all photographs (N, 3) with the truth, cell by cell."""
    off, off_all = (nearest_distances(cloud, truth.points) / truth.sampling_distances for cloud in (some, every))
    flat = grid.cells_of(truth.points)
    cells, rows, counts = np.unique(flat[flat >= 0], return_inverse=True, return_counts=True)
    known = counts >= _LEAST_SAMPLES

    def mean(values: NDArray[np.generic]) -> Floats:
        return np.asarray(np.bincount(rows, np.asarray(values, np.float64)[flat >= 0]) / counts)[known]

    return CellTruth(
        cells=cells[known],
        complete=mean(off < RIGHT),
        complete_with_all=mean(off_all < RIGHT),
        errors=mean(np.minimum(off, CAP)),
    )


def found(coverage: Coverage, true: CellTruth, errors: Floats, seconds_per_image: float) -> Found:
    """Compare what coverage says with the truth; `errors` (C,) are those expected of the occupied cells."""
    grid, occupied = coverage.grid, coverage.occupied.cells
    flagged = np.zeros(grid.size, np.bool_)
    flagged[coverage.holes] = True
    flagged[occupied[errors > FLAGGED_ERROR]] = True
    near = around(flagged[:, None], grid)[:, 0] > 0
    missing = true.cells[(true.complete < _BAD) & (true.complete_with_all >= _GOOD)]
    pieces = [piece for piece in connected(missing, grid) if len(piece) >= _LEAST_PIECE]
    good = true.cells[true.complete >= _GOOD]
    expected = np.full(grid.size, CAP)
    expected[occupied] = errors
    is_occupied = np.isin(true.cells, occupied)
    return Found(
        pieces=len(pieces),
        found=sum(bool(near[piece].mean() >= 0.5) for piece in pieces),
        piece_cells=sum(map(len, pieces)),
        piece_cells_near=sum(int(near[piece].sum()) for piece in pieces),
        good=len(good),
        good_flagged=int(flagged[good].sum()),
        rank_correlation=rank_correlation(expected[true.cells], true.errors),
        rank_correlation_occupied=rank_correlation(expected[true.cells[is_occupied]], true.errors[is_occupied]),
        seconds_per_image=seconds_per_image,
    )


def fitted_weights(samples: list[tuple[Coverage, CellTruth]]) -> Floats:
    """Weights of the traits by least squares over the occupied cells of other objects, each object counting the same."""
    traits, logs = [], []
    for coverage, true in samples:
        row_of = np.full(coverage.grid.size, -1)
        row_of[coverage.occupied.cells] = np.arange(len(coverage.occupied.cells))
        rows = row_of[true.cells]
        share = 1.0 / np.sqrt(max(1, int((rows >= 0).sum())))
        traits.append(coverage.traits[rows[rows >= 0]] * share)
        logs.append(np.log(true.errors[rows >= 0] + LOG_OFFSET) * share)
    return np.asarray(np.linalg.lstsq(np.concatenate(traits), np.concatenate(logs))[0])


def rank_correlation(first: Floats, second: Floats) -> float:
    """Spearman's."""
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def connected(cells: Numbers, grid: Grid) -> list[Numbers]:
    """Cells (N,) in groups that touch each other, corners included."""
    left = set(cells.tolist())
    offsets = [(x * grid.shape[1] + y) * grid.shape[2] + z for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)]
    groups = []
    while left:
        group, front = [], [left.pop()]
        while front:
            cell = front.pop()
            group.append(cell)
            beside = left.intersection(cell + offset for offset in offsets)
            left -= beside
            front += beside
        groups.append(np.array(sorted(group)))
    return groups


def _ranks(values: Floats) -> Floats:
    """Ranks, equal values sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])
