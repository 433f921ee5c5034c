"""How well do the photographs see each occupied cell? How many agree, from how wide an angle, how finely, how certainly."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.coverage.cells import DEPTH_SIDE_PX, Grid, Occupied
from reconstructor.coverage.viewpoints import Depth, Viewpoint

Floats = NDArray[np.float64]

_SAME_DEPTH_RATIO: Final = 0.01
_SAME_DEPTH_CELLS: Final = 0.75
_LEAST_COSINE: Final = 0.25  # a surface that is seen along itself
_FULL_PERCENTILE: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What a photograph sees: where it stood, and the cloud's depth (H, W) in its reduced picture."""

    view: Viewpoint
    depth: Depth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What speaks for each occupied cell, C rows.

    Attributes:
        agrees: (C, V) bool, the photograph sees the cell's surface.
        looks: (C,) photographs that have the cell in their picture and face it.
        angles: (C,) the widest angle between two that agree, degrees.
        cosines: (C,) of the angle between the surface's normal and the photograph, of those that agree, that faces it most; 0
            where none agrees.
        sampling_distances: (C,) the finest width of a pixel on the cell, at the size depth is computed at, world units.
        fills: (C,) points of the cell compared with the fullest cells, by the area of a pixel.
    """

    agrees: NDArray[np.bool_]
    looks: Floats
    angles: Floats
    cosines: Floats
    sampling_distances: Floats
    fills: Floats

    @property
    def count(self) -> Floats:
        """(C,) photographs that agree."""
        return np.asarray(self.agrees.sum(axis=1), np.float64)


def evidence_for(occupied: Occupied, grid: Grid, seen: list[Seen]) -> Evidence:
    """What the photographs say about each occupied cell."""
    rows = len(occupied.cells)
    agrees = np.zeros((rows, len(seen)), np.bool_)
    looks, finest, straightest = np.zeros(rows), np.full(rows, np.inf), np.zeros(rows)
    for column, each in enumerate(seen):
        ahead, depth, is_looking, cosine = _look(each, occupied.means, occupied.normals)
        tolerance = np.maximum(
            _SAME_DEPTH_RATIO * ahead, _SAME_DEPTH_CELLS * grid.side / np.maximum(cosine, _LEAST_COSINE)
        )
        agrees[:, column] = is_looking & (np.abs(ahead - depth) < tolerance)
        looks += is_looking
        finest = np.where(agrees[:, column], np.minimum(finest, pixel_width(each.view, ahead)), finest)
        straightest = np.where(agrees[:, column], np.maximum(straightest, cosine), straightest)
    return Evidence(
        agrees=agrees,
        looks=looks,
        angles=_widest_angles(occupied.means, [each.view for each in seen], agrees),
        cosines=straightest,
        sampling_distances=finest,
        fills=_fills(occupied, finest),
    )


def _look(each: Seen, points: Floats, normals: Floats) -> tuple[Floats, Floats, NDArray[np.bool_], Floats]:
    """Depth of the points, depth that the photograph sees there, whether it looks at them, cosine to their normals."""
    ahead, pixels, is_inside = each.view.project(points)
    rays = each.view.center - points
    cosine = np.einsum("ij,ij->i", rays, normals) / np.maximum(np.linalg.norm(rays, axis=1), 1e-12)
    return ahead, each.depth.ravel()[pixels].astype(np.float64), is_inside & (cosine > 0), cosine


def pixel_width(view: Viewpoint, ahead: Floats) -> Floats:
    """The width of a pixel at each depth (N,), at the size that depth is computed at, world units."""
    return np.asarray(ahead / view.intrinsics[0] * max(view.width, view.height) / DEPTH_SIDE_PX)


def _fills(occupied: Occupied, finest: Floats) -> Floats:
    """Points a pixel's area, as a share of what the fullest cells have: a cloud's own spacing is the measure."""
    density = np.where(np.isfinite(finest), occupied.counts * finest**2, 0.0)
    full = float(np.percentile(density, _FULL_PERCENTILE)) if len(density) else 0.0
    return np.asarray(np.minimum(density / full, 2.0) if full > 0 else np.zeros(len(density)))


def _widest_angles(means: Floats, views: list[Viewpoint], agrees: NDArray[np.bool_]) -> Floats:
    """Degrees between two far apart: at least half of the widest angle, all of it where the photographs stand in a row.

    They are the direction that is farthest from the mean one, and the one farthest from it.
    """
    total = np.zeros_like(means)
    for view, sees in zip(views, agrees.T, strict=True):
        total[sees] += _unit(view.center - means[sees])
    first, widest = _farthest(_unit(total), means, views, agrees)
    if views:
        _, widest = _farthest(first, means, views, agrees)
    return np.asarray(np.degrees(widest))


def _farthest(
    from_direction: Floats, means: Floats, views: list[Viewpoint], agrees: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """The direction (C, 3) of each cell to a photograph that is farthest from the given one, and the angle, radians.

    The directions to all photographs would take a gigabyte at 2,000 of them.
    """
    farthest, angle = from_direction.copy(), np.zeros(len(from_direction))
    for view, sees in zip(views, agrees.T, strict=True):
        rows = np.flatnonzero(sees)
        direction = _unit(view.center - means[rows])
        turned = np.arccos(np.clip(np.einsum("ij,ij->i", from_direction[rows], direction), -1.0, 1.0))
        is_farther = turned > angle[rows]
        farthest[rows[is_farther]], angle[rows[is_farther]] = direction[is_farther], turned[is_farther]
    return farthest, angle


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
