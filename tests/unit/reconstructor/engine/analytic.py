"""Textured objects whose depth along every ray is known in closed form, rendered with numpy."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from reconstructor.engine.mvs.views import View

Array = NDArray[np.float64]
Object = Callable[[Array, Array], Array]  # centre (3,), directions (N, 3) with unit depth -> depth (N,), inf: no hit

OVERSAMPLING = 3
LATTICE_SIZE = 64


def plane(point: tuple[float, float, float], normal: tuple[float, float, float]) -> Object:
    anchor, axis = np.array(point), np.array(normal)

    def depth(center: Array, directions: Array) -> Array:
        slope = directions @ axis
        steps = ((anchor - center) @ axis) / np.where(slope == 0.0, 1e-12, slope)
        return np.where(steps > 0.0, steps, np.inf)

    return depth


def sphere(middle: tuple[float, float, float], radius: float) -> Object:
    def depth(center: Array, directions: Array) -> Array:
        offset = center - np.array(middle)
        a, b = (directions**2).sum(1), directions @ offset
        rest = b**2 - a * (offset @ offset - radius**2)
        steps = (-b - np.sqrt(np.maximum(rest, 0.0))) / a
        return np.where((rest > 0.0) & (steps > 0.0), steps, np.inf)

    return depth


def square(middle: tuple[float, float, float], half_side: float) -> Object:
    """A square facing -z."""
    unbounded = plane(middle, (0.0, 0.0, 1.0))

    def depth(center: Array, directions: Array) -> Array:
        steps = unbounded(center, directions)
        hits = center + np.where(np.isfinite(steps), steps, 0.0)[:, None] * directions
        is_inside = (np.abs(hits[:, :2] - np.array(middle)[:2]) <= half_side).all(axis=1)
        return np.where(is_inside, steps, np.inf)

    return depth


def union(*objects: Object) -> Object:
    return lambda center, directions: np.min([shape(center, directions) for shape in objects], axis=0)


def stone(points: Array, seed: int) -> Array:
    """(N, 3) colours of value noise in five octaves, 0 to 1, solid: they do not depend on who looks."""
    lattice = _lattice(seed)
    value = torch.zeros(3, len(points))
    for octave, weight in enumerate((0.30, 0.25, 0.20, 0.15, 0.10)):
        cells = np.mod(points * 4.0 * 2.0**octave + 17.0 * octave, LATTICE_SIZE)
        grid = torch.from_numpy((cells * 2.0 / LATTICE_SIZE - 1.0).astype(np.float32))[None, None, None]
        value += weight * torch.nn.functional.grid_sample(lattice, grid, align_corners=True)[0, :, 0, 0]
    return np.clip((value.T.numpy().astype(np.float64) - 0.5) * 1.8 + 0.5, 0.0, 1.0)


@functools.cache
def _lattice(seed: int) -> torch.Tensor:
    table = np.random.default_rng(seed).random((3, *[LATTICE_SIZE] * 3), dtype=np.float32)
    return torch.from_numpy(np.pad(table, ((0, 0), *[(0, 1)] * 3), mode="wrap"))[None]


def looking_at(center: tuple[float, float, float], target: tuple[float, float, float]) -> Array:
    """camera_from_world (4, 4), +y down."""
    forward = np.array(target) - np.array(center)
    forward /= np.linalg.norm(forward)
    right = np.cross(np.array([0.0, 1.0, 0.0]), forward)
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, -rotation @ np.array(center)
    return pose


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendered:
    view: View
    depth: torch.Tensor  # (H, W) float32, inf where the ray meets nothing


def render(
    shape: Object,
    camera_from_world: Array,
    *,
    image_number: int = 0,
    size: tuple[int, int] = (96, 144),
    focal_ratio: float = 1.1,
    noise: float = 1.0,
    seed: int = 7,
    sparse: Array | None = None,
) -> Rendered:
    """Render height x width pixels; depth is exact at the pixel centres, colour is a box filter over each pixel."""
    height, width = size
    focal = focal_ratio * width
    intrinsics = np.array([focal, focal, width / 2.0 + 0.3, height / 2.0 - 0.2])
    colour = np.zeros((height * width, 3))
    for shift in np.ndindex(OVERSAMPLING, OVERSAMPLING):
        depth, points = _hits(shape, camera_from_world, intrinsics, size, (np.array(shift) + 0.5) / OVERSAMPLING)
        tint = 0.2 + 0.7 * stone(points, seed)
        colour += np.where(np.isfinite(depth)[:, None], tint, 0.5) / OVERSAMPLING**2
    depth, points = _hits(shape, camera_from_world, intrinsics, size, np.array([0.5, 0.5]))
    noisy = colour * 255.0 + np.random.default_rng([seed, *str(image_number).encode()]).normal(0.0, noise, colour.shape)
    pixels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8).reshape(height, width, 3)
    sparse_ids, sparse_in_world = _sparse(camera_from_world, intrinsics, size, (depth, points), sparse)
    view = View(
        image_number=image_number,
        image_rgb=torch.from_numpy(pixels),
        intrinsics=intrinsics,
        camera_from_world=camera_from_world,
        sparse_ids=sparse_ids,
        sparse_in_world=sparse_in_world,
    )
    return Rendered(view=view, depth=torch.from_numpy(depth.reshape(height, width).astype(np.float32)))


def _hits(
    shape: Object, camera_from_world: Array, intrinsics: Array, size: tuple[int, int], offset_px: Array
) -> tuple[Array, Array]:
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    fx, fy, cx, cy = intrinsics
    x, y = (columns + offset_px[1] - cx) / fx, (rows + offset_px[0] - cy) / fy
    in_camera = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=1)
    rotation = camera_from_world[:3, :3]
    center, directions = -rotation.T @ camera_from_world[:3, 3], in_camera @ rotation
    depth = shape(center, directions)
    return depth, center + np.where(np.isfinite(depth), depth, 0.0)[:, None] * directions


def _sparse(
    pose: Array, intrinsics: Array, size: tuple[int, int], hits: tuple[Array, Array], wanted: Array | None
) -> tuple[NDArray[np.int64], Array]:
    """The given points that are visible here, or else every 97th pixel's own point."""
    depth, points = hits
    if wanted is None:
        rows = np.flatnonzero(np.isfinite(depth))[::97]
        return rows.astype(np.int64), points[rows]
    in_camera = wanted @ pose[:3, :3].T + pose[:3, 3]
    ahead = np.maximum(in_camera[:, 2], 1e-9)
    columns = np.floor(in_camera[:, 0] / ahead * intrinsics[0] + intrinsics[2]).astype(np.int64)
    rows = np.floor(in_camera[:, 1] / ahead * intrinsics[1] + intrinsics[3]).astype(np.int64)
    is_inside = (in_camera[:, 2] > 0) & (columns >= 0) & (columns < size[1]) & (rows >= 0) & (rows < size[0])
    seen = depth[np.where(is_inside, rows * size[1] + columns, 0)]
    is_visible = is_inside & (np.abs(in_camera[:, 2] / seen - 1.0) < 0.02)
    return np.flatnonzero(is_visible).astype(np.int64), wanted[is_visible]


def arc(
    shape: Object,
    *,
    count: int,
    angle_deg: float = 8.0,
    distance: float = 4.0,
    size: tuple[int, int] = (96, 144),
    noise: float = 1.0,
) -> list[Rendered]:
    """Cameras on an arc about the origin, `angle_deg` apart, a little up and down, all seeing the same sparse points."""
    middle = (count - 1) / 2.0
    poses = []
    for number in range(count):
        turn = np.radians(angle_deg) * (number - middle)
        height = 0.25 * (-1.0) ** number
        center = (distance * np.sin(turn), height, -distance * np.cos(turn))
        poses.append(looking_at(center, (0.0, 0.0, 0.0)))
    anchor = render(shape, poses[count // 2], image_number=99, size=size, noise=0.0)
    points = anchor.view.sparse_in_world
    return [
        render(shape, pose, image_number=number, size=size, noise=noise, sparse=points)
        for number, pose in enumerate(poses)
    ]


def leaning_wall() -> Object:
    return plane((0.0, 0.0, 0.0), (0.25, 0.1, -1.0))


def ball_before_wall() -> Object:
    return union(plane((0.0, 0.0, 0.9), (0.15, 0.05, -1.0)), sphere((0.1, 0.0, 0.0), 0.7))


def two_walls() -> Object:
    return union(plane((0.0, 0.0, 0.9), (0.0, 0.0, -1.0)), square((0.2, 0.1, -0.2), 0.55))


@functools.cache
def photographed(name: str) -> tuple[Rendered, ...]:
    """Five images of one of the objects above, rendered once for all tests."""
    shapes = {"leaning_wall": leaning_wall, "ball_before_wall": ball_before_wall, "two_walls": two_walls}
    return tuple(arc(shapes[name](), count=5))
