"""Where does a photographer stand? Poses world_from_camera (4, 4) float64, OpenCV axes, made by look-at."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Pose = NDArray[np.float64]
Point = Sequence[float] | NDArray[np.float64]
UP = np.array([0.0, 0.0, 1.0])


def looking_at(position: Point, target: Point, *, roll_deg: float = 0.0) -> Pose:
    """The pose (4, 4) float64 at `position` with `target` on the optical axis and world's z (or y) up in the image."""
    place, forward = np.asarray(position, np.float64), np.subtract(target, position).astype(np.float64)
    forward /= np.linalg.norm(forward)
    up = UP if abs(forward @ UP) < 0.98 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(np.deg2rad(roll_deg)), np.sin(np.deg2rad(roll_deg))
    world_from_camera = np.eye(4)
    world_from_camera[:3, 0] = c * right + s * down
    world_from_camera[:3, 1] = c * down - s * right
    world_from_camera[:3, 2], world_from_camera[:3, 3] = forward, place
    return world_from_camera


def shaken(poses: Sequence[tuple[Point, Point]], *, amount: float, seed: int) -> list[Pose]:
    """Poses of a person who walks: place and target (world units) and roll (degrees x 10) vary by about `amount`."""
    rng = np.random.default_rng(seed)
    return [
        looking_at(
            np.asarray(place, np.float64) + rng.normal(0, amount, 3),
            np.asarray(target, np.float64) + rng.normal(0, amount, 3),
            roll_deg=float(rng.normal(0, 10 * amount)),
        )
        for place, target in poses
    ]


def walk(
    count: int, place: tuple[Point, Point], target: tuple[Point, Point], *, bow: float = 0.0
) -> list[tuple[Point, Point]]:
    """Places and targets along a line, world units; midway the places are `bow` further back."""
    share = np.linspace(0, 1, count) if count > 1 else np.array([0.5])
    ends, targets = np.asarray(place, np.float64), np.asarray(target, np.float64)
    places = ends[0] + share[:, None] * (ends[1] - ends[0])
    places[:, 1] -= bow * np.sin(share * np.pi)
    return list(zip(places.tolist(), (targets[0] + share[:, None] * (targets[1] - targets[0])).tolist(), strict=True))


def orbit(
    count: int, *, centre: Point, radius: float, height: float, start_deg: float, sweep_deg: float
) -> list[tuple[Point, Point]]:
    """Places on an arc around the target `centre`, world units; 0 degrees is -y, turning towards +x."""
    share = np.linspace(0, 1, count, endpoint=abs(sweep_deg) < 360) if count > 1 else np.array([0.5])
    angle = np.deg2rad(start_deg + share * sweep_deg)
    x, y = centre[0] + radius * np.sin(angle), centre[1] - radius * np.cos(angle)
    return [([a, b, height], list(centre)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
