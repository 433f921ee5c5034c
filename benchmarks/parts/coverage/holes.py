"""Does coverage find what is missing? Pieces of a simulated object that photographs left out take with them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.parts.dense.truth import nearest_distances
from reconstructor.coverage.cells import Grid, around
from reconstructor.coverage.score import FLAGGED_ERROR, LOG_OFFSET, Coverage
from reconstructor.coverage.viewpoints import Viewpoint

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

RIGHT: Final = 2.0  # ground sampling distances
CAP: Final = 10.0
_BAD, _GOOD = 0.5, 0.7
_LEAST_PIECE: Final = 8
NARROW: Final = 0.25  # of the picture; what is wider has no far rim in it
_LEAST_SAMPLES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """Points (N, 3) of the true surface that photographs see, their sampling distances (N,), and all photographs."""

    points: Floats
    sampling_distances: Floats
    views: list[Viewpoint]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellTruth:
    """What is true of a cell (K,): its index, how complete the cloud is with some and with all photographs, mean error.

    `views` are all photographs.
    """

    cells: Numbers
    complete: Floats
    complete_with_all: Floats
    errors: Floats
    views: list[Viewpoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Missing pieces of one set: how many, how many were found, of how many cells, and how many of those were found."""

    count: int
    found: int
    cells: int
    cells_near: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What coverage found of one set: of its missing pieces, those that are narrow in the picture and the wide ones."""

    narrow: Pieces
    wide: Pieces
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
        views=truth.views,
    )


def found(coverage: Coverage, true: CellTruth, errors: Floats, seconds_per_image: float) -> Found:
    """Compare what coverage says with the truth; `errors` (C,) are those expected of the occupied cells."""
    grid, occupied = coverage.grid, coverage.occupied.cells
    flagged = np.zeros(grid.size, np.bool_)
    flagged[coverage.holes] = True
    flagged[occupied[errors > FLAGGED_ERROR]] = True
    near = around(flagged[:, None], grid)[:, 0] > 0
    missing = true.cells[(true.complete < _BAD) & (true.complete_with_all >= _GOOD)]
    narrow: list[NDArray[np.bool_]] = []
    wide: list[NDArray[np.bool_]] = []
    for piece in connected(missing, grid):
        if len(piece) >= _LEAST_PIECE:
            is_narrow = width_in_picture(grid.centers(piece), true.views) <= NARROW
            (narrow if is_narrow else wide).append(near[piece])
    good = true.cells[true.complete >= _GOOD]
    expected = np.full(grid.size, CAP)
    expected[occupied] = errors
    is_occupied = np.isin(true.cells, occupied)
    return Found(
        narrow=_counted(narrow),
        wide=_counted(wide),
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


def width_in_picture(points: Floats, views: list[Viewpoint]) -> float:
    """How wide or high points (N, 3) are in a picture, in picture widths: the median of the views that see their middle."""
    middle = points.mean(axis=0)[None]
    widths = []
    for view in views:
        if view.project(middle)[2][0]:
            in_camera = points @ view.camera_from_world[:3, :3].T + view.camera_from_world[:3, 3]
            places = in_camera[:, :2] / np.maximum(in_camera[:, 2:], 1e-9) * view.intrinsics[:2]
            widths.append(float(np.ptp(places, axis=0).max()) / view.width)
    return float(np.median(widths)) if widths else float("inf")


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


def _counted(pieces: list[NDArray[np.bool_]]) -> Pieces:
    """Of pieces, each a flag per cell (N,) whether something near it is flagged; half of a piece is enough."""
    return Pieces(
        count=len(pieces),
        found=sum(bool(each.mean() >= 0.5) for each in pieces),
        cells=sum(map(len, pieces)),
        cells_near=sum(int(each.sum()) for each in pieces),
    )


def _ranks(values: Floats) -> Floats:
    """Ranks, equal values sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])
