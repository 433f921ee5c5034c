"""Where does the cloud have a hole? In a photograph it is a place without depth that has depth on two opposite sides.

What is seen on one side only is not a hole: sky and the object's ends stay quiet.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.coverage.cells import Grid, Occupied
from reconstructor.coverage.evidence import Seen
from reconstructor.coverage.viewpoints import Depth

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

WIDEST: Final = 0.35  # of the picture's width; what is wider has no far rim
_SAME_SURFACE_RATIO: Final = 1.15  # sides that differ more are two surfaces: the hole is in the farther one
_LEAST_PIXELS: Final = 2
_MOST_FREE: Final = 1  # photographs that see through the cell
_BESIDE_CELLS: Final = 0.75  # from a surface that is seen: a cell clearly before or behind it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PixelCounts:
    """What the photographs' pixels show of each cell of the grid, (G,) each.

    Attributes:
        surface: pixels with the cloud's surface.
        gap: pixels without, between two of the surface.
        looks: photographs with such a gap.
    """

    surface: Numbers
    gap: Numbers
    looks: Numbers

    @property
    def gap_share(self) -> Floats:
        """(G,) the share of a cell's pixels that are gaps."""
        return np.asarray(self.gap / np.maximum(self.gap + self.surface, 1))


def count_pixels(grid: Grid, seen: list[Seen]) -> PixelCounts:
    """Count, over all photographs, which cells their pixels show."""
    surface, gap, looks = (np.zeros(grid.size, np.int64) for _ in range(3))
    for each in seen:
        surface += _per_cell(grid, each, 1.0 / each.depth)
        counts = _per_cell(grid, each, _across_gaps(each.depth))
        gap += counts
        looks += counts > 0
    return PixelCounts(surface=surface, gap=gap, looks=looks)


def hole_cells(occupied: Occupied, grid: Grid, seen: list[Seen], pixels: PixelCounts) -> Numbers:
    """The cells (H,) of holes, in the order of their index."""
    is_empty = np.ones(grid.size, np.bool_)
    is_empty[occupied.cells] = False
    candidates = np.flatnonzero(is_empty & (pixels.gap >= _LEAST_PIXELS))
    return candidates[free_views(candidates, grid, seen) <= _MOST_FREE]


def free_views(cells: Numbers, grid: Grid, seen: list[Seen]) -> Numbers:
    """How many photographs see a surface beyond each cell (N,)."""
    centers, free = grid.centers(cells), np.zeros(len(cells), np.int64)
    for each in seen:
        ahead, pixels, is_inside = each.view.project(centers)
        depth = each.depth.ravel()[pixels]
        free += is_inside & np.isfinite(depth) & (depth > ahead + _BESIDE_CELLS * grid.side)
    return free


def hidden_and_free(cells: Numbers, grid: Grid, seen: list[Seen]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N,) whether all photographs that have a cell in their picture see a surface before it; whether one looks through.

    A cell in no picture is not hidden: that is out of view. Sky beyond a cell counts as looking through.
    """
    centers = grid.centers(cells)
    in_pictures, behind, through = (np.zeros(len(cells), np.int64) for _ in range(3))
    for each in seen:
        ahead, pixels, is_inside = each.view.project(centers)
        depth = each.depth.ravel()[pixels]
        in_pictures += is_inside
        behind += is_inside & (depth < ahead - _BESIDE_CELLS * grid.side)
        through += is_inside & (depth > ahead + _BESIDE_CELLS * grid.side)
    return (in_pictures > 0) & (behind == in_pictures), through > 0


def _per_cell(grid: Grid, each: Seen, inverse: Depth) -> Numbers:
    """(G,) pixels of each cell, of those whose inverse depth (H, W) is known and positive."""
    rows, columns = np.nonzero(inverse > 0)
    cells = grid.cells_of(each.view.unproject(rows, columns, 1.0 / inverse[rows, columns].astype(np.float64)))
    return np.bincount(cells[cells >= 0], minlength=grid.size)


def _across_gaps(depth: Depth) -> Depth:
    """The inverse depth (H, W) that the surface would have across its gaps, NaN elsewhere.

    It is the farther of what a pixel's row and its column say.
    """
    return np.asarray(np.fmin(_bridged(depth), _bridged(depth.T).T))


def _bridged(depth: Depth) -> Depth:
    """The inverse depth (H, W) that a plane between the two sides of a row's gap has; NaN elsewhere."""
    height, width = depth.shape
    is_known = np.isfinite(depth)
    columns = np.arange(width)
    left = np.maximum.accumulate(np.where(is_known, columns, -1), axis=1)
    right = np.minimum.accumulate(np.where(is_known, columns, width)[:, ::-1], axis=1)[:, ::-1]
    is_gap = ~is_known & (left >= 0) & (right < width) & (right - left <= WIDEST * max(height, width))
    rows, places = np.nonzero(is_gap)
    start, end = left[rows, places], right[rows, places]
    near, far = 1.0 / depth[rows, start], 1.0 / depth[rows, end]
    share = ((places - start) / (end - start)).astype(np.float32)
    value = near + share * (far - near)
    ratio = np.maximum(near, far) / np.minimum(near, far)
    value = np.where(ratio > _SAME_SURFACE_RATIO, np.minimum(near, far), value)
    bridged = np.full(depth.shape, np.nan, np.float32)
    bridged[rows, places] = value
    return bridged
