"""Which normal has a point without a measured one? Principal component analysis of its neighbours, facing a camera."""

from typing import Final

import numpy as np
import open3d as o3d
from numpy.typing import NDArray

_NEIGHBOURS: Final = 16
_ROWS: Final = 65_536


def estimated_normals(
    points_in_world: NDArray[np.float64], centres_in_world: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Unit normals (N, 3) of points (N, 3): the direction of least variance among 16 neighbours.

    They point towards the nearest of the cameras (C, 3); without cameras their sign is arbitrary.

    Source: Hoppe et al., "Surface Reconstruction from Unorganized Points", SIGGRAPH 1992.
    """
    if len(points_in_world) == 0:
        return np.empty((0, 3), np.float32)
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points_in_world - points_in_world.mean(axis=0)))
    cloud.estimate_normals(o3d.geometry.KDTreeSearchParamKNN(_NEIGHBOURS))
    normals = np.asarray(cloud.normals)
    if len(centres_in_world):
        for begin in range(0, len(normals), _ROWS):
            rows = slice(begin, begin + _ROWS)
            away = points_in_world[rows] - _nearest(points_in_world[rows], centres_in_world)
            normals[rows][(normals[rows] * away).sum(axis=1) > 0.0] *= -1.0
    return normals.astype(np.float32)


def _nearest(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    best, distances = np.zeros(len(points), np.intp), np.full(len(points), np.inf)
    for number, centre in enumerate(centres):  # one at a time: all pairs at once would not fit into memory
        squared = ((points - centre) ** 2).sum(axis=1)
        is_nearer = squared < distances
        best[is_nearer], distances[is_nearer] = number, squared[is_nearer]
    nearest: NDArray[np.float64] = centres[best]
    return nearest
