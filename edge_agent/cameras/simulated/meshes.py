"""Which shapes are objects built from? Triangle meshes of height fields, turned profiles, boxes and level sets."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import open3d as o3d
from numpy.typing import NDArray

from edge_agent.cameras.simulated.noise import Floats

Triangles = NDArray[np.uint32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """Triangles with what the renderer needs at each vertex.

    vertices (V, 3) float32 in world, triangles (T, 3) uint32, normals (V, 3) float32 of unit length pointing out,
    albedo_rgb (V, 3) float32 linear reflectance, grain (V,) float32 strength of the fine texture.
    """

    vertices: Floats
    triangles: Triangles
    normals: Floats
    albedo_rgb: Floats
    grain: Floats

    def painted(self, albedo_rgb: Floats, grain: Floats | float = 1.0) -> "Mesh":
        """Copy with other colours: albedo_rgb (V, 3) or (3,), grain (V,) or one number, float32."""
        full = np.broadcast_to(np.asarray(albedo_rgb, np.float32), self.vertices.shape)
        return replace(self, albedo_rgb=full, grain=np.broadcast_to(np.asarray(grain, np.float32), len(full)))

    def moved(self, translation: tuple[float, float, float], *, yaw_deg: float = 0.0, scale: float = 1.0) -> "Mesh":
        """Copy scaled, rotated about z by `yaw_deg`, then translated by world units."""
        c, s = np.cos(np.deg2rad(yaw_deg)), np.sin(np.deg2rad(yaw_deg))
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)
        moved = (self.vertices * np.float32(scale)) @ turn.T + np.asarray(translation, np.float32)
        return replace(self, vertices=moved.astype(np.float32), normals=self.normals @ turn.T)


def mesh(vertices: Floats | NDArray[np.float64], triangles: NDArray[np.integer]) -> Mesh:
    """Make an unpainted mesh from vertices (V, 3) in world and triangles (T, 3); normals are area-weighted means."""
    vertices = np.ascontiguousarray(vertices, np.float32)
    corners = vertices[triangles]
    area_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals: NDArray[np.float64] = np.stack(
        [
            np.bincount(triangles.ravel(), np.repeat(area_normals[:, axis], 3), minlength=len(vertices))
            for axis in range(3)
        ],
        axis=1,
    )
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return Mesh(
        vertices=vertices,
        triangles=np.ascontiguousarray(triangles, np.uint32),
        normals=normals.astype(np.float32),
        albedo_rgb=np.full_like(vertices, 0.5),
        grain=np.ones(len(vertices), np.float32),
    )


def merged(parts: list[Mesh]) -> Mesh:
    """Join meshes into one."""
    offsets = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    return Mesh(
        vertices=np.concatenate([part.vertices for part in parts]),
        triangles=np.concatenate([part.triangles + np.uint32(o) for part, o in zip(parts, offsets, strict=True)]),
        normals=np.concatenate([part.normals for part in parts]),
        albedo_rgb=np.concatenate([part.albedo_rgb for part in parts]),
        grain=np.concatenate([part.grain for part in parts]),
    )


def lattice_triangles(rows: int, columns: int, keep: NDArray[np.bool_] | None = None) -> NDArray[np.integer]:
    """Two triangles per lattice cell, (T, 3) integers; `keep` (rows-1, columns-1) bool selects cells."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    quads = np.stack([a, b, c, d], axis=-1)
    quads = quads.reshape(-1, 4) if keep is None else quads[keep]
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def box(low: tuple[float, float, float], high: tuple[float, float, float], spacing: float = 0.1) -> Mesh:
    """Build a box of six lattices with vertices about `spacing` apart, edges sharp; world units."""
    sides = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        grids = [np.linspace(low[i], high[i], max(2, round((high[i] - low[i]) / spacing) + 1)) for i in (u, v)]
        across, along = np.meshgrid(*grids)
        for place in (low[axis], high[axis]):
            vertices = np.empty((across.size, 3))
            vertices[:, axis], vertices[:, u], vertices[:, v] = place, across.ravel(), along.ravel()
            triangles = lattice_triangles(*across.shape)
            sides.append(mesh(vertices, triangles if place == high[axis] else triangles[:, ::-1]))
    return merged(sides)


def lathe(radius_by_height: list[tuple[float, float]], *, sides: int = 48, spacing: float = 0.02) -> Mesh:
    """Rotate a profile [(radius, height), …], world units, about the z axis: columns, capitals, balusters."""
    radii, heights = (np.array(values) for values in zip(*radius_by_height, strict=True))
    lengths = np.concatenate([[0], np.cumsum(np.hypot(np.diff(radii), np.diff(heights)))])
    along = np.union1d(lengths, np.linspace(0, lengths[-1], max(2, round(lengths[-1] / spacing))))
    r, z = np.interp(along, lengths, radii), np.interp(along, lengths, heights)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    rows = np.stack(
        [np.outer(r, np.cos(angle)), np.outer(r, np.sin(angle)), np.repeat(z[:, None], sides, axis=1)], axis=-1
    )
    index = np.arange(len(z) * sides).reshape(len(z), sides)
    closed = np.concatenate([index, index[:, :1]], axis=1)  # the seam shares its vertices
    quads = np.stack([closed[:-1, :-1], closed[:-1, 1:], closed[1:, 1:], closed[1:, :-1]], axis=-1).reshape(-1, 4)
    return mesh(rows.reshape(-1, 3), np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]))


def level_set(
    distance: Callable[[Floats], Floats],
    low: tuple[float, float, float],
    high: tuple[float, float, float],
    spacing: float,
) -> Mesh:
    """Mesh the zero set of a signed distance (N, 3) -> (N,), negative inside, on a lattice (flying edges)."""
    axes = [np.arange(a, b + spacing, spacing, dtype=np.float32) for a, b in zip(low, high, strict=True)]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    values = distance(np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)).reshape(x.shape)
    surface = o3d.t.geometry.TriangleMesh.create_isosurfaces(
        o3d.core.Tensor.from_numpy(values.astype(np.float32)), [0.0]
    )
    vertices = surface.vertex.positions.numpy() * np.float32(spacing) + np.asarray(low, np.float32)
    return mesh(vertices, surface.triangle.indices.numpy()[:, ::-1])  # flying edges winds them inwards
