"""What does an exported file of points contain? Positions, normals, colours and confidences in a chosen frame."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reconstructor.clouds.similarity import Matrix, Vector


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """Points of a surface.

    Attributes:
        points: (N, 3) float64.
        normals: (N, 3) float32, unit.
        colors_rgb: (N, 3) uint8.
        confidences: (N,) float32, 0 to 1, or None when nothing is known of them.
        coverages: (N,) float32, 0 to 1, how well photographs cover the place; NaN where that is not known.
        companions: GeoJSON of measures, notes and coverage in this surface's coordinates, one line of ASCII; may be empty.
        is_metric: whether they are in metres; else a length means nothing.
    """

    points: NDArray[np.float64]
    normals: NDArray[np.float32]
    colors_rgb: NDArray[np.uint8]
    confidences: NDArray[np.float32] | None
    coverages: NDArray[np.float32] | None = None
    companions: str = ""
    is_metric: bool = False

    def __len__(self) -> int:
        return len(self.points)

    @property
    def unit(self) -> str:
        """Name of the unit of length."""
        return "metres" if self.is_metric else "unscaled"

    def scaled(self, metres_per_unit: float | None) -> Self:
        """The same surface in metres, or unchanged when the scale is unknown."""
        if metres_per_unit is None:
            return self
        return replace(self, points=self.points * metres_per_unit, is_metric=True)

    def turned(self, rotation: Matrix) -> Self:
        """The same surface after a rotation (3, 3)."""
        normals = (self.normals @ rotation.T).astype(np.float32)
        return replace(self, points=self.points @ rotation.T, normals=normals)


def turn_up(up: Vector | None, axis: int) -> Matrix:
    """The smallest rotation (3, 3), float64, that turns up onto an axis by its number; identity without up.

    Source: Rodrigues' formula for the turn between two unit vectors.
    """
    if up is None:
        return np.eye(3)
    target = np.eye(3)[axis]
    cross, cosine = np.cross(up, target), float(up @ target)
    if cosine < -1.0 + 1e-12:  # upside down: about any other axis
        return np.diag(np.where(np.arange(3) == (axis + 1) % 3, 1.0, -1.0))
    skew = np.array([[0.0, -cross[2], cross[1]], [cross[2], 0.0, -cross[0]], [-cross[1], cross[0], 0.0]])
    turn: Matrix = np.eye(3) + skew + skew @ skew / (1.0 + cosine)
    return turn
