"""A church front whose windows are where they are known to be: the simulated facade in points, turned and scaled."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from broker.shards import PointCloud
from reconstructor.clouds.sharding import cut
from edge_agent.cameras.simulated.facade import WINDOW_CENTRES, facade

Array = NDArray[np.float64]
METRES_PER_UNIT: Final = 2.0
# The outer edges of a twin window's panes, metres from its centre, and the rows in which they are upright.
PANE_EDGE_M: Final = 0.46
PANE_ROWS_M: Final = (4.42, 4.88)
CENTRES_M: Final = WINDOW_CENTRES
SPACING_M: Final = 0.01  # divides the windows' distance: their edges lie alike between the mesh's vertices
_YAW_RAD: Final = 0.44
_SHIFT: Final = np.array([3.0, -1.0, 7.0])


def facade_points(count: int, seed: int = 3) -> PointCloud:
    """Points at random on the front's surface, with y up in a world of half metres that is turned about y."""
    mesh = facade(spacing=SPACING_M)
    random = np.random.default_rng(seed)
    corners = mesh.vertices[mesh.triangles].astype(np.float64)
    areas = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    # The ground around is large and has nothing to measure: it gets a tenth of the points for its area.
    areas[corners[:, :, 2].max(axis=1) < 0.05] *= 0.1
    chosen = random.choice(len(areas), size=count, p=areas / areas.sum())
    weights = random.dirichlet((1.0, 1.0, 1.0), count)
    in_metres = (weights[:, :, None] * corners[chosen]).sum(axis=1)
    albedo = (weights[:, :, None] * mesh.albedo_rgb[mesh.triangles[chosen]]).sum(axis=1)
    return PointCloud(
        points_in_world=_in_world(in_metres).astype(np.float32),
        colors_rgb=(255 * np.clip(albedo, 0, 1) ** (1 / 2.2)).astype(np.uint8),
    )


def facade_levels(count: int) -> list[PointCloud]:
    """The same as the reconstructor publishes it: additive levels, coarse to fine, each along the Morton curve."""
    shards = cut(facade_points(count))
    numbers = sorted({shard.level for shard in shards})
    return [_joined([shard.cloud for shard in shards if shard.level == number]) for number in numbers]


def _joined(clouds: list[PointCloud]) -> PointCloud:
    return PointCloud(
        points_in_world=np.concatenate([cloud.points_in_world for cloud in clouds]),
        colors_rgb=np.concatenate([cloud.colors_rgb for cloud in clouds]),
    )


def _in_world(points: Array) -> Array:
    """Metres with z up to world units with y up, turned and moved."""
    upright = points[:, [0, 2, 1]] * [1, 1, -1]
    c, s = np.cos(_YAW_RAD), np.sin(_YAW_RAD)
    turned: Array = upright @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T / METRES_PER_UNIT + _SHIFT
    return turned
