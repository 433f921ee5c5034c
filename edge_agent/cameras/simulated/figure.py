"""How is a statue modelled? A robed figure as a signed distance, meshed on a lattice (flying edges)."""

import numpy as np

from edge_agent.cameras.simulated.masonry import MARBLE_RGB, weathered
from edge_agent.cameras.simulated.meshes import Mesh, level_set
from edge_agent.cameras.simulated.noise import Floats, fractal

ROBE = (
    (0.0, 0.30),
    (0.06, 0.315),
    (0.25, 0.27),
    (0.6, 0.245),
    (0.92, 0.235),
    (1.12, 0.185),
    (1.34, 0.215),
    (1.46, 0.19),
)
SHOULDER_HEIGHT = 1.44


def carved_figure(*, spacing: float = 0.014, seed: int = 11) -> Mesh:
    """Build a standing figure 1.85 world units high, feet at the world's origin, facing -y, of old marble."""
    figure = level_set(lambda points: _distance(points, seed), (-0.52, -0.48, -0.02), (0.52, 0.48, 1.95), spacing)
    return figure.painted(weathered(figure.vertices * np.float32(1.7), MARBLE_RGB, seed=seed), 1.25)


def _distance(points: Floats, seed: int) -> Floats:
    body = _smooth_min(_robe(points), _head(points), 0.03)
    for start, elbow, hand in (
        ((-0.20, 0.02, 1.40), (-0.31, -0.06, 1.10), (-0.10, -0.27, 1.05)),  # holds the book
        ((0.20, 0.02, 1.40), (0.36, -0.02, 1.14), (0.36, -0.24, 1.24)),  # holds the staff
    ):
        arm = np.minimum(_capsule(points, start, elbow, 0.075), _capsule(points, elbow, hand, 0.062))
        body = _smooth_min(body, arm + _sleeve_folds(points), 0.05)
    book = _block(points, (-0.07, -0.29, 1.10), (0.105, 0.035, 0.14), 0.012)
    staff = _capsule(points, (0.37, -0.27, 0.0), (0.37, -0.27, 1.86), 0.02)
    crook = np.abs(np.hypot(points[:, 0] - 0.31, points[:, 2] - 1.83) - 0.06)
    staff = np.minimum(staff, np.hypot(crook, points[:, 1] + 0.27) - 0.018)
    base = _block(points, (0.0, 0.0, 0.02), (0.40, 0.36, 0.035), 0.01)
    rough = fractal(points, wavelengths=(0.13, 0.06, 0.03), seed=seed) * np.float32(0.0035)
    carved: Floats = np.minimum(np.minimum(np.minimum(body, book), staff), base) + rough
    return carved


def _robe(points: Floats) -> Floats:
    """The signed distance of a body in folded drapery with a mantle, (N,) float32, world units."""
    x, y, z = points.T
    heights, radii = np.array(ROBE, np.float32).T
    radius = np.interp(z, heights, radii).astype(np.float32)
    angle = np.arctan2(y, x)
    depth = np.float32(0.030) * np.clip(1.15 - z, 0.12, 1.0)
    folds = np.cos(9 * angle + 1.8 * np.sin(2.6 * z) + 0.6 * np.sin(7 * z))
    folds = folds + 0.5 * np.cos(17 * angle - 2.2 * np.sin(1.9 * z + 1))
    slanted = z - 0.95 - 0.55 * x
    mantle = 0.026 * np.cos(np.clip(slanted * 26, -14, 14)) * np.exp(-((slanted / 0.32) ** 2)) * (y < 0.05)
    distance = np.hypot(x / 1.12, y / 0.86) - (radius + depth * folds + mantle)
    robe: Floats = np.maximum(distance * 0.8, z - SHOULDER_HEIGHT - 0.05 + 0.35 * np.abs(x)).astype(np.float32)
    return robe


def _head(points: Floats) -> Floats:
    x, _, z = points.T
    neck = _capsule(points, (0, 0.0, 1.40), (0, -0.01, 1.58), 0.058)
    skull = _ellipsoid(points, (0, -0.015, 1.685), (0.086, 0.102, 0.125))
    hood = _ellipsoid(points, (0, 0.035, 1.69), (0.118, 0.115, 0.158))
    opening = _ellipsoid(points, (0, -0.13, 1.66), (0.082, 0.14, 0.13))
    hood = np.maximum(hood, -opening)
    nose = _capsule(points, (0, -0.112, 1.715), (0, -0.135, 1.672), 0.014)
    brow = _capsule(points, (-0.045, -0.098, 1.722), (0.045, -0.098, 1.722), 0.012)
    beard = _ellipsoid(points, (0, -0.09, 1.585), (0.058, 0.05, 0.085)) + 0.006 * np.sin(90 * x + 25 * z)
    eyes = np.minimum(
        _ellipsoid(points, (-0.035, -0.112, 1.702), (0.02, 0.02, 0.011)),
        _ellipsoid(points, (0.035, -0.112, 1.702), (0.02, 0.02, 0.011)),
    )
    face = _smooth_min(_smooth_min(skull, nose, 0.012), _smooth_min(brow, beard.astype(np.float32), 0.012), 0.012)
    return _smooth_min(np.minimum(np.maximum(face, -eyes), hood), neck, 0.02)


def _sleeve_folds(points: Floats) -> Floats:
    folds: Floats = np.float32(0.008) * np.sin(points[:, 2] * 70 + points[:, 0] * 22)
    return folds


def _capsule(
    points: Floats, start: tuple[float, float, float], end: tuple[float, float, float], radius: float
) -> Floats:
    a, b = np.asarray(start, np.float32), np.asarray(end, np.float32)
    share = np.clip((points - a) @ (b - a) / float((b - a) @ (b - a)), 0, 1)
    result: Floats = np.linalg.norm(points - a - share[:, None] * (b - a), axis=1) - np.float32(radius)
    return result


def _ellipsoid(points: Floats, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Floats:
    """The bound of an ellipsoid's signed distance by Quilez: exact on the surface, approximate near it."""
    q, r = points - np.asarray(centre, np.float32), np.asarray(radii, np.float32)
    k0, k1 = np.linalg.norm(q / r, axis=1), np.linalg.norm(q / r**2, axis=1)
    result: Floats = k0 * (k0 - 1) / np.maximum(k1, 1e-6)
    return result


def _block(
    points: Floats, centre: tuple[float, float, float], half: tuple[float, float, float], rounding: float
) -> Floats:
    q = np.abs(points - np.asarray(centre, np.float32)) - np.asarray(half, np.float32) + np.float32(rounding)
    outside = np.linalg.norm(np.maximum(q, 0), axis=1)
    result: Floats = outside + np.minimum(q.max(axis=1), 0) - np.float32(rounding)
    return result


def _smooth_min(a: Floats, b: Floats, radius: float) -> Floats:
    share = np.clip(0.5 + 0.5 * (b - a) / radius, 0, 1)
    joined: Floats = (b + share * (a - b) - radius * share * (1 - share)).astype(np.float32)
    return joined
