"""Which objects look the same from several sides? Five, made of equal parts whose shape and texture are equal, too.

They stand on ground that is nowhere the same and between houses that are all different, and every photograph shows some of
both, as photographs of buildings do. (Without them a walk around equal sides is the same photographs as a walk to and fro
before one of them: no method could tell which.) A twin is the same scene with a few marks, each unlike all others, that tell
its equal parts apart. Rays are traced by Open3D; a part's texture lies in its own frame, so equal parts are equal to the last
bit of the texture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import open3d as o3d
from numpy.typing import NDArray

from edge_agent.cameras.simulated.meshes import Mesh, box, lathe, merged
from edge_agent.cameras.simulated.path import Point, Pose, orbit, shaken, walk

COUNT: Final = 16
SIZE_PX: Final = (1224, 816)
FOCAL_PX: Final = 1000.0
_TEXTURE_SIDE: Final = 1024
_TEXEL: Final = 0.006  # world units; about a pixel from where the photographer stands
_GROUND: Final = 255  # its texture
_GROUND_SIDE: Final = 4096  # texels, so that it repeats only every 25 world units
_GROUND_REACH: Final = 8.0  # world units, beyond which its texture fades, as its grains are smaller than a pixel
_GROUND_SAMPLES: Final = (
    6  # along the footprint of a pixel on the ground, which is long where it is seen at a low angle
)
_STEPS: Final = 4  # of a wall's relief
_HOUSES: Final = 24
_HOUSE_TEXEL: Final = 0.025

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A mesh in its own frame, where it stands, and its texture."""

    mesh: Mesh
    world_from_part: Pose
    texture: int
    texel: float = _TEXEL


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """Parts, and the poses from which they are photographed."""

    parts: tuple[Part, ...]
    poses: tuple[Pose, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """Equal parts, what else there is, where marks may be put, and the photographer's path."""

    equal: tuple[Part, ...]
    others: tuple[Part, ...]
    mark_places: tuple[Pose, ...]  # frames whose x, z plane is a visible surface with y pointing into it
    poses: tuple[Pose, ...]


def build(name: str, seed: int, *, is_twin: bool) -> Scene:
    """One of `SCENES`; the seed varies texture, lengths and the walk."""
    random = np.random.default_rng((sorted(SCENES).index(name), seed))
    plan = SCENES[name](random)
    marks = [_mark(place, index, random) for index, place in enumerate(plan.mark_places)] if is_twin else []
    return Scene(parts=(*plan.equal, *plan.others, *marks), poses=plan.poses)


def _building(random: np.random.Generator) -> _Plan:
    """A building with k equal sides; the path leads around most of it."""
    sides, width, height = int(random.integers(4, 7)), float(random.uniform(3.0, 4.0)), float(random.uniform(2.6, 3.4))
    wall = _wall(width, height, random)
    distance = width / (2 * np.tan(np.pi / sides))
    frames = [_turned(360.0 * side / sides, distance) for side in range(sides)]
    path = orbit(
        COUNT,
        centre=(0, 0, height * 0.5),
        radius=distance + float(random.uniform(4.4, 5.2)),
        height=1.6,
        start_deg=float(random.uniform(-20, 20)),
        sweep_deg=float(random.uniform(200, 260)),
    )
    return _plan_of(wall, frames, path, random, reach=width * 0.3)


def _tower(random: np.random.Generator) -> _Plan:
    """A round tower whose sectors are equal."""
    sectors, radius, height = int(random.integers(4, 7)), float(random.uniform(1.6, 2.2)), 3.2
    angles = np.linspace(-np.pi / sectors, np.pi / sectors, 13)
    ribs = [
        box((float(radius * np.sin(angle)) - 0.12, float(-radius * np.cos(angle)), 0.0), _corner(angle, radius, height))
        for angle in (angles[:-1] + angles[1:]) / 2
    ]
    lumps = [
        box((x - 0.1, -radius - 0.18, z), (x + 0.15, -radius + 0.4, z + 0.25))
        for x, z in zip(random.uniform(-0.5, 0.4, 5), random.uniform(0.2, height - 0.4, 5), strict=True)
    ]
    frames = [_turned(360.0 * sector / sectors, 0.0) for sector in range(sectors)]
    path = orbit(
        COUNT,
        centre=(0, 0, height * 0.5),
        radius=radius + float(random.uniform(4.2, 5.0)),
        height=1.6,
        start_deg=float(random.uniform(-20, 20)),
        sweep_deg=float(random.uniform(200, 260)),
    )
    plan = _plan_of(merged([*ribs, *lumps]), frames, path, random, reach=0.3)
    places = tuple(place @ _shift(0.0, -radius - 0.02, 0.0) for place in plan.mark_places)
    return _Plan(equal=plan.equal, others=plan.others, mark_places=places, poses=plan.poses)


def _windows(random: np.random.Generator) -> _Plan:
    """A row of equal bays, each with a window."""
    return _row(_wall(2.0, 2.8, random), 2.0, int(random.integers(6, 9)), random)


def _colonnade(random: np.random.Generator) -> _Plan:
    """Equal columns, each on its plinth, before equal pieces of wall."""
    bay, radius = float(random.uniform(1.6, 2.0)), float(random.uniform(0.22, 0.3))
    column = lathe([(radius * 1.3, 0.0), (radius * 1.3, 0.2), (radius, 0.3), (radius * 0.85, 2.3), (radius * 1.3, 2.5)])
    back = _wall(bay, 2.8, random).moved((0.0, 1.2, 0.0))
    return _row(merged([column.moved((0.0, -0.2, 0.0)), back]), bay, int(random.integers(6, 9)), random)


def _portals(random: np.random.Generator) -> _Plan:
    """Two equal portals in a wall that is nowhere the same."""
    gap, height = float(random.uniform(5.0, 7.0)), 3.0
    portal = merged(
        [_wall(1.8, height, random), box((-0.9, -0.4, 0.0), (-0.65, 0.0, 2.6)), box((0.65, -0.4, 0.0), (0.9, 0.0, 2.6))]
    )
    frames = [_shift(-gap / 2, 0.0, 0.0), _shift(gap / 2, 0.0, 0.0)]
    plain = box((-(gap - 1.8) / 2, 0.0, 0.0), ((gap - 1.8) / 2, 0.3, height), 0.5)
    path = walk(
        COUNT,
        ((-gap / 2 - 0.6, -4.6, 1.5), (gap / 2 + 0.6, -4.6, 1.5)),
        ((-gap / 2 + 0.2, 0.0, 1.2), (gap / 2 - 0.2, 0.0, 1.2)),
    )
    plan = _plan_of(portal, frames, path, random, reach=0.5)
    return _Plan(
        equal=plan.equal,
        others=(*plan.others, Part(mesh=plain, world_from_part=np.eye(4), texture=1)),
        mark_places=plan.mark_places,
        poses=plan.poses,
    )


SCENES: Final[dict[str, Callable[[np.random.Generator], _Plan]]] = {
    "building": _building,
    "colonnade": _colonnade,
    "portals": _portals,
    "tower": _tower,
    "windows": _windows,
}


def _row(bay: Mesh, width: float, count: int, random: np.random.Generator) -> _Plan:
    frames = [_shift(width * (index - (count - 1) / 2), 0.0, 0.0) for index in range(count)]
    half = width * count / 2 - 1.0
    path = walk(
        COUNT,
        ((-half, -float(random.uniform(4.4, 5.0)), 1.5), (half, -float(random.uniform(4.4, 5.0)), 1.5)),
        ((-half + 0.4, 0.0, 1.2), (half - 0.4, 0.0, 1.2)),
    )
    return _plan_of(bay, frames, path, random, reach=width * 0.3)


def _plan_of(
    part: Mesh, frames: list[Pose], path: list[tuple[Point, Point]], random: np.random.Generator, *, reach: float
) -> _Plan:
    places = tuple(
        frame @ _shift(float(random.uniform(-reach, reach)), -0.02, float(random.uniform(0.5, 2.2)))
        for frame in frames
        for _ in range(2)
    )
    ground = box((-40.0, -40.0, -0.2), (40.0, 40.0, 0.0), 20.0)
    return _Plan(
        equal=tuple(Part(mesh=part, world_from_part=frame, texture=0) for frame in frames),
        others=(Part(mesh=ground, world_from_part=np.eye(4), texture=_GROUND), *_houses(random)),
        mark_places=places,
        poses=tuple(shaken(path, amount=0.06, seed=int(random.integers(1 << 30)))),
    )


def _houses(random: np.random.Generator) -> list[Part]:
    """Houses around the place, each of its own size and texture."""
    return [
        Part(
            mesh=box((-width, 0.0, 0.0), (width, 2.0, height), 20.0),
            world_from_part=_turned(360.0 * house / _HOUSES, distance),
            texture=_GROUND + 1 + house,
            texel=_HOUSE_TEXEL,
        )
        for house, (width, height, distance) in enumerate(
            zip(*(random.uniform(*each, _HOUSES) for each in ((1.5, 2.5), (7.0, 13.0), (16.0, 22.0))), strict=True)
        )
    ]


def _wall(width: float, height: float, random: np.random.Generator) -> Mesh:
    """A piece of wall with ledges, a window and blocks that stand out."""
    half = width / 2
    parts = [
        box((-half, 0.0, 0.0), (half, 0.3, height), 0.5),
        box((-half, -0.08, height - 0.25), (half, 0.0, height), 0.5),
    ]
    sill, window = float(random.uniform(0.7, 1.0)), float(random.uniform(0.3, 0.4)) * half
    for low, high in (((-window, sill - 0.1), (window, sill)), ((-window, sill + 1.1), (window, sill + 1.2))):
        parts.append(box((low[0], -0.15, low[1]), (high[0], 0.0, high[1]), 0.5))
    for _ in range(_STEPS):
        x, z = float(random.uniform(-half + 0.1, half - 0.4)), float(random.uniform(0.1, height - 0.6))
        parts.append(box((x, -float(random.uniform(0.04, 0.12)), z), (x + 0.3, 0.0, z + 0.25), 0.5))
    return merged(parts)


def _mark(place: Pose, index: int, random: np.random.Generator) -> Part:
    width, height = random.uniform(0.25, 0.45, 2) / 2
    mesh = box((-float(width), -0.16, -float(height)), (float(width), 0.05, float(height)), 0.5)
    return Part(mesh=mesh, world_from_part=place, texture=2 + index)


def _corner(angle: float, radius: float, height: float) -> tuple[float, float, float]:
    return float(radius * np.sin(angle)) + 0.12, float(-radius * np.cos(angle)) + 0.4, height


def _shift(x: float, y: float, z: float) -> Pose:
    pose = np.eye(4)
    pose[:3, 3] = x, y, z
    return pose


def _turned(degrees: float, distance: float) -> Pose:
    """A frame turned about the vertical axis, its wall `distance` in front of the axis."""
    turn = np.radians(degrees)
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    return pose @ _shift(0.0, -distance, 0.0)


class SceneRenderer:
    """Renders a scene's photographs; the seed varies its textures and the noise."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene, self._seed = scene, seed
        self._rays = o3d.t.geometry.RaycastingScene(nthreads=1)
        for part in scene.parts:
            turned = part.mesh.vertices @ part.world_from_part[:3, :3].T + part.world_from_part[:3, 3]
            self._rays.add_triangles(_tensor(turned.astype(np.float32)), _tensor(part.mesh.triangles))

    def photograph(self, index: int) -> NDArray[np.uint8]:
        """Photograph `index` (H, W, 3) uint8."""
        pose, (width, height) = self._scene.poses[index], SIZE_PX
        y, x = np.mgrid[:height, :width].reshape(2, -1).astype(np.float32) + np.float32(0.5)
        directions = np.stack([(x - width / 2) / FOCAL_PX, (y - height / 2) / FOCAL_PX, np.ones_like(x)], axis=1)
        directions = (directions @ pose[:3, :3].T).astype(np.float32)
        origin = np.broadcast_to(pose[:3, 3].astype(np.float32), directions.shape)
        answer = self._rays.cast_rays(_tensor(np.concatenate([origin, directions], axis=1)), nthreads=1)
        depth, owners = answer["t_hit"].numpy(), answer["geometry_ids"].numpy()
        brightness = np.full(len(depth), 225.0, np.float32)
        normals = answer["primitive_normals"].numpy()
        for number, part in enumerate(self._scene.parts):
            rows = np.flatnonzero((owners == number) & np.isfinite(depth))
            if len(rows):
                points = origin[rows] + depth[rows, None] * directions[rows]
                brightness[rows] = self._brightness(part, (origin[rows], points), normals[rows], depth[rows])
        noise = np.random.default_rng((self._seed, index)).normal(0, 2.0, len(brightness))
        gray = np.clip(brightness + noise, 0, 255).astype(np.uint8).reshape(height, width)
        return np.repeat(gray[:, :, None], 3, axis=2)

    def _brightness(self, part: Part, ends: tuple[Points, Points], normals: Points, depth: Points) -> Points:
        """Texture in the part's own frame, on the plane that its normal is nearest to, with a light that stands above."""
        origin, points = ends
        shade = np.float32(0.75) + np.float32(0.25) * normals[:, 2].clip(0, 1)
        if part.texture == _GROUND:
            return self._ground(points - origin, points, depth)
        part_from_world = np.linalg.inv(part.world_from_part).astype(np.float32)
        own = points @ part_from_world[:3, :3].T + part_from_world[:3, 3]
        facing = np.abs(normals @ part_from_world[:3, :3].T).argmax(axis=1)
        across = np.where(facing == 0, own[:, 1], own[:, 0]) + np.float32(1.7) * facing
        along = np.where(facing == 2, own[:, 1], own[:, 2])
        shaded: Points = shade * _sampled(_texture(self._seed, part.texture), across, along, part.texel)
        return shaded

    def _ground(self, rays: Points, points: Points, depth: Points) -> Points:
        """The ground's texture, averaged along the footprints of the pixels."""
        flat = np.hypot(rays[:, 0], rays[:, 1])
        footprint = (depth * np.hypot(flat, rays[:, 2]) / (np.float32(FOCAL_PX) * np.abs(rays[:, 2])))[:, None]
        along = footprint * rays[:, :2] / flat[:, None]
        grains = np.zeros(len(points), np.float32)
        for share in np.linspace(-0.5, 0.5, _GROUND_SAMPLES, dtype=np.float32):
            at = points[:, :2] + share * along
            grains += _sampled(_texture(self._seed, _GROUND, _GROUND_SIDE), at[:, 0], at[:, 1], _TEXEL)
        fade = np.minimum(1, np.float32(_GROUND_REACH) / depth) ** 2
        faded: Points = np.float32(125) + fade * (grains / _GROUND_SAMPLES - np.float32(125))
        return faded


@cache
def _texture(seed: int, number: int, side: int = _TEXTURE_SIDE) -> Points:
    """A texture (S, S) float32 of stone: noise of all wavelengths, 40 to 210."""
    random = np.random.default_rng((seed, number, 77))
    rows, columns = (turn(side).astype(np.float32) for turn in (np.fft.fftfreq, np.fft.rfftfreq))
    frequencies = np.hypot(rows[:, None], columns[None])
    spectrum = np.fft.rfft2(random.standard_normal((side, side), np.float32))
    values = np.fft.irfft2(spectrum / np.maximum(frequencies, np.float32(1 / 128)) * (frequencies < 0.3))
    texture: Points = np.clip(125 + 34 * values / values.std(), 40, 210).astype(np.float32)
    return texture


def _tensor(array: NDArray[np.generic]) -> o3d.core.Tensor:
    return o3d.core.Tensor.from_numpy(np.ascontiguousarray(array))


def _sampled(texture: Points, across: Points, along: Points, texel: float) -> Points:
    """Bilinear samples of a texture that repeats."""
    u, v = across / np.float32(texel), along / np.float32(texel)
    left, low = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    share, rise = (u - left).astype(np.float32), (v - low).astype(np.float32)
    side = len(texture) - 1
    rows, next_rows, columns, next_columns = low & side, (low + 1) & side, left & side, (left + 1) & side
    lower = texture[rows, columns] * (1 - share) + texture[rows, next_columns] * share
    upper = texture[next_rows, columns] * (1 - share) + texture[next_rows, next_columns] * share
    result: Points = lower * (1 - rise) + upper * rise
    return result
