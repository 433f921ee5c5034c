"""Which way is up? The direction perpendicular to the cameras' x axes, because photographers seldom roll. Pure numpy.

The rigs have no other sensor for it. Viewers level the object by it, so it may change while it is uncertain. Once it is
certain it stays constant until a complete reconstruction, when everything is drawn again.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.clouds.similarity import Sim3

Vector = NDArray[np.float64]

_ROLL: Final = np.radians(2.0)  # standard deviation of the roll of a hand-held camera
_TILT: Final = np.radians(30.0)  # standard deviation of its tilt, which is alike in all images of a facade
_SURE: Final = np.radians(1.5)  # twice this, 3 degrees, is just visible
_ROUNDS: Final = 10
_OPPOSITE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UpDirection:
    """A unit direction (3,) in the world frame, and its standard deviation in radians."""

    direction: Vector
    deviation_rad: float

    @property
    def is_sure(self) -> bool:
        return bool(self.deviation_rad <= _SURE)


def estimate_upward(world_from_camera: NDArray[np.floating]) -> UpDirection | None:
    """The up direction of hand-held cameras with poses (N, 4, 4); None without cameras, or if they disagree.

    The x axes of level cameras are horizontal: up is the direction most nearly perpendicular to all of them. If all
    cameras look the same way, the rotation about their x axis stays open. There the prior decides that cameras look
    about horizontally; it counts weakly, like one camera, because the tilts of one photographer are alike.

    Source: Cauchy weights against rolled cameras by iteratively reweighted least squares, Holland and Welsch, "Robust
    regression using iteratively reweighted least-squares", Communications in Statistics A6, 1977.
    """
    if len(world_from_camera) == 0:
        return None
    rotations = np.asarray(world_from_camera, np.float64)[:, :3, :3]
    rights, forwards = rotations[:, :, 0], rotations[:, :, 2]
    mean_up = -rotations[:, :, 1].mean(axis=0)
    weights = np.ones(len(rights))
    for _ in range(_ROUNDS):
        roll = (rights.T * weights) @ rights / _ROLL**2
        tilt = forwards.T @ forwards / len(forwards) / _TILT**2
        information, axes = np.linalg.eigh(roll + tilt)
        weights = 1.0 / (1.0 + (rights @ axes[:, 0] / _ROLL) ** 2)
    sign = float(np.sign(axes[:, 0] @ mean_up))
    if sign == 0.0:
        return None
    return UpDirection(direction=sign * axes[:, 0], deviation_rad=float(1.0 / np.sqrt(information[1])))


def next_up_direction(
    known: UpDirection | None, estimate: UpDirection | None, *, may_correct: bool
) -> UpDirection | None:
    """The up direction to report: the new estimate, or the known one if that is certain and may not be corrected."""
    if estimate is None or (known is not None and known.is_sure and not may_correct):
        return known
    return estimate


def turn_between(source: Vector, target: Vector) -> Sim3:
    """The smallest turn `target_from_source` of one unit direction (3,) into another.

    Source: Rodrigues' formula with the cross product as axis.
    """
    cosine, axis = float(source @ target), np.cross(source, target)
    if cosine < -1.0 + _OPPOSITE:
        axis = np.cross(source, np.eye(3)[int(np.argmin(np.abs(source)))])
        axis /= np.linalg.norm(axis)
        rotation = 2.0 * np.outer(axis, axis) - np.eye(3)
    else:
        x, y, z = axis
        skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        rotation = np.eye(3) + skew + skew @ skew / (1.0 + cosine)
    return Sim3(scale=1.0, rotation=rotation, translation=np.zeros(3))
