"""Which cells of space does a cloud occupy? A grid over the object; each occupied cell has a mean point and a normal."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.coverage.viewpoints import Viewpoint

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

CELLS_ALONG_EXTENT: Final = 64
SAMPLING_DISTANCES_A_CELL: Final = 12.0  # of photographs 612 pixels wide; finer cells measure the texture
DEPTH_SIDE_PX: Final = 612
_MARGIN_CELLS: Final = 4
_MOST_CELLS_ALONG: Final = 160
_FULLER_PERCENTILE: Final = 75.0
_ACROSS_COSINE: Final = 0.5  # a surface within 30 degrees of a way lies along it, such as the ground
_PRODUCTS: Final = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """Cubic cells: `origin` (3,) float64 is a corner of the first, `side` their width (world units), `shape` their counts."""

    origin: Floats
    side: float
    shape: tuple[int, int, int]

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    def cells_of(self, points: Floats) -> Numbers:
        """The flat cell index (N,) of each point (N, 3), -1 outside."""
        places = np.floor((points - self.origin) / self.side).astype(np.int64)
        is_inside = ((places >= 0) & (places < self.shape)).all(axis=1)
        flat = (places[:, 0] * self.shape[1] + places[:, 1]) * self.shape[2] + places[:, 2]
        return np.where(is_inside, flat, -1)

    def centers(self, cells: Numbers) -> Floats:
        """Centres (N, 3) of cells (N,)."""
        places = np.stack(np.unravel_index(cells, self.shape), axis=1)
        return np.asarray(self.origin + (places + 0.5) * self.side)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occupied:
    """The cells that hold points of the cloud, C rows in the order of their index.

    Attributes:
        cells: (C,) flat index.
        counts: (C,) points of the cloud.
        means: (C, 3) float64, mean point.
        normals: (C, 3) float64, unit, towards the cameras.
        thicknesses: (C,) standard deviation of the points along the normal, world units.
        cell_of_point: (N,) row of each point, -1 outside the grid.
    """

    cells: Numbers
    counts: Numbers
    means: Floats
    normals: Floats
    thicknesses: Floats
    cell_of_point: Numbers

    def spacing(self, grid: Grid) -> float:
        """How far apart neighbouring points are in the fuller cells, world units."""
        return float(grid.side / np.sqrt(np.percentile(self.counts, _FULLER_PERCENTILE)))


def grid_over(points: Floats, views: list[Viewpoint]) -> Grid:
    """A grid over the 1st to 99th percentile of the points (N, 3), with a margin.

    The cells' side is the larger of 1/64 of the extent and 12 median ground sampling distances of the views.
    """
    low, high = np.percentile(points, [1.0, 99.0], axis=0)
    extent = float((high - low).max())
    side = max(extent / CELLS_ALONG_EXTENT, SAMPLING_DISTANCES_A_CELL * median_sampling_distance(points, views))
    origin = low - _MARGIN_CELLS * side
    counts = np.minimum(np.ceil((high - low) / side).astype(int) + 2 * _MARGIN_CELLS, _MOST_CELLS_ALONG)
    return Grid(origin=origin, side=side, shape=(int(counts[0]), int(counts[1]), int(counts[2])))


def occupied_cells(points: Floats, grid: Grid, views: list[Viewpoint]) -> Occupied:
    """The cells that the points (N, 3) occupy; a normal is that of the points in 3 x 3 x 3 cells around."""
    flat = grid.cells_of(points)
    is_inside = flat >= 0
    cells, rows, counts = np.unique(flat[is_inside], return_inverse=True, return_counts=True)
    moments = _moments(points[is_inside] - grid.origin, rows, len(cells))
    cell_of_point = np.full(len(points), -1)
    cell_of_point[is_inside] = rows
    means = moments[:, 1:4] / moments[:, :1] + grid.origin
    normals = _towards(_normals(moments, cells, grid), means, views)
    variances = np.einsum("ca,cab,cb->c", normals, _spreads(moments), normals)
    return Occupied(
        cells=cells,
        counts=counts,
        means=means,
        normals=normals,
        thicknesses=np.sqrt(np.maximum(variances, 0.0)),
        cell_of_point=cell_of_point,
    )


def around(values: NDArray[np.generic], grid: Grid) -> Floats:
    """The sum of values (cells of the grid, K) over each cell's 3 x 3 x 3, same shape."""
    block = np.asarray(values, np.float64).reshape(*grid.shape, -1)
    for axis in range(3):
        padded = np.pad(block, [(1, 1) if each == axis else (0, 0) for each in range(4)])
        length = block.shape[axis]
        block = sum(np.take(padded, range(start, start + length), axis=axis) for start in range(3))  # type: ignore[assignment]
    return np.asarray(block.reshape(values.shape))


def beside(flags: NDArray[np.bool_], grid: Grid) -> NDArray[np.bool_]:
    """(G,) whether a cell has a face in common with a flagged one (G,)."""
    block = np.pad(flags.reshape(grid.shape), 1)
    middle = (slice(1, -1),) * 3
    found = np.zeros(grid.shape, np.bool_)
    for axis in range(3):
        for shift in (-1, 1):
            found |= np.roll(block, shift, axis)[middle]
    return found.ravel()


def is_walled(starts: Floats, ends: Floats, grid: Grid, occupied: Occupied) -> NDArray[np.bool_]:
    """(N,) whether a surface of the cloud stands across the straight way from a start to an end (N, 3), in the world."""
    row_of_cell = np.full(grid.size + 1, -1)  # the last one is that of places outside
    row_of_cell[occupied.cells] = np.arange(len(occupied.cells))
    ways = ends - starts
    lengths = np.linalg.norm(ways, axis=1)
    directions = ways / np.maximum(lengths, 1e-12)[:, None]
    found = np.zeros(len(ways), np.bool_)
    for share in np.linspace(0.0, 1.0, 1 + int(np.ceil(2 * lengths.max(initial=0.0) / grid.side))):
        rows = row_of_cell[grid.cells_of(starts + share * ways)]
        is_across = np.abs(np.einsum("ij,ij->i", occupied.normals[rows], directions)) >= _ACROSS_COSINE
        found |= (rows >= 0) & is_across
    return found


def median_sampling_distance(points: Floats, views: list[Viewpoint]) -> float:
    """The median over views of the median width of a pixel on the points, at the size that depth is computed at."""
    some = points[:: max(1, len(points) // 2000)]
    medians = []
    for view in views:
        small = view.reduced(DEPTH_SIDE_PX)
        ahead, _, is_inside = small.project(some)
        if is_inside.any():
            medians.append(float(np.median(ahead[is_inside])) / float(small.intrinsics[0]))
    return float(np.median(medians)) if medians else 0.0


def _moments(points: Floats, rows: Numbers, count: int) -> Floats:
    """(C, 10) of each row's points (N, 3): their number, the sums of x, y, z and of the products xx, xy, xz, yy, yz, zz."""
    products = [points[:, a] * points[:, b] for a, b in _PRODUCTS]
    weights = [None, *points.T, *products]
    return np.stack([np.bincount(rows, weight, count) for weight in weights], axis=1)


def _normals(moments: Floats, cells: Numbers, grid: Grid) -> Floats:
    """(C, 3) the direction in which the points of 3 x 3 x 3 cells spread least."""
    everywhere = np.zeros((grid.size, moments.shape[1]))
    everywhere[cells] = moments
    return np.asarray(np.linalg.eigh(_spreads(around(everywhere, grid)[cells]))[1][:, :, 0])


def _spreads(moments: Floats) -> Floats:
    """(C, 3, 3) the covariance of the points of which these are the moments (C, 10)."""
    counts, means = moments[:, 0], moments[:, 1:4] / moments[:, :1]
    spreads = np.empty((len(moments), 3, 3))
    for column, (a, b) in enumerate(_PRODUCTS):
        spreads[:, a, b] = spreads[:, b, a] = moments[:, 4 + column] / counts - means[:, a] * means[:, b]
    return spreads


def _towards(normals: Floats, means: Floats, views: list[Viewpoint]) -> Floats:
    """Each normal turned to the side on which more of the cameras stand that have its cell in their picture."""
    votes = np.zeros(len(means))
    for view in views:
        _, _, is_inside = view.project(means)
        rays = view.center - means
        cosines = np.einsum("ij,ij->i", rays, normals) / np.maximum(np.linalg.norm(rays, axis=1), 1e-12)
        votes += np.where(is_inside, cosines, 0.0)
    return np.where(votes[:, None] < 0, -normals, normals)
