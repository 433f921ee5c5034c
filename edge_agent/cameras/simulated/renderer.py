"""What does a pinhole camera see of an object? By ray tracing: radiance, depth and normals of each pixel."""

from dataclasses import dataclass

import numpy as np
import open3d as o3d
from numpy.typing import NDArray

from edge_agent.cameras.simulated.meshes import Mesh
from edge_agent.cameras.simulated.noise import Floats, Noise, smoothstep

RAY_LIFT = 2e-3  # world units a secondary ray starts above its surface, else it hits that surface again
STRIP_PIXELS = 1 << 17  # shading in strips keeps its temporaries in cache
GRAIN_WAVELENGTHS = (0.16, 0.075, 0.034, 0.016, 0.0075, 0.0035)
AMBIENT_REACH = 2.0  # world units
LARGEST_PIT = 0.05  # world units; larger ones read as camouflage, not as travertine
LEAST_VISIBLE = 0.02  # an octave fainter than this is not worth its second


@dataclass(frozen=True, slots=True, kw_only=True)
class Intrinsics:
    """A pinhole camera without distortion, in pixels; pixel centres at half integers."""

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float

    def matrix(self) -> NDArray[np.float64]:
        """The camera matrix (3, 3) float64, pixels."""
        return np.array([[self.fx_px, 0, self.cx_px], [0, self.fy_px, self.cy_px], [0, 0, 1]], np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """Sun and sky; directions point from the object to the light."""

    sun_direction: tuple[float, float, float] = (-0.55, -0.62, 0.62)
    sun_rgb: tuple[float, float, float] = (2.35, 2.12, 1.78)
    sky_rgb: tuple[float, float, float] = (0.62, 0.72, 0.92)
    bounce_rgb: tuple[float, float, float] = (0.34, 0.29, 0.23)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """The image of a perfect sensor, with true depth and normals.

    radiance_rgb (H, W, 3) float32 linear; depth (H, W) float32 world units along camera +z, inf where nothing is hit;
    normals (H, W, 3) float32 of the surface in world, facing the camera, zero where nothing is hit.
    """

    radiance_rgb: Floats
    depth: Floats
    normals: Floats


class Renderer:
    """The ray tracer of one object. Building computes ambient occlusion; rendering then takes about a second."""

    def __init__(self, surface: Mesh, *, light: Light | None = None, ambient_rays: int = 12, threads: int = 1) -> None:
        self._mesh = surface
        self._light = light or Light()
        self._threads = threads
        self._scene = o3d.t.geometry.RaycastingScene(nthreads=threads)
        self._scene.add_triangles(_tensor(surface.vertices), _tensor(surface.triangles))
        openness = self._openness(ambient_rays)
        self._attributes = np.ascontiguousarray(
            np.column_stack([surface.albedo_rgb, openness, surface.grain, surface.normals]), np.float32
        )

    def render(self, world_from_camera: NDArray[np.float64], intrinsics: Intrinsics) -> Rendering:
        """Render one view; world_from_camera is (4, 4) float64, OpenCV axes (+x right, +y down, +z forward)."""
        y, x = np.mgrid[: intrinsics.height_px, : intrinsics.width_px].reshape(2, -1).astype(np.float32)
        radiance, depth, normals = self._look(world_from_camera, intrinsics, x + 0.5, y + 0.5)
        shape = (intrinsics.height_px, intrinsics.width_px)
        edges = _edges(depth.reshape(shape), radiance.reshape(*shape, 3)).ravel()
        total, offsets = radiance[edges], ((-0.25, 0.25), (0.3, 0.2), (-0.05, -0.35))
        for dx, dy in offsets:  # only outlines need more than one ray a pixel
            total = total + self._look(world_from_camera, intrinsics, x[edges] + 0.5 + dx, y[edges] + 0.5 + dy)[0]
        radiance[edges] = total / (1 + len(offsets))
        return Rendering(
            radiance_rgb=radiance.reshape(*shape, 3), depth=depth.reshape(shape), normals=normals.reshape(*shape, 3)
        )

    def _look(
        self, world_from_camera: NDArray[np.float64], intrinsics: Intrinsics, x_px: Floats, y_px: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Radiance (N, 3), depth (N,) and normals (N, 3) along rays through image points."""
        in_camera = np.stack(
            [
                (x_px - intrinsics.cx_px) / intrinsics.fx_px,
                (y_px - intrinsics.cy_px) / intrinsics.fy_px,
                np.ones_like(x_px),
            ],
            axis=1,
        )
        directions = (in_camera @ world_from_camera[:3, :3].T).astype(np.float32)
        origin = np.broadcast_to(world_from_camera[:3, 3].astype(np.float32), directions.shape)
        radiance, depth = np.empty_like(directions), np.empty(len(directions), np.float32)
        normals = np.empty_like(directions)
        for start in range(0, len(directions), STRIP_PIXELS):
            part = slice(start, start + STRIP_PIXELS)
            radiance[part], depth[part], normals[part] = self._trace(
                origin[part], directions[part], 1 / intrinsics.fx_px
            )
        return radiance, depth, normals

    def _trace(self, origin: Floats, directions: Floats, pixel_angle: float) -> tuple[Floats, Floats, Floats]:
        rays = np.concatenate([origin, directions], axis=1)  # z of a direction is 1 in camera, so t_hit is the depth
        answer = self._scene.cast_rays(_tensor(rays), nthreads=self._threads)
        depth: Floats = answer["t_hit"].numpy()
        hit = np.isfinite(depth)
        normals = np.where(hit[:, None], answer["primitive_normals"].numpy(), 0).astype(np.float32)
        normals *= -np.sign(np.einsum("ij,ij->i", normals, directions))[:, None]
        radiance = self._sky(directions)
        if hit.any():
            points = origin[hit] + depth[hit, None] * directions[hit]
            at_hit = self._interpolate(answer["primitive_ids"].numpy()[hit], answer["primitive_uvs"].numpy()[hit])
            radiance[hit] = self._shade(points, at_hit, normals[hit], depth[hit] * np.float32(pixel_angle))
        return radiance, depth, normals

    def _interpolate(self, triangle_ids: NDArray[np.uint32], uv: Floats) -> Floats:
        corners = self._mesh.triangles[triangle_ids]
        first = (1 - uv[:, :1] - uv[:, 1:]) * self._attributes[corners[:, 0]]
        result: Floats = (
            first + uv[:, :1] * self._attributes[corners[:, 1]] + uv[:, 1:] * self._attributes[corners[:, 2]]
        )
        return result

    def _shade(self, points: Floats, at_hit: Floats, facing: Floats, footprint: Floats) -> Floats:
        """Shade by Lambert under sun and sky; the smooth normal is lit, the true one decides what faces away."""
        albedo = at_hit[:, :3] * _grain(points, at_hit[:, 4], footprint)
        openness = at_hit[:, 3:4]
        smooth = at_hit[:, 5:8]
        smooth = smooth * np.sign(np.einsum("ij,ij->i", smooth, facing))[:, None]
        smooth /= np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-6)
        sun = _unit(self._light.sun_direction)
        lit = np.clip(smooth @ sun, 0, None) * (facing @ sun > 0)
        shadow_rays = np.concatenate([points + facing * RAY_LIFT, np.broadcast_to(sun, points.shape)], axis=1)
        lit[self._scene.test_occlusions(_tensor(shadow_rays), nthreads=self._threads).numpy()] = 0
        up = 0.5 + 0.5 * smooth[:, 2:3]
        ambient = up * np.asarray(self._light.sky_rgb, np.float32)
        ambient = ambient + (1 - up) * np.asarray(self._light.bounce_rgb, np.float32)
        result: Floats = albedo * (lit[:, None] * np.asarray(self._light.sun_rgb, np.float32) + ambient * openness)
        return result

    def _sky(self, directions: Floats) -> Floats:
        height = np.clip(directions[:, 2:3] / np.linalg.norm(directions, axis=1, keepdims=True), 0, 1)
        horizon, zenith = np.array([[1.35, 1.42, 1.5]], np.float32), np.array([[0.38, 0.62, 1.12]], np.float32)
        result: Floats = horizon + (zenith - horizon) * (1 - np.exp(-3 * height))
        return result

    def _openness(self, ray_count: int) -> Floats:
        """Ambient occlusion: free share of the sky at each vertex, (V,) float32, by cosine-weighted rays."""
        mesh, rng = self._mesh, np.random.default_rng(5)
        free = np.zeros(len(mesh.vertices), np.float32)
        starts = mesh.vertices + mesh.normals * np.float32(2 * RAY_LIFT)
        for _ in range(ray_count):
            directions = rng.standard_normal(mesh.vertices.shape).astype(np.float32)
            directions /= np.linalg.norm(directions, axis=1, keepdims=True)
            directions += mesh.normals  # a point of the unit sphere plus the normal is cosine-weighted
            rays = _tensor(np.concatenate([starts, directions], axis=1))
            free += ~self._scene.test_occlusions(rays, tfar=AMBIENT_REACH, nthreads=self._threads).numpy()
        return 0.15 + 0.85 * _smoothed(free / np.float32(ray_count), mesh.triangles)


def _smoothed(values: Floats, triangles: NDArray[np.uint32], rounds: int = 6) -> Floats:
    """Average values (V,) float32 with their neighbours, as a dozen rays per vertex are noisy."""
    for _ in range(rounds):
        means = np.repeat(values[triangles].mean(axis=1), 3)
        weight = np.bincount(triangles.ravel(), minlength=len(values))
        spread = np.bincount(triangles.ravel(), means, minlength=len(values))
        values = np.where(weight > 0, spread / np.maximum(weight, 1), values).astype(np.float32)
    return values


def _tensor(array: NDArray[np.generic]) -> o3d.core.Tensor:
    return o3d.core.Tensor.from_numpy(np.ascontiguousarray(array))


def _unit(vector: tuple[float, float, float]) -> Floats:
    array = np.asarray(vector, np.float32)
    result: Floats = array / np.linalg.norm(array)
    return result


def _grain(points: Floats, strength: Floats, footprint: Floats) -> Floats:
    """Factors of fine mottling and pits, (N, 3) float32; octaves below two pixels fade out, as they would alias."""
    tone = np.zeros(len(points), np.float32)
    pits = np.zeros(len(points), np.float32)
    for octave, wavelength in enumerate(GRAIN_WAVELENGTHS):
        visible = smoothstep(1.5, 4.0, np.float32(wavelength) / footprint)
        if visible.max() < LEAST_VISIBLE:
            continue
        values = Noise(wavelength=wavelength, seed=101 + octave).at(points)
        tone += np.float32(0.15 * 0.93**octave) * visible * values
        if wavelength < LARGEST_PIT:
            pits = np.maximum(pits, visible * smoothstep(0.55, 0.72, values))
    factor = 1 + strength * (tone - np.float32(0.38) * pits)
    warmth = np.array([1.0, 0.99, 0.96], np.float32)
    result: Floats = np.clip(factor, 0.12, 2.0)[:, None] * (1 - pits[:, None] * (1 - warmth) * 2)
    return result


def _edges(depth: Floats, radiance: Floats) -> NDArray[np.bool_]:
    """The pixels beside a jump in depth or a hard change of light, (H, W) bool."""
    near = 1 / np.where(np.isfinite(depth), depth, 1e6)
    tone = np.log(radiance.mean(axis=2) + 0.02)
    found = np.zeros(depth.shape, bool)
    for axis in (0, 1):
        jump = (np.abs(np.diff(near, axis=axis)) > 0.02 * near.mean()) | (np.abs(np.diff(tone, axis=axis)) > 0.45)
        low, high = ([slice(None), slice(None)] for _ in range(2))
        low[axis], high[axis] = slice(0, -1), slice(1, None)
        found[tuple(low)] |= jump
        found[tuple(high)] |= jump
    return found
