"""Which similarity maps one world to another? Umeyama's method with trimmed least squares. Pure numpy."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from broker.errors import CairnError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_MIN_CORRESPONDENCES = 3
_MIN_SPREAD_RATIO = 1e-6


class DegenerateGeometryError(CairnError):
    """The given points do not determine a similarity."""

    code = "degenerate_geometry"
    remedy = "Photograph from more places that are not on one line."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sim3:
    """`target = scale * rotation @ source + translation`; named `target_from_source` by its users.

    Raises:
        DegenerateGeometryError: the scale is not positive, the rotation is not proper, or a number is not finite.
    """

    scale: float
    rotation: Matrix  # (3, 3), proper
    translation: Vector  # (3,), in target units

    def __post_init__(self) -> None:
        numbers = np.concatenate([[self.scale], self.rotation.ravel(), self.translation.ravel()])
        if self.rotation.shape != (3, 3) or self.translation.shape != (3,) or not np.isfinite(numbers).all():
            raise DegenerateGeometryError("a similarity needs a 3x3 rotation, 3 translations and finite numbers")
        is_rotation = np.allclose(self.rotation @ self.rotation.T, np.eye(3), atol=1e-6)
        if self.scale <= 0 or not is_rotation or np.linalg.det(self.rotation) < 0:
            raise DegenerateGeometryError("a similarity needs a positive scale and a proper rotation")

    @classmethod
    def identity(cls) -> Self:
        return cls(scale=1.0, rotation=np.eye(3), translation=np.zeros(3))

    @property
    def quaternion_wxyz(self) -> Vector:
        """The rotation as a unit quaternion (4,) float64 in the order w, x, y, z, with w >= 0."""
        return quaternion_from_rotation(self.rotation)

    def apply(self, points_in_source: NDArray[np.floating]) -> Matrix:
        """Transform points (N, 3) from the source frame to the target frame, float64."""
        moved: Matrix = self.scale * np.asarray(points_in_source, np.float64) @ self.rotation.T + self.translation
        return moved

    def inverse(self) -> "Sim3":
        turned_back = self.rotation.T
        return Sim3(
            scale=1.0 / self.scale,
            rotation=turned_back,
            translation=-(turned_back @ self.translation) / self.scale,
        )

    def after(self, middle_from_source: "Sim3") -> "Sim3":
        """`target_from_middle.after(middle_from_source)` is `target_from_source`."""
        return Sim3(
            scale=self.scale * middle_from_source.scale,
            rotation=self.rotation @ middle_from_source.rotation,
            translation=self.apply(middle_from_source.translation[None])[0],
        )


def estimate_similarity(points_in_source: NDArray[np.floating], points_in_target: NDArray[np.floating]) -> Sim3:
    """The least-squares `target_from_source` of corresponding points (N, 3), one array in each frame.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991.

    Raises:
        DegenerateGeometryError: fewer than 3 points, or all of them on one line.
    """
    source, target = np.asarray(points_in_source, np.float64), np.asarray(points_in_target, np.float64)
    if len(source) != len(target) or len(source) < _MIN_CORRESPONDENCES:
        raise DegenerateGeometryError("a similarity needs at least 3 pairs of points")
    source_centred, target_centred = source - source.mean(0), target - target.mean(0)
    spread = np.linalg.svd(source_centred, compute_uv=False)
    if spread[1] <= _MIN_SPREAD_RATIO * spread[0]:
        raise DegenerateGeometryError("all points lie on one line: a similarity could turn about it")
    left, singular, right = np.linalg.svd(target_centred.T @ source_centred)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    rotation = left @ np.diag(signs) @ right
    scale = float(singular @ signs / (source_centred**2).sum())
    return Sim3(scale=scale, rotation=rotation, translation=target.mean(0) - scale * rotation @ source.mean(0))


def estimate_similarity_robustly(
    points_in_source: NDArray[np.floating],
    points_in_target: NDArray[np.floating],
    *,
    rounds: int = 10,
    outlier_ratio: float = 3.0,
) -> Sim3:
    """Fit like `estimate_similarity`, robustly: trimmed least squares.

    In each round the points whose residual exceeds `outlier_ratio` times the median are left out. Points are (N, 3), one
    array in each frame.

    Raises:
        DegenerateGeometryError: as `estimate_similarity`.
    """
    source, target = np.asarray(points_in_source, np.float64), np.asarray(points_in_target, np.float64)
    fit = estimate_similarity(source, target)
    for _ in range(rounds):
        residuals = np.linalg.norm(fit.apply(source) - target, axis=1)
        is_near = residuals <= max(outlier_ratio * float(np.median(residuals)), 1e-12)
        if is_near.all() or is_near.sum() < _MIN_CORRESPONDENCES:
            return fit
        fit = estimate_similarity(source[is_near], target[is_near])
    return fit


def quaternion_from_rotation(rotation: Matrix) -> Vector:
    """Unit quaternion (4,) float64 in the order w, x, y, z, with w >= 0, of a rotation (3, 3) float64.

    Source: Bar-Itzhack, "New method for extracting the quaternion from a rotation matrix", JGCD 2000.
    """
    m = rotation
    symmetric = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], m[1, 0] + m[0, 1], m[2, 0] + m[0, 2], m[2, 1] - m[1, 2]],
            [m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], m[2, 1] + m[1, 2], m[0, 2] - m[2, 0]],
            [m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1], m[1, 0] - m[0, 1]],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m[0, 0] + m[1, 1] + m[2, 2]],
        ]
    )
    x, y, z, w = np.linalg.eigh(symmetric / 3.0)[1][:, -1]
    quaternion = np.array([w, x, y, z])
    return quaternion if w >= 0 else -quaternion


def rotation_from_quaternion(quaternion_wxyz: NDArray[np.floating]) -> Matrix:
    """Rotation (3, 3) float64 of a quaternion (4,) in the order w, x, y, z; its length need not be 1.

    Raises:
        DegenerateGeometryError: the quaternion is zero or not finite.
    """
    length = float(np.linalg.norm(quaternion_wxyz))
    if not np.isfinite(length) or length == 0.0:
        raise DegenerateGeometryError("a quaternion needs a length")
    w, x, y, z = np.asarray(quaternion_wxyz, np.float64) / length
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
