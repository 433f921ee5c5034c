"""What does the demo photograph? A Romanesque church front with portal, repeated windows, rose and statues."""

import numpy as np

from edge_agent.cameras.simulated.figure import carved_figure
from edge_agent.cameras.simulated.masonry import (
    LIMESTONE_RGB,
    MARBLE_RGB,
    SANDSTONE_RGB,
    Courses,
    painted_stone,
    per_stone,
    weathered,
)
from edge_agent.cameras.simulated.meshes import Mesh, box, merged
from edge_agent.cameras.simulated.noise import Floats, fractal, smoothstep
from edge_agent.cameras.simulated.relief import Mask, Relief, arch, disc, moulding, rectangle, ring_angle
from edge_agent.cameras.simulated.stonework import column, pedestal, urn
from edge_agent.cameras.simulated.surroundings import ground, rubble

HALF_WIDTH = 6.2
NAVE_HALF_WIDTH = 3.3
PORTAL_SPRING = 2.2
PORTAL_HALF_WIDTH = 0.72
PORTAL_ORDERS = 4
GLASS_RGB = (0.035, 0.045, 0.055)
DARK_BAND_RGB = (0.20, 0.22, 0.19)  # serpentine, laid in turn with the pale stone
WINDOW_CENTRES = tuple(-5.16 + 1.72 * i for i in range(7))


def facade(*, spacing: float = 0.016) -> Mesh:
    """Build the front, 12.4 x 9.9 world units in the plane y = 0 of world, with steps and columns before it."""
    wall = Relief.spanning((-HALF_WIDTH, 0.0), (HALF_WIDTH, 10.0), spacing)
    top = _skyline(wall.x)
    _lay_stones(wall)
    for x in (-5.92, -2.78, 2.78, 5.92):
        _pilaster(wall, x)
    _courses(wall, top)
    _portal(wall)
    for x in WINDOW_CENTRES:
        _window(wall, x)
    _rose(wall, (0.0, 7.55))
    _niche(wall, -4.35)
    _niche(wall, 4.35)
    _weather(wall)
    front = wall.to_mesh(wall.z <= top)
    return merged([front, *_bodies(), *_standing(), ground(seed=3), *rubble((-5.3, -1.5), seed=8)])


def _skyline(x: Floats) -> Floats:
    side = np.abs(x)
    aisle = 6.25 + (HALF_WIDTH - side) * 0.3
    nave = 8.3 + (NAVE_HALF_WIDTH - side) * 0.5
    result: Floats = np.where(side <= NAVE_HALF_WIDTH, nave, aisle).astype(np.float32)
    return result


def _lay_stones(wall: Relief) -> None:
    courses = Courses(low=-HALF_WIDTH, high=HALF_WIDTH, bottom=0.0, top=10.0, seed=21)
    laid = courses.at(wall.x.ravel(), wall.z.ravel())
    plane = wall.points()
    proud = per_stone(laid.stone, 5) * np.float32(0.007)
    rough = fractal(plane, wavelengths=(0.5, 0.21, 0.09, 0.045), seed=2) * np.float32(0.005)
    joint = -np.float32(0.016) * smoothstep(0.015, 0.004, laid.joint)
    wall.out = (proud + rough + joint).reshape(wall.x.shape)
    colour = painted_stone(plane, laid, LIMESTONE_RGB, seed=31)
    wall.albedo_rgb = colour.reshape(*wall.x.shape, 3)
    plinth = wall.z < 0.62
    wall.add(plinth, 0.14)
    wall.add((wall.z >= 0.62) & (wall.z < 0.74), 0.14 * smoothstep(0.74, 0.62, wall.z))


def _pilaster(wall: Relief, x: float) -> None:
    half = 0.27
    shaft = (np.abs(wall.x - x) < half) & (wall.z > 0.62) & (wall.z < 3.76)
    flutes = 0.02 * np.abs(np.cos((wall.x - x) / half * np.pi * 2.5)) * ((wall.z > 0.95) & (wall.z < 3.2))
    wall.add(shaft, 0.13 + 0.0 * wall.x - flutes)
    wide = np.abs(wall.x - x) < half + 0.06
    wall.add(wide & (wall.z > 0.62) & (wall.z < 0.84), 0.17 * np.sqrt(np.clip(1 - ((wall.z - 0.73) / 0.11) ** 2, 0, 1)))
    leaves = 0.5 + 0.5 * np.cos((wall.x - x) / half * np.pi * 3 + (wall.z > 3.5) * np.pi)
    bell = smoothstep(3.28, 3.7, wall.z) * 0.12 * (0.45 + 0.55 * leaves * (0.6 + 0.4 * np.cos((wall.z - 3.28) * 45)))
    wall.add(wide & (wall.z > 3.28) & (wall.z < 3.7), bell)
    wall.tint((np.abs(wall.x - x) < half + 0.06) & (wall.out > 0.08) & (wall.z < 3.76), MARBLE_RGB, 0.35)


def _courses(wall: Relief, top: Floats) -> None:
    """Carve string courses, a frieze, and the hanging arches below the skyline."""
    for height, size in ((4.05, 0.28), (6.12, 0.22)):
        inside = (wall.z <= height) & (wall.z >= height - size)
        if size < 0.25:
            inside &= np.abs(wall.x) < HALF_WIDTH
        wall.set_out(inside, np.maximum(wall.out, 0.08 + moulding(wall.z, height, size)))
    dentils = (wall.z > 3.68) & (wall.z < 3.77) & (np.mod(wall.x, 0.19) < 0.11)
    wall.set_out(dentils, np.maximum(wall.out, 0.17))
    below = top - wall.z
    wall.set_out(below < 0.26, np.maximum(wall.out, 0.06 + moulding(-below, 0.0, 0.26)))
    bay = np.mod(wall.x + 0.17, 0.34) - 0.17
    hanging = (below >= 0.26) & (below < 0.6) & (np.hypot(bay, np.maximum(0, 0.42 - below)) > 0.115)
    hanging &= (below < 0.46) | (np.abs(np.abs(bay) - 0.17) < 0.055)
    wall.set_out(hanging, np.maximum(wall.out, 0.1))
    _frieze(wall, (0.0, 6.38), 3.1)
    _frieze(wall, (0.0, 4.0 - 0.42), HALF_WIDTH)


def _frieze(wall: Relief, centre: tuple[float, float], half_width: float) -> None:
    """Carve rosettes and interlace in turn: repeated on purpose, as on real fronts."""
    band = rectangle(wall.x, wall.z, centre, (half_width, 0.1)) < 0
    band &= wall.out < 0.1
    bay = np.mod(wall.x, 0.4) - 0.2
    dz = wall.z - centre[1]
    radius, angle = np.hypot(bay, dz), np.arctan2(dz, bay)
    rosette = 0.03 * np.clip(1 - radius / 0.09, 0, 1) ** 0.5 * (0.65 + 0.35 * np.cos(6 * angle))
    braid = 0.014 * (np.abs(dz - 0.06 * np.sin(wall.x * 47)) < 0.02) + 0.014 * (
        np.abs(dz + 0.06 * np.sin(wall.x * 47)) < 0.02
    )
    wall.add(band, np.maximum(rosette, braid * (radius > 0.1)))
    wall.tint(band, MARBLE_RGB, 0.3)


def _portal(wall: Relief) -> None:
    x, z = wall.x, wall.z
    angle = ring_angle(x, z, (0.0, PORTAL_SPRING))
    band = np.mod(np.where(z > PORTAL_SPRING, angle / np.pi * 17, z * 4.2), 2) < 1
    archivolt = arch(x, z, centre=0.0, half_width=1.52, sill=PORTAL_SPRING, spring=PORTAL_SPRING)
    ring = (archivolt < 0) & (z >= PORTAL_SPRING)
    wall.set_out(ring, 0.24 + 0.05 * np.cos(np.clip(archivolt / 0.3, -1, 0) * np.pi * 4) + 0.0 * x)
    for order in range(PORTAL_ORDERS, -1, -1):
        half_width = PORTAL_HALF_WIDTH + 0.125 * order
        inside = arch(x, z, centre=0.0, half_width=half_width, sill=0.45, spring=PORTAL_SPRING)
        roll = 0.045 * np.sqrt(np.clip(1 - ((inside + 0.0625) / 0.055) ** 2, 0, 1))
        carved = 0.014 * np.cos(angle * (26 + 4 * order)) * (z > PORTAL_SPRING) * (order % 2)
        depth = 0.05 - 0.135 * (PORTAL_ORDERS - order)
        wall.set_out(inside < 0, depth + roll + carved)
        wall.tint((inside < 0) & band, DARK_BAND_RGB, 0.72)
    wall.tint(ring & band, DARK_BAND_RGB, 0.72)
    _tympanum(wall)
    _door(wall)


def _tympanum(wall: Relief) -> None:
    x, z = wall.x, wall.z
    inside = (arch(x, z, centre=0.0, half_width=PORTAL_HALF_WIDTH, sill=PORTAL_SPRING, spring=PORTAL_SPRING) < 0) & (
        z > PORTAL_SPRING
    )
    rng = np.random.default_rng(77)
    carving = np.zeros_like(x)
    for _ in range(26):
        cx, cz = rng.uniform(-0.62, 0.62), PORTAL_SPRING + rng.uniform(0.04, 0.62)
        a, b, turn = rng.uniform(0.03, 0.09), rng.uniform(0.06, 0.16), rng.uniform(-0.6, 0.6)
        u = (x - cx) * np.cos(turn) + (z - cz) * np.sin(turn)
        v = -(x - cx) * np.sin(turn) + (z - cz) * np.cos(turn)
        carving = np.maximum(carving, a * 1.1 * np.sqrt(np.clip(1 - (u / a) ** 2 - (v / b) ** 2, 0, 1)))
    mandorla = np.abs(np.hypot(x, (z - PORTAL_SPRING - 0.33) * 0.62) - 0.19)
    carving = np.maximum(carving, 0.05 * (mandorla < 0.022))
    wall.set_out(inside, (carving - 0.46).astype(np.float32))
    wall.tint(inside, MARBLE_RGB, 0.65)


def _door(wall: Relief) -> None:
    x, z = wall.x, wall.z
    inside = rectangle(x, z, (0.0, 1.2), (PORTAL_HALF_WIDTH, 0.78)) < 0
    plank = np.mod(x, 0.18)
    nails = (np.hypot(np.mod(x, 0.18) - 0.09, np.mod(z, 0.28) - 0.14) < 0.022) * 0.02
    bands = (np.mod(z - 0.8, 0.74) < 0.07) * 0.016
    wall.set_out(inside, -0.6 - 0.014 * (plank < 0.016) + np.maximum(nails, bands) - 0.03 * (np.abs(x) < 0.014))
    wall.tint(inside, (0.13, 0.075, 0.04), 1.0, grain=0.7)
    tone = fractal(wall.points() * np.array([9, 1, 0.5], np.float32), wavelengths=(1.2, 0.5, 0.2), seed=44)
    wall.shade(inside, 1 + 0.35 * tone.reshape(x.shape))
    wall.tint(inside & ((nails > 0) | (bands > 0)), (0.05, 0.045, 0.04), 0.85, grain=0.5)
    lintel = rectangle(x, z, (0.0, 2.08), (PORTAL_HALF_WIDTH, 0.12)) < 0
    wall.set_out(lintel, -0.42 + 0.016 * np.cos(x * 40) * np.cos((z - 2.08) * 32))
    wall.tint(lintel, MARBLE_RGB, 0.5)


def _window(wall: Relief, x: float) -> None:
    """Cut seven twin windows that differ only in stone, stain and panes."""
    outer = arch(wall.x, wall.z, centre=x, half_width=0.55, sill=4.22, spring=5.12)
    dx = wall.x - x
    rim = (outer >= 0) & (outer < 0.13) & (wall.z > 4.22)
    wall.set_out(rim, 0.07 + 0.03 * np.cos(outer / 0.13 * np.pi * 2))
    voussoir = np.mod(ring_angle(wall.x, wall.z, (x, 5.12)) / np.pi * 11, 2) < 1
    wall.tint(rim & voussoir & (wall.z > 5.12), DARK_BAND_RGB, 0.6)
    wall.set_out(outer < 0, -0.13 + 0.4 * (wall.out - wall.out.mean()))
    lights = np.minimum(
        np.minimum(
            arch(wall.x, wall.z, centre=x - 0.26, half_width=0.2, sill=4.3, spring=4.98),
            arch(wall.x, wall.z, centre=x + 0.26, half_width=0.2, sill=4.3, spring=4.98),
        ),
        disc(wall.x, wall.z, (x, 5.36), 0.13),
    )
    _glaze(wall, lights < 0, -0.42, seed=int((x + 9) * 100))
    column = (np.abs(dx) < 0.055) & (wall.z > 4.3) & (wall.z < 4.98)
    wall.set_out(column, -0.08 + np.sqrt(np.clip(0.055**2 - dx**2, 0, 1)))
    wall.set_out((np.abs(dx) < 0.1) & (np.abs(wall.z - 4.98) < 0.07), -0.01 + 0.02 * np.cos(dx * 90))
    wall.tint(column, MARBLE_RGB, 0.7)
    sill = rectangle(wall.x, wall.z, (x, 4.18), (0.72, 0.045)) < 0
    wall.set_out(sill, 0.15)


def _glaze(wall: Relief, inside: Mask, out: float, *, seed: int) -> None:
    """Paint leaded panes: dark, each with a slightly different reflection."""
    u, v = (wall.x + wall.z) / 0.105, (wall.x - wall.z) / 0.105
    lead = (np.mod(u, 1) < 0.16) | (np.mod(v, 1) < 0.16)
    pane = (np.floor(u) * 37 + np.floor(v) * 101 + seed).astype(np.int64)
    wall.set_out(inside, out + 0.012 * lead)
    wall.tint(inside, GLASS_RGB, 1.0, grain=0.35)
    bright = 1.0 + 1.6 * (per_stone(pane, 9) > 0.55) + 0.5 * per_stone(pane, 10)
    wall.shade(inside, bright.astype(np.float32).reshape(wall.x.shape))
    wall.tint(inside & lead, (0.11, 0.11, 0.11), 0.9, grain=0.4)


def _rose(wall: Relief, centre: tuple[float, float]) -> None:
    radius = np.hypot(wall.x - centre[0], wall.z - centre[1])
    angle = ring_angle(wall.x, wall.z, centre)
    rim = (radius > 0.98) & (radius < 1.3)
    rope = 0.03 * np.cos(angle * 44 + (radius - 1.14) * 60)
    wall.set_out(rim, 0.12 + rope * (np.abs(radius - 1.14) < 0.1))
    wall.tint(rim & (np.mod(angle / np.pi * 12, 2) < 1), DARK_BAND_RGB, 0.6)
    wall.set_out(radius < 0.98, -0.12)
    off_axis = np.mod(angle, np.pi / 6) - np.pi / 12
    petals = np.hypot(radius * np.cos(off_axis) - 0.75, radius * np.sin(off_axis))
    stone = ((np.abs(np.mod(angle + np.pi / 12, np.pi / 6) - np.pi / 12) * radius) < 0.032) & (radius < 0.75)
    stone |= (radius < 0.3) & (radius > 0.2)
    stone |= (radius > 0.72) & (petals > 0.15)
    _glaze(wall, (radius < 0.98) & ~stone, -0.4, seed=5)
    wall.set_out((radius < 0.98) & stone, -0.08 + 0.02 * np.cos(radius * 70))
    wall.tint((radius < 0.98) & stone, MARBLE_RGB, 0.6)


def _niche(wall: Relief, x: float) -> None:
    inside = arch(wall.x, wall.z, centre=x, half_width=0.5, sill=1.22, spring=2.72)
    dx = np.clip((wall.x - x) / 0.5, -1, 1)
    hollow = -0.52 * np.sqrt(np.clip(1 - dx**2, 0, 1))
    angle = ring_angle(wall.x, wall.z, (x, 2.72))
    shell = 0.03 * np.abs(np.cos(angle * 8)) * (wall.z > 2.72)
    wall.set_out(
        (inside >= 0) & (inside < 0.12) & (wall.z > 1.22), (0.06 + 0.02 * np.cos(inside * 52)).astype(np.float32)
    )
    wall.set_out(inside < 0, (hollow + shell + 0.6 * wall.out).astype(np.float32))
    wall.set_out(rectangle(wall.x, wall.z, (x, 1.16), (0.66, 0.06)) < 0, 0.16)


def _weather(wall: Relief) -> None:
    """Stain the wall: rain dirt below ledges, damp at the foot."""
    shape = wall.x.shape
    streak = fractal(wall.points() * np.array([1, 0, 0.06], np.float32), wavelengths=(0.35, 0.15, 0.07), seed=61)
    for height, reach in ((3.7, 1.5), (4.14, 0.7), (5.88, 0.9)):
        below = np.clip((height - wall.z) / reach, 0, 1)
        dirty = (wall.z < height) & (below < 1)
        wall.shade(dirty, 1 - 0.5 * (1 - below) * smoothstep(0.0, 0.9, streak.reshape(shape)))
    foot = smoothstep(0.9, 0.0, wall.z + 0.25 * streak.reshape(shape))
    wall.albedo_rgb = wall.albedo_rgb * (1 - foot[..., None] * np.array([0.38, 0.28, 0.36], np.float32))


def _bodies() -> list[Mesh]:
    """Build the church behind the front; its sides fill the view from an angle."""
    bodies = [
        box((-HALF_WIDTH, 0.62, 0.0), (HALF_WIDTH, 5.0, 6.2), 0.12),
        box((-NAVE_HALF_WIDTH, 0.62, 6.0), (NAVE_HALF_WIDTH, 5.0, 8.25), 0.12),
    ]
    return [body.painted(weathered(body.vertices, SANDSTONE_RGB, seed=71)) for body in bodies]


def _standing() -> list[Mesh]:
    """Build the steps, the portal's columns, and the figures in the niche and before the church."""
    steps = [
        box((-2.1 + 0.25 * i, -1.15 + 0.35 * i, 0.0), (2.1 - 0.25 * i, 0.3, 0.15 * (i + 1)), 0.06) for i in range(3)
    ]
    stones = [step.painted(weathered(step.vertices, MARBLE_RGB, seed=81 + i)) for i, step in enumerate(steps)]
    for side in (-1.37, 1.37):
        stones += column(side, -0.34)
    figure = carved_figure()
    stones.append(figure.moved((-4.35, 0.02, 1.22), yaw_deg=12, scale=0.94))
    stones += pedestal((3.75, -2.35), seed=91)
    stones.append(figure.moved((3.75, -2.35, 1.12), yaw_deg=-28, scale=1.02))
    stones.append(urn((4.35, -0.02, 1.22)))
    return stones
