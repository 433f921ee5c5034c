"""How complete is the cloud, cell by cell? Expected errors where it is, holes where it is not, from cameras and cloud."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.coverage.cells import (
    DEPTH_SIDE_PX,
    Grid,
    Occupied,
    grid_over,
    median_sampling_distance,
    occupied_cells,
)
from reconstructor.coverage.evidence import Evidence, Seen, evidence_for
from reconstructor.coverage.holes import PixelCounts, count_pixels, hole_cells
from reconstructor.coverage.viewpoints import Viewpoint, up_of
from reconstructor.coverage.z_buffers import CellPoints, draw

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

WORST_ERROR: Final = 3.0  # ground sampling distances, scored 0
FLAGGED_ERROR: Final = 1.7  # an occupied cell of which more is expected is shown as badly covered
# log(error + 0.1) by least squares over the cells of the simulated objects; `benchmarks.coverage` fits it again, leaving
# out the object that it measures. In the order of the columns of `traits_of`.
WEIGHTS: Final = (0.99, -0.43, 0.99, -0.62, -0.63, 0.30)
LEAST_SIDE_PX: Final = 64  # a cloud that closes no larger z-buffer is sparse
_LEAST_DRAWN_PX: Final = 24  # of a dense cloud of which few points are kept
_SPACINGS_A_PIXEL: Final = 1.5
_LEAST_FILL: Final = 0.05
_LEAST_THICKNESS: Final = 0.02  # cell widths
LOG_OFFSET: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """What the photographs cover of the object.

    Attributes:
        grid: the cells.
        occupied, evidence: where the cloud is, and what speaks for it (C rows).
        traits: (C, 6) what the expected errors follow from.
        errors: (C,) expected distance from the true surface to the cloud, ground sampling distances.
        holes: (H,) cells of holes, in the order of their index.
        hole_looks: (H,) photographs that look into each.
        seen: the photographs, with the depth that each sees.
        up: (3,) unit, which way is up in the world.
        is_dense: whether the cloud is a surface. If not, only how many photographs see each cell is known: no holes are
            claimed, and the errors mean nothing.
    """

    grid: Grid
    occupied: Occupied
    evidence: Evidence
    traits: Floats
    errors: Floats
    holes: Numbers
    hole_looks: Numbers
    seen: list[Seen]
    up: Floats
    is_dense: bool

    @property
    def scores(self) -> NDArray[np.uint8]:
        """(C,) 0 to 255, the expected error on a scale from three sampling distances to none."""
        return np.round(255 * np.clip(1 - self.errors / WORST_ERROR, 0, 1)).astype(np.uint8)

    def shares_of(self, points: Floats) -> NDArray[np.float32]:
        """(N,) the score of each point's cell, 0 to 1; NaN for points (N, 3) in cells that the cloud does not occupy."""
        cells, known = self.grid.cells_of(points), self.occupied.cells
        shares = np.full(len(points), np.nan, np.float32)
        if len(known):
            rows = np.minimum(np.searchsorted(known, cells), len(known) - 1)
            is_known = known[rows] == cells
            shares[is_known] = self.scores[rows[is_known]] / np.float32(255)
        return shares


def coverage_of(points: Floats, views: list[Viewpoint], *, thinned_by: int = 1, up: Floats | None = None) -> Coverage:
    """What the views cover of the object.

    Args:
        points: (N, 3) of its dense cloud, world units.
        views: the photographs.
        thinned_by: of how many points of the cloud these are one each: whether it is dense does not depend on how many
            were kept.
        up: (3,) unit, which way is up in the world; as the photographers held their cameras where that is not known.
    """
    grid = grid_over(points, views)
    occupied = occupied_cells(points, grid, views)
    side_px = _side_px(median_sampling_distance(points, views), occupied.spacing(grid))
    is_dense = side_px * thinned_by**0.5 >= LEAST_SIDE_PX
    least_px = _LEAST_DRAWN_PX if is_dense else LEAST_SIDE_PX
    seen = draw(CellPoints.of(points, grid, occupied), views, side_px, least_px, thinned_by=thinned_by)
    evidence = evidence_for(occupied, grid, seen)
    pixels = count_pixels(grid, seen)
    holes = hole_cells(occupied, grid, seen, pixels) if is_dense else np.zeros(0, np.int64)
    traits = traits_of(occupied, grid, evidence, pixels)
    return Coverage(
        grid=grid,
        occupied=occupied,
        evidence=evidence,
        traits=traits,
        errors=np.exp(traits @ np.array(WEIGHTS)) - LOG_OFFSET,
        holes=holes,
        hole_looks=pixels.looks[holes],
        seen=seen,
        up=up_of(views) if up is None else up / np.linalg.norm(up),
        is_dense=is_dense,
    )


def _side_px(sampling_distance: float, spacing: float) -> float:
    """The largest z-buffer that points so far apart close, if photographs 612 pixels wide have such pixels on them."""
    return DEPTH_SIDE_PX * sampling_distance / (_SPACINGS_A_PIXEL * max(spacing, 1e-12))


def traits_of(occupied: Occupied, grid: Grid, evidence: Evidence, pixels: PixelCounts) -> Floats:
    """(C, 6) what the expected error of a cell follows from, in the order of `WEIGHTS`.

    More figures (count of views, widest angle, neighbours, distance along the rays to what the views see, distance of gaps
    from the surface, texture) did not order the cells better on an object whose cells the weights were not fitted to.
    """
    offsets = np.einsum("ij,ij->i", grid.centers(occupied.cells) - occupied.means, occupied.normals)
    return np.column_stack(
        [
            np.ones(len(occupied.cells)),
            np.log(evidence.fills + _LEAST_FILL),
            pixels.gap_share[occupied.cells],
            np.abs(offsets) / grid.side,
            evidence.cosines,
            np.log(_LEAST_THICKNESS + occupied.thicknesses / grid.side),
        ]
    )
