"""What does each photograph see of the cloud? A z-buffer of the points in those cells that its picture can show.

Drawing all points for all photographs would take minutes at 2,000 of them. The cells outside of a picture, and those whose
surface faces away, are left out before their points are projected, which changes no pixel. Where many photographs look at
most of the cloud, each draws every second, third, … point into a smaller z-buffer that these still close.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.coverage.cells import Grid, Occupied
from reconstructor.coverage.evidence import Seen
from reconstructor.coverage.viewpoints import Viewpoint, depth_of_cloud

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

SIDE_PX: Final = 306  # the larger side of a z-buffer: half of what the engine computes depth at
MOST_PROJECTIONS: Final = 400_000_000  # of points into all photographs: 20 s of one core (2026-11-29)
MOST_PIXELS: Final = 75_000_000  # of all z-buffers, as if they were square: 200 MB of pictures of 3 : 2
_THINNED: Final = (
    0.65  # of a z-buffer's side: points left of more lie irregularly, and need 5 a pixel to close it, not 2
)
_FINE_PX: Final = 150  # a smaller z-buffer loses more by its pixels than by open ones (2026-11-30)
_REACH: Final = 0.87  # of a cell's width: its corners are 0.866 from its centre


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellPoints:
    """A cloud in the order of its occupied cells, C rows.

    Attributes:
        points: (N, 3) in the world, those of a cell one after the other.
        normals_of_points: (N, 3) the normals of their cells.
        counts: (C,) points of each cell.
        ends: (C + 1,) where each cell's points end; the first one is 0.
        centers, normals: (C, 3) of the cells, in the world.
        reach: how far a cell's points are from its centre at most, world units.
    """

    points: Floats
    normals_of_points: Floats
    counts: Numbers
    ends: Numbers
    centers: Floats
    normals: Floats
    reach: float

    @classmethod
    def of(cls, points: Floats, grid: Grid, occupied: Occupied) -> "CellPoints":
        """Sort points (N, 3) by cell; those outside the grid are left out."""
        order = np.argsort(occupied.cell_of_point, kind="stable")[-int(occupied.counts.sum()) :]
        return cls(
            points=points[order],
            normals_of_points=np.repeat(occupied.normals, occupied.counts, axis=0),
            counts=occupied.counts,
            ends=np.concatenate([[0], np.cumsum(occupied.counts)]),
            centers=grid.centers(occupied.cells),
            normals=occupied.normals,
            reach=_REACH * grid.side,
        )

    def rows_for(self, view: Viewpoint) -> Numbers:
        """The cells of which a point can lie in the picture and face the camera; some of them may have none."""
        in_camera = self.centers @ view.camera_from_world[:3, :3].T + view.camera_from_world[:3, 3]
        fx, fy, cx, cy = view.intrinsics
        edges = np.array([[fx, 0, cx], [-fx, 0, view.width - cx], [0, fy, cy], [0, -fy, view.height - cy], [0, 0, 1]])
        edges /= np.linalg.norm(edges, axis=1, keepdims=True)
        is_inside = (in_camera @ edges.T > -self.reach).all(axis=1)
        is_facing = np.einsum("ij,ij->i", self.centers - view.center, self.normals) < self.reach
        return np.flatnonzero(is_inside & is_facing)

    def depth(self, view: Viewpoint, rows: Numbers, step: int) -> NDArray[np.float32]:
        """The z-buffer (H, W) of every `step`-th point of these cells, world units; inf where none is seen."""
        breaks = np.flatnonzero(np.diff(rows) > 1) + 1
        runs = [slice(self.ends[run[0]], self.ends[run[-1] + 1]) for run in np.split(rows, breaks) if len(run)]
        parts = [np.concatenate([of[:0], *(of[run] for run in runs)]) for of in (self.points, self.normals_of_points)]
        return depth_of_cloud(view, parts[0][::step], parts[1][::step])


def draw(
    cloud: CellPoints, views: list[Viewpoint], side_px: float, least_px: int, *, thinned_by: int = 1
) -> list[Seen]:
    """The photographs, with the depth that each sees.

    Args:
        cloud: the points.
        views: the photographs.
        side_px: the larger side of the largest z-buffer that points so far apart close, if they lie evenly.
        least_px: z-buffers have this side where they would be smaller.
        thinned_by: of how many points of the cloud these are one each.
    """
    most_points = max(1, MOST_PROJECTIONS // max(1, len(views)))
    most_px = min(SIDE_PX, (MOST_PIXELS / max(1, len(views))) ** 0.5)
    seen = []
    for view in views:
        rows = cloud.rows_for(view)
        step = max(1, -(-int(cloud.counts[rows].sum()) // most_points))
        closed_px = side_px / step**0.5
        if step * thinned_by > 1:
            closed_px = max(_THINNED * closed_px, min(_FINE_PX, closed_px))
        small = view.reduced(max(int(min(most_px, closed_px)), least_px))
        seen.append(Seen(view=small, depth=cloud.depth(small, rows, step)))
    return seen
