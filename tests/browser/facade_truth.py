"""A church front whose windows are where they are known to be: the simulated facade in points, turned and scaled."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broker.shards import PointCloud
from edge_agent.cameras.simulated.facade import WINDOW_CENTRES, facade
from edge_agent.cameras.simulated.meshes import Mesh
from reconstructor.clouds.sharding import cut

Array = NDArray[np.float64]
METRES_PER_UNIT: Final = 2.0
METRES_PER_PX: Final = 50 * 0.0254 / 150
DARK: Final = 115  # grey between that of glass and that of stone
_SPACING_M: Final = 0.01  # divides the distance of the windows: their edges lie alike between the mesh's vertices
_GLASS_M: Final = (0.40, 0.44)  # how far behind the wall
_ROWS_M: Final = (4.42, 4.88)  # where panes are upright
_DENSE_M: Final = (3.6, 5.8)  # the storey of the windows; elsewhere a sixth of the points do
_ELSEWHERE: Final = 1 / 6
_YAW_RAD: Final = 0.44
_SHIFT: Final = np.array([3.0, -1.0, 7.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The points as they are published, coarse to fine, and the left and right edges of the windows in metres (N, 2)."""

    levels: list[PointCloud]
    edges_m: Array


def true_facade(count: int, seed: int = 3) -> Truth:
    """What photographs from the front see, in `count` points at random on the surface, with y up in a turned world."""
    mesh = facade(spacing=_SPACING_M)
    random = np.random.default_rng(seed)
    triangles = mesh.triangles[_is_seen(mesh)]
    corners = mesh.vertices[triangles].astype(np.float64)
    # As many points for an area as photographs from the front have pixels of it; the ground around is hardly seen.
    areas = np.abs(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 1])
    height = corners[:, :, 2].mean(axis=1)
    areas *= np.where((height > _DENSE_M[0]) & (height < _DENSE_M[1]), 1.0, _ELSEWHERE)
    chosen = random.choice(len(areas), size=count, p=areas / areas.sum())
    weights = random.dirichlet((1.0, 1.0, 1.0), count)
    in_metres = (weights[:, :, None] * corners[chosen]).sum(axis=1)
    albedo = (weights[:, :, None] * mesh.albedo_rgb[triangles[chosen]]).sum(axis=1)
    cloud = PointCloud(
        points_in_world=_in_world(in_metres).astype(np.float32),
        colors_rgb=(255 * np.clip(albedo, 0, 1) ** (1 / 2.2)).astype(np.uint8),
    )
    return Truth(levels=_levels(cloud), edges_m=_window_edges(mesh))


def measured_edges_px(grey: Array, edges_m: Array) -> Array:
    """Where the windows' edges are in a facade image (H, W) of grey levels: (windows, 2, rows) in pixels.

    The place of the image on the facade is not known, its scale is: one shift is found for all windows together. Each
    edge is the first crossing to dark within 12 pixels, coming from outside the window.
    """
    band = _window_rows(grey)
    shift = _shift(grey[band], edges_m)
    found = np.empty((len(edges_m), 2, len(band)))
    for index, side in np.ndindex(len(edges_m), 2):
        step = 1 if side == 0 else -1
        columns = round(shift + float(edges_m[index, side]) / METRES_PER_PX) + step * np.arange(-12, 13)
        for row, values in enumerate(grey[band][:, columns]):
            at = int(np.argmax(values < DARK))
            if at == 0:
                raise AssertionError(f"no edge of window {index} is near its place in row {band[row]}")
            part = (values[at - 1] - DARK) / (values[at - 1] - values[at])
            found[index, side, row] = columns[at - 1] + step * part + 0.5
    return found


def _window_rows(grey: Array) -> NDArray[np.intp]:
    """The middle half of the longest run of rows in which a third is as dark as panes."""
    rows = np.flatnonzero((grey < DARK).mean(axis=1) > 0.3)
    band: NDArray[np.intp] = max(np.split(rows, np.flatnonzero(np.diff(rows) > 3) + 1), key=len)
    return band[len(band) // 4 : -(len(band) // 4)]


def _shift(band: Array, edges_m: Array) -> int:
    """The column of the facade's middle: there, most pixels within windows are dark, and most beside them are not."""
    sums = np.concatenate([[0], np.cumsum((band < DARK).mean(axis=0))])
    left, right = np.rint(edges_m / METRES_PER_PX).astype(int).T
    shifts = np.arange(-left.min() + 10, len(sums) - right.max() - 10)
    inside = [(sums[right + shift] - sums[left + shift]).sum() for shift in shifts]
    outside = [(sums[right + shift + 10] - sums[left + shift - 10]).sum() for shift in shifts]
    return int(shifts[np.argmax(2 * np.array(inside) - np.array(outside))])


def _is_seen(mesh: Mesh) -> NDArray[np.bool_]:
    """Triangles that are turned to the front, or sideways, and not behind it."""
    corners = mesh.vertices[mesh.triangles]
    is_turned = mesh.normals[mesh.triangles][:, :, 1].mean(axis=1) < 0.5
    seen: NDArray[np.bool_] = is_turned & (corners[:, :, 1].max(axis=1) < 0.61)
    return seen


def _window_edges(mesh: Mesh) -> Array:
    """Half-way between the outermost vertices of glass and the vertices of stone beside them."""
    x, y, z = mesh.vertices.T.astype(np.float64)
    is_glass = (y > _GLASS_M[0]) & (y < _GLASS_M[1]) & (z > _ROWS_M[0]) & (z < _ROWS_M[1])
    glass = x[is_glass]
    near = [glass[np.abs(glass - centre) < 0.6] for centre in WINDOW_CENTRES]
    return np.array([[each.min() - _SPACING_M / 2, each.max() + _SPACING_M / 2] for each in near])


def _levels(cloud: PointCloud) -> list[PointCloud]:
    """Additive levels, each along the Morton curve, as the reconstructor publishes them."""
    shards = cut(cloud)
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
