"""What lies around an object? Paving as a height field, and fallen stones as deformed boxes."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.cameras.simulated.masonry import (
    LIMESTONE_RGB,
    SANDSTONE_RGB,
    Courses,
    blend,
    painted_stone,
    per_stone,
    weathered,
)
from edge_agent.cameras.simulated.meshes import Mesh, box, lattice_triangles, mesh
from edge_agent.cameras.simulated.noise import fractal, smoothstep

PAVING_RGB = (0.42, 0.37, 0.31)


def ground(*, seed: int, reach: float = 11.0, spacing: float = 0.05) -> Mesh:
    """Build old paving in the plane z = 0 of world, [-reach, reach] by [-1.4 reach, 0.3], and the meadow beyond."""
    x, y = np.meshgrid(
        np.arange(-reach, reach, spacing, dtype=np.float32),
        np.arange(-1.4 * reach, 0.3, spacing, dtype=np.float32),
    )
    flat = np.stack([x.ravel(), y.ravel(), np.zeros(x.size, np.float32)], axis=1)
    slabs = Courses(
        low=-reach, high=reach, bottom=-1.4 * reach, top=0.3, seed=seed, course=(0.5, 0.8), stone=(0.5, 1.3)
    )
    laid = slabs.at(flat[:, 0], flat[:, 1])
    worn = fractal(flat, wavelengths=(1.7, 0.6, 0.2), seed=seed)
    joint = smoothstep(0.035, 0.01, laid.joint)
    flat[:, 2] = 0.012 * worn + 0.008 * per_stone(laid.stone, seed) - 0.015 * joint
    colour = painted_stone(flat, laid, PAVING_RGB, seed=seed)
    grass = np.clip(joint * smoothstep(-0.2, 0.5, worn) + smoothstep(0.9, 1.3, worn), 0, 1)
    colour = blend(colour, (0.13, 0.17, 0.06), 0.8 * grass)
    return mesh(flat, lattice_triangles(*x.shape)).painted(colour, 1.0)


def rubble(place: tuple[float, float], *, seed: int) -> list[Mesh]:
    """Build fallen blocks, and a cairn of the small ones."""
    rng = np.random.default_rng(seed)
    stones = []
    for _ in range(7):
        size = rng.uniform(0.16, 0.38, 3)
        x, y = place[0] + rng.uniform(-0.7, 0.9), place[1] + rng.uniform(-0.9, 0.5)
        stones.append(_stone((x, y, 0.0), size, float(rng.uniform(0, 90)), seed=int(rng.integers(1000))))
    height = 0.0
    for width in (0.42, 0.36, 0.30, 0.25, 0.19, 0.14):
        size = np.array([width, width * rng.uniform(0.75, 1.0), rng.uniform(0.1, 0.16)])
        shift = rng.uniform(-0.025, 0.025, 2)
        centre = (place[0] + 0.35 + shift[0], place[1] - 1.25 + shift[1], height)
        stones.append(_stone(centre, size, float(rng.uniform(0, 90)), seed=int(rng.integers(1000))))
        height += float(size[2]) * 0.96
    return stones


def _stone(foot: tuple[float, float, float], size: NDArray[np.float64], yaw_deg: float, *, seed: int) -> Mesh:
    """Build a block with worn edges: a box moved towards its ellipsoid and roughened."""
    half = np.asarray(size, np.float32) / 2
    block = box((-half[0], -half[1], -half[2]), (half[0], half[1], half[2]), 0.03)
    inside = block.vertices / half
    length = np.maximum(np.linalg.norm(inside, axis=1, keepdims=True), 1e-6)
    rounded = inside * (0.62 + 0.38 / length) * half
    rough = fractal(block.vertices + np.float32(seed), wavelengths=(0.2, 0.08), seed=seed)
    rounded = rounded + block.normals * (0.012 * rough)[:, None]
    base = LIMESTONE_RGB if seed % 3 else SANDSTONE_RGB
    shaped = mesh(rounded + np.array([0, 0, half[2]], np.float32), block.triangles)
    return shaped.painted(weathered(rounded + np.float32(seed), base, seed=seed % 7)).moved(foot, yaw_deg=yaw_deg)
