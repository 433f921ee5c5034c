"""Which way is up? Photographers turn and tilt a camera but seldom roll it; nothing else on our rigs knows. Pure numpy.

Viewers level the object by this, so it may change while it is a guess, but is kept still from the moment it is sure
until a complete reconstruction comes, when everything is drawn again.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

_ROLL: Final = np.radians(2.0)  # what a level hand leaves
_TILT: Final = np.radians(30.0)  # photographers look up at a facade as they like, and all their images alike
_SURE: Final = np.radians(1.5)  # twice this, 3 degrees, is what an eye begins to see
_ROUNDS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UpDirection:
    """A direction in the world, unit (3,), and how far off it may be: its standard deviation in radians."""

    direction: Vector
    deviation_rad: float

    @property
    def is_sure(self) -> bool:
        return bool(self.deviation_rad <= _SURE)


def estimate_upward(world_from_camera: NDArray[np.floating]) -> UpDirection | None:
    """The upward direction that poses (N, 4, 4) of hand-held cameras speak for; None without any, or if they disagree.

    Level cameras have horizontal x axes: up is the direction most nearly perpendicular to all of them. Cameras that
    all look the same way leave one turn open, where the belief that they look about straight ahead decides, weakly and
    only once, because one photographer's tilts are alike. Cameras that lie on their side are outweighed (Cauchy's
    weights, by iteration: Holland and Welsch, Communications in Statistics A6, 1977).
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
    """What to say of up, after what was said: the new estimate, unless that would tilt what is rightly upright."""
    if estimate is None or (known is not None and known.is_sure and not may_correct):
        return known
    return estimate
