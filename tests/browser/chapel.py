"""A small chapel in coloured points: what the browser tests put on the page, the same for every run."""

import numpy as np
from numpy.typing import NDArray

from broker.shards import PointCloud

Array = NDArray[np.float64]
LIMESTONE = np.array([205, 188, 158])
SLATE = np.array([92, 98, 110])
OAK = np.array([96, 66, 42])
GRASS = np.array([110, 126, 78])


def chapel(count: int, seed: int = 1) -> PointCloud:
    """About `count` points of a nave with a roof, an apse, a tower and the meadow around; y looks up, 10 units long."""
    random = np.random.default_rng(seed)
    parts = [
        _box(random, int(0.34 * count), (-3.0, 0.0, -1.6), (3.0, 2.6, 1.6)),
        _roof(random, int(0.2 * count)),
        _apse(random, int(0.12 * count)),
        _box(random, int(0.18 * count), (-4.6, 0.0, -1.1), (-2.8, 5.0, 1.1)),
        _pyramid(random, int(0.06 * count)),
        _meadow(random, count - int(0.9 * count)),
    ]
    points = np.concatenate([part for part, _ in parts])
    colors = np.concatenate([color for _, color in parts])
    shade = _shade(points, random)
    order = random.permutation(len(points))
    return PointCloud(
        points_in_world=points[order].astype(np.float32),
        colors_rgb=np.clip(colors * shade, 0, 255)[order].astype(np.uint8),
    )


def levels(cloud: PointCloud, sizes: tuple[int, ...]) -> list[PointCloud]:
    """Cut a shuffled cloud into additive levels of these sizes; the last one takes what is left."""
    ends = [*np.cumsum(sizes)[:-1].tolist(), len(cloud)]
    return [cloud.take(slice(begin, end)) for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


def _box(
    random: np.random.Generator, count: int, low: tuple[float, ...], high: tuple[float, ...]
) -> tuple[Array, Array]:
    """Four walls, with courses of stone and windows left open."""
    floor, top = np.array(low), np.array(high)
    points = random.uniform(floor, top, (count, 3))
    is_long = random.random(count) < 0.65
    side = random.integers(0, 2, count)
    points[is_long, 2] = np.where(side, floor[2], top[2])[is_long]
    points[~is_long, 0] = np.where(side, floor[0], top[0])[~is_long]
    joint = (np.mod(points[:, 1], 0.42) < 0.05) | (np.mod(points[:, 0] + points[:, 2], 0.8) < 0.04)
    colors = np.where(joint[:, None], LIMESTONE * 0.72, LIMESTONE)
    across = np.mod(points[:, 0] + 3.0, 1.5) - 0.75
    is_window = is_long & (np.abs(across) < 0.22) & (points[:, 1] > 1.0) & (points[:, 1] < 2.1)
    return points[~is_window], colors[~is_window]


def _roof(random: np.random.Generator, count: int) -> tuple[Array, Array]:
    across = random.uniform(-1.9, 1.9, count)
    points = np.stack([random.uniform(-3.1, 3.1, count), 4.1 - 0.8 * np.abs(across), across], axis=1)
    course = np.mod(points[:, 1], 0.22) < 0.05
    return points, np.where(course[:, None], SLATE * 0.75, SLATE)


def _apse(random: np.random.Generator, count: int) -> tuple[Array, Array]:
    angle, height = random.uniform(-np.pi / 2, np.pi / 2, count), random.uniform(0, 3.2, count)
    radius = np.where(height > 2.2, 1.4 - 0.9 * (height - 2.2), 1.4)
    points = np.stack([3.0 + radius * np.cos(angle), height, radius * np.sin(angle)], axis=1)
    return points, np.where((height > 2.2)[:, None], SLATE, LIMESTONE)


def _pyramid(random: np.random.Generator, count: int) -> tuple[Array, Array]:
    height = 1.0 - np.sqrt(random.random(count))
    width = 1.25 * (1 - height)
    along, side = random.uniform(-1, 1, count), random.integers(0, 4, count)
    x = np.where(side % 2 == 0, along, np.where(side == 1, 1.0, -1.0))
    z = np.where(side % 2 == 1, along, np.where(side == 0, 1.0, -1.0))
    return np.stack([-3.7 + width * x * 0.85, 5.0 + 2.2 * height, width * z], axis=1), np.tile(SLATE, (count, 1))


def _meadow(random: np.random.Generator, count: int) -> tuple[Array, Array]:
    radius, angle = 7.0 * np.sqrt(random.random(count)), random.uniform(0, 2 * np.pi, count)
    height = 0.06 * np.sin(3 * angle) + random.normal(0, 0.02, count)
    points = np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=1)
    return points, np.tile(GRASS, (count, 1)) * random.uniform(0.8, 1.15, (count, 1))


def _shade(points: Array, random: np.random.Generator) -> Array:
    """Weather and light: darker at the foot, uneven everywhere."""
    foot = 0.78 + 0.22 * np.clip(points[:, 1] / 1.5, 0, 1)
    stain = 1 + 0.08 * np.sin(2.3 * points[:, 0] + 1.1 * points[:, 1]) * np.cos(1.7 * points[:, 2])
    shade: Array = (foot * stain * random.uniform(0.9, 1.08, len(points)))[:, None]
    return shade
