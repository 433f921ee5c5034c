"""How is a wall of stones made? By random courses of cut stones, coloured by value noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.cameras.simulated.noise import Floats, fractal, smoothstep

LIMESTONE_RGB = (0.60, 0.49, 0.36)
MARBLE_RGB = (0.74, 0.71, 0.65)
SANDSTONE_RGB = (0.55, 0.40, 0.28)


@dataclass(frozen=True, slots=True, kw_only=True)
class StonesAtPoints:
    """The stones at N points of a wall.

    stone (N,) int64 is the stone's number; joint (N,) float32 is the distance to its edge in world units.
    """

    stone: NDArray[np.int64]
    joint: Floats


class Courses:
    """A wall of random ashlar over u in [low, high] and height in [bottom, top], world units; clamped outside."""

    def __init__(
        self,
        *,
        low: float,
        high: float,
        bottom: float,
        top: float,
        seed: int,
        course: tuple[float, float] = (0.26, 0.42),
        stone: tuple[float, float] = (0.38, 0.95),
    ) -> None:
        rng = np.random.default_rng(seed)
        self._heights = _cuts(rng, bottom, top, course)
        self._span = high - low + 2 * stone[1]
        self._low = low - stone[1]
        rows = [_cuts(rng, 0.0, self._span, stone) + row * self._span for row in range(len(self._heights) - 1)]
        self._cuts = np.concatenate(rows)

    def at(self, u: Floats, height: Floats) -> StonesAtPoints:
        """Find the stones at places u, height (N,) float32, world units."""
        heights = np.clip(height, self._heights[0], self._heights[-1] - 1e-5)
        row = np.clip(np.searchsorted(self._heights, heights, side="right") - 1, 0, len(self._heights) - 2)
        along = np.clip(u - self._low, 1e-4, self._span - 1e-4)
        place = along + row * self._span
        stone = np.clip(np.searchsorted(self._cuts, place, side="right") - 1, 0, len(self._cuts) - 2)
        beside = np.minimum(place - self._cuts[stone], self._cuts[stone + 1] - place)
        above = np.minimum(heights - self._heights[row], self._heights[row + 1] - heights)
        return StonesAtPoints(stone=stone, joint=np.minimum(beside, above).astype(np.float32))


def _cuts(rng: np.random.Generator, low: float, high: float, size: tuple[float, float]) -> NDArray[np.float64]:
    """Random cuts from low to high, `size` = (least, most) apart; the last piece takes the rest."""
    count = int((high - low) / size[0]) + 2
    cuts = low + np.concatenate([[0.0], np.cumsum(rng.uniform(*size, count))])
    cuts = cuts[cuts < high - size[0]]
    return np.append(cuts, high)


def per_stone(stone: NDArray[np.int64], seed: int) -> Floats:
    """The random number in [-1, 1] of each point's stone; stone (N,) int64, result (N,) float32."""
    table = np.random.default_rng(seed).uniform(-1, 1, 4096).astype(np.float32)
    result: Floats = table[stone % len(table)]
    return result


def weathered(points: Floats, base_rgb: tuple[float, float, float], *, seed: int) -> Floats:
    """The colour of old stone at points (N, 3) float32 in world; linear RGB (N, 3) float32."""
    tone = fractal(points, wavelengths=(2.3, 1.0, 0.45, 0.2, 0.09), seed=seed, gain=0.75)
    warm = fractal(points, wavelengths=(1.6, 0.7, 0.3), seed=seed + 1)
    colour = np.asarray(base_rgb, np.float32) * (1 + np.float32(0.22) * tone)[:, None]
    colour *= 1 + warm[:, None] * np.array([0.08, 0.0, -0.14], np.float32)
    streaks = fractal(points * np.array([1, 1, 0.12], np.float32), wavelengths=(0.5, 0.21, 0.1), seed=seed + 2)
    colour *= 1 - np.float32(0.38) * smoothstep(0.35, 1.1, streaks)[:, None]
    lichen = fractal(points, wavelengths=(0.7, 0.22, 0.1), seed=seed + 3, gain=0.9)
    colour = blend(colour, (0.52, 0.50, 0.40), 0.65 * smoothstep(0.75, 0.95, lichen))
    gold = fractal(points, wavelengths=(0.9, 0.16, 0.07), seed=seed + 4, gain=0.9)
    return blend(colour, (0.62, 0.42, 0.12), 0.6 * smoothstep(0.95, 1.15, gold))


def blend(colour: Floats, towards_rgb: tuple[float, float, float], share: Floats) -> Floats:
    """Mix colours (N, 3) float32 with another one by share (N,) float32; (N, 3) float32."""
    result: Floats = colour + share[:, None] * (np.asarray(towards_rgb, np.float32) - colour)
    return result


def painted_stone(points: Floats, laid: StonesAtPoints, base_rgb: tuple[float, float, float], *, seed: int) -> Floats:
    """The colour of weathered ashlar at points (N, 3) float32 in world; linear RGB (N, 3) float32."""
    colour = weathered(points, base_rgb, seed=seed)
    tint, hue = per_stone(laid.stone, seed), per_stone(laid.stone, seed + 1)
    colour *= (1 + np.float32(0.2) * tint)[:, None]
    colour *= 1 + hue[:, None] * np.array([0.06, -0.01, -0.12], np.float32)
    replaced = (per_stone(laid.stone, seed + 2) > 0.93).astype(np.float32)
    colour = blend(colour, (0.72, 0.64, 0.52), 0.6 * replaced)
    worn = fractal(points, wavelengths=(0.3, 0.12), seed=seed + 5)
    return blend(colour, (0.66, 0.61, 0.53), 0.7 * smoothstep(0.016, 0.006, laid.joint) * smoothstep(-0.5, 0.4, worn))
