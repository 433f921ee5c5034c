"""Which object has weak texture? A plastered groin vault between ribs, seen from below."""

import numpy as np

from edge_agent.cameras.simulated.masonry import LIMESTONE_RGB, blend, weathered
from edge_agent.cameras.simulated.meshes import Mesh, box, lathe, lattice_triangles, merged, mesh
from edge_agent.cameras.simulated.noise import Floats, fractal, smoothstep
from edge_agent.cameras.simulated.surroundings import ground

HALF_SPAN = 3.0
SPRING_HEIGHT = 3.2
PLASTER_RGB = (0.66, 0.62, 0.54)
RIB_HALF_WIDTH = 0.11


def vault(*, spacing: float = 0.025) -> Mesh:
    """Build one bay, 6 x 6 world units, its crown 6.2 above the floor, centred on the world's origin."""
    floor = ground(seed=9, reach=HALF_SPAN + 1.0, spacing=0.06).moved((0.0, 3.4, 0.0))
    return merged([_web(spacing), *_walls(), *_piers(), floor])


def _web(spacing: float) -> Mesh:
    """Build two crossing barrels, of which the higher one is visible, and ribs along groins and crown."""
    x, y = np.meshgrid(*(np.arange(-HALF_SPAN, HALF_SPAN + spacing / 2, spacing, dtype=np.float32),) * 2)
    barrel_x, barrel_y = (np.sqrt(np.clip(HALF_SPAN**2 - axis**2, 0, None)) for axis in (x, y))
    flat = np.stack([x.ravel(), y.ravel(), np.zeros(x.size, np.float32)], axis=1)
    uneven = 0.012 * fractal(flat, wavelengths=(1.4, 0.5, 0.2), seed=3).reshape(x.shape)
    off_rib = np.minimum(np.minimum(np.abs(x - y), np.abs(x + y)) / np.sqrt(2), np.minimum(np.abs(x), np.abs(y)) * 1.3)
    rib = 0.14 * np.sqrt(np.clip(1 - (off_rib / RIB_HALF_WIDTH) ** 2, 0, 1))
    boss = 0.26 * np.sqrt(np.clip(1 - (np.hypot(x, y) / 0.36) ** 2, 0, 1))
    boss = boss + 0.03 * np.cos(8 * np.arctan2(y, x)) * (np.hypot(x, y) < 0.3) * (np.hypot(x, y) > 0.05)
    height = SPRING_HEIGHT + np.maximum(barrel_x, barrel_y) + uneven - np.maximum(rib, boss)
    vertices = np.stack([x.ravel(), y.ravel(), height.ravel()], axis=1).astype(np.float32)
    web = mesh(vertices, lattice_triangles(*x.shape)[:, ::-1])
    stone = np.maximum(rib > 0.005, boss > 0.005).ravel().astype(np.float32)
    colour = _plaster(vertices) * (1 - stone[:, None]) + weathered(vertices, LIMESTONE_RGB, seed=15) * stone[:, None]
    return web.painted(colour.astype(np.float32), 0.16 + 0.7 * stone)


def _plaster(points: Floats) -> Floats:
    """Paint limewash with faint clouds, a few water stains, and hairline cracks."""
    clouds = fractal(points, wavelengths=(1.8, 0.7, 0.25, 0.1), seed=17)
    colour = np.asarray(PLASTER_RGB, np.float32) * (1 + 0.05 * clouds)[:, None]
    stain = fractal(points, wavelengths=(1.1, 0.3, 0.12), seed=18)
    colour = blend(colour, (0.47, 0.40, 0.30), 0.55 * smoothstep(0.8, 1.2, stain))
    crack = np.abs(fractal(points, wavelengths=(1.3, 0.45, 0.2), seed=19))
    return blend(colour, (0.24, 0.21, 0.18), 0.6 * smoothstep(0.05, 0.012, crack))


def _walls() -> list[Mesh]:
    """Build lunettes and walls on three sides; the photographer's side is open to the light."""
    edge, top = HALF_SPAN, SPRING_HEIGHT + HALF_SPAN + 0.4
    slabs = [
        box((-edge - 0.4, edge, 0.0), (edge + 0.4, edge + 0.4, top), 0.05),
        box((-edge - 0.4, -edge, 0.0), (-edge, edge, top), 0.05),
        box((edge, -edge, 0.0), (edge + 0.4, edge, top), 0.05),
    ]
    return [slab.painted(_plaster(slab.vertices), 0.25) for slab in slabs]


def _piers() -> list[Mesh]:
    profile = [
        (0.42, 0.0),
        (0.42, 0.2),
        (0.34, 0.28),
        (0.3, 0.36),
        (0.3, 2.8),
        (0.34, 2.84),
        (0.31, 2.9),
        (0.44, 3.14),
        (0.44, 3.3),
    ]
    place = HALF_SPAN - 0.12
    pier = lathe(profile, spacing=0.04)
    pier = pier.painted(weathered(pier.vertices, LIMESTONE_RGB, seed=23))
    return [pier.moved((x, y, 0.0)) for x in (-place, place) for y in (-place, place)]
