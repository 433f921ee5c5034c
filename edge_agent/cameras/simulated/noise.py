"""How does stone vary from place to place? By 3-D value noise, evaluated at points of the object in world."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
LATTICE_SIDE = 64  # a power of two: wrapping is a bit mask


@cache
def _corner_table(seed: int) -> Floats:
    """The eight corner values of every lattice cell, (64³, 8) float32: one gather per point, not eight."""
    values = np.random.default_rng(seed).uniform(-1.0, 1.0, (LATTICE_SIDE,) * 3).astype(np.float32)
    corners = [np.roll(values, (-i, -j, -k), (0, 1, 2)) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    return np.ascontiguousarray(np.stack(corners, axis=-1).reshape(-1, 8))


def _rotation(rng: np.random.Generator) -> Floats:
    """A random rotation (3, 3) float32: a rotated lattice shows no period on walls along the axes."""
    q, r = np.linalg.qr(rng.standard_normal((3, 3)))
    return (q * np.sign(np.diag(r))).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Smooth random values in [-1, 1] that change over `wavelength` world units."""

    wavelength: float
    seed: int

    def at(self, points: Floats) -> Floats:
        """Evaluate at points (N, 3) float32 in world; (N,) float32. Lattice of Perlin 1985, with values, not slopes."""
        rng = np.random.default_rng((self.seed, 7919))
        turned = points @ (_rotation(rng).T / np.float32(self.wavelength)) + rng.uniform(0, 64, 3).astype(np.float32)
        floor = np.floor(turned)
        cell = floor.astype(np.int32) & (LATTICE_SIDE - 1)
        corners = _corner_table(self.seed % 4)[(cell[:, 0] * LATTICE_SIDE + cell[:, 1]) * LATTICE_SIDE + cell[:, 2]]
        weight = turned - floor
        weight *= weight * (3 - 2 * weight)
        along_x = corners[:, :4] + weight[:, :1] * (corners[:, 4:] - corners[:, :4])
        along_y = along_x[:, :2] + weight[:, 1:2] * (along_x[:, 2:] - along_x[:, :2])
        result: Floats = along_y[:, 0] + weight[:, 2] * (along_y[:, 1] - along_y[:, 0])
        return result


def fractal(points: Floats, *, wavelengths: tuple[float, ...], seed: int, gain: float = 0.6) -> Floats:
    """Sum octaves of noise at points (N, 3) float32 in world, each `gain` times the last; (N,) float32."""
    total = np.zeros(len(points), np.float32)
    amplitude, sum_of_squares = 1.0, 0.0
    for octave, wavelength in enumerate(wavelengths):
        total += np.float32(amplitude) * Noise(wavelength=wavelength, seed=seed * 31 + octave).at(points)
        sum_of_squares += amplitude**2
        amplitude *= gain
    return total / np.float32(sum_of_squares**0.5)


def smoothstep(low: float, high: float, values: Floats) -> Floats:
    """Interpolate smoothly from 0 at `low` to 1 at `high`, of any shape, float32; `low > high` falls."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    result: Floats = t * t * (3 - 2 * t)
    return result
