"""How is a wall carved? As a height field, into which elements are cut and added one after another."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_agent.cameras.simulated.masonry import blend
from edge_agent.cameras.simulated.meshes import Mesh, lattice_triangles, mesh
from edge_agent.cameras.simulated.noise import Floats, smoothstep

Mask = NDArray[np.bool_]


@dataclass(slots=True, kw_only=True)
class Relief:
    """A wall in the plane y = 0, seen from -y.

    x, z (R, C) float32 place in the plane; out (R, C) float32 height towards the viewer; albedo_rgb (R, C, 3) and
    grain (R, C) as in `Mesh`. All in world units.
    """

    x: Floats
    z: Floats
    out: Floats = field(init=False)
    albedo_rgb: Floats = field(init=False)
    grain: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.out = np.zeros_like(self.x)
        self.albedo_rgb = np.full((*self.x.shape, 3), 0.5, np.float32)
        self.grain = np.ones_like(self.x)

    @classmethod
    def spanning(cls, low: tuple[float, float], high: tuple[float, float], spacing: float) -> "Relief":
        """Cover [low, high] = (x, z) with lattice points `spacing` apart."""
        x, z = np.meshgrid(
            np.arange(low[0], high[0] + spacing / 2, spacing, dtype=np.float32),
            np.arange(low[1], high[1] + spacing / 2, spacing, dtype=np.float32),
        )
        return cls(x=x, z=z)

    def points(self) -> Floats:
        """The surface's points, (R*C, 3) float32 in world."""
        return np.stack([self.x.ravel(), -self.out.ravel(), self.z.ravel()], axis=1)

    def set_out(self, inside: Mask, out: Floats | float) -> None:
        """Set the height inside the mask (R, C); out (R, C) float32 or one number, world units."""
        self.out = np.where(inside, np.float32(out), self.out)

    def add(self, inside: Mask, out: Floats | float) -> None:
        """Add height inside the mask (R, C); out (R, C) float32 or one number, world units."""
        self.out = self.out + np.where(inside, np.float32(out), np.float32(0))

    def tint(self, inside: Mask, colour_rgb: tuple[float, float, float], share: float, grain: float = 1.0) -> None:
        """Mix the colour inside the mask (R, C) with another one by `share`, and set the grain."""
        flat = blend(self.albedo_rgb.reshape(-1, 3), colour_rgb, inside.ravel() * np.float32(share))
        self.albedo_rgb = flat.reshape(self.albedo_rgb.shape)
        self.grain = np.where(inside, np.float32(grain), self.grain)

    def shade(self, inside: Mask, factor: Floats | float) -> None:
        """Multiply the colour inside the mask (R, C) by factor (R, C) float32 or one number."""
        self.albedo_rgb = self.albedo_rgb * np.where(inside, np.float32(factor), np.float32(1))[..., None]

    def to_mesh(self, keep: Mask | None = None) -> Mesh:
        """Mesh the wall; `keep` (R, C) bool cuts it to a skyline."""
        rows, columns = self.x.shape
        cells = None if keep is None else keep[:-1, :-1] & keep[1:, 1:] & keep[:-1, 1:] & keep[1:, :-1]
        surface = mesh(self.points(), lattice_triangles(rows, columns, cells))
        return surface.painted(self.albedo_rgb.reshape(-1, 3), self.grain.ravel())


def rectangle(x: Floats, z: Floats, centre: tuple[float, float], half: tuple[float, float]) -> Floats:
    """Signed distance of places x, z to a rectangle, negative inside; all (R, C) float32, world units."""
    dx, dz = np.abs(x - centre[0]) - half[0], np.abs(z - centre[1]) - half[1]
    result: Floats = np.hypot(np.maximum(dx, 0), np.maximum(dz, 0)) + np.minimum(np.maximum(dx, dz), 0)
    return result


def arch(x: Floats, z: Floats, *, centre: float, half_width: float, sill: float, spring: float) -> Floats:
    """Signed distance of places x, z to a round-headed opening, negative inside; all (R, C) float32, world units."""
    dx = x - centre
    head = np.hypot(dx, np.maximum(z - spring, 0)) - half_width
    result: Floats = np.maximum(head, sill - z)
    return result


def disc(x: Floats, z: Floats, centre: tuple[float, float], radius: float) -> Floats:
    """Signed distance of places x, z to a disc, negative inside; all (R, C) float32, world units."""
    result: Floats = np.hypot(x - centre[0], z - centre[1]) - np.float32(radius)
    return result


def moulding(height: Floats, top: float, size: float) -> Floats:
    """The projection of a cornice over [top - size, top]: fillet, ovolo, fillet, cavetto; 0 outside; (R, C) float32."""
    t = (height - (top - size)) / size
    ovolo = np.sqrt(np.clip(1 - ((t - 0.72) / 0.22) ** 2, 0, 1)) * 0.28 + 0.62
    cavetto = 0.22 + 0.4 * smoothstep(0.05, 0.45, t)
    profile = np.select([t > 0.88, t > 0.52, t > 0.12], [np.ones_like(t), ovolo, cavetto], 0.22)
    result: Floats = np.where((t >= 0) & (t <= 1), profile * size * 0.85, 0).astype(np.float32)
    return result


def ring_angle(x: Floats, z: Floats, centre: tuple[float, float]) -> Floats:
    """The angle of places x, z about a centre, radians; all (R, C) float32."""
    result: Floats = np.arctan2(z - centre[1], x - centre[0])
    return result
