"""What is known about the depth of an image's pixels? An inverse depth map; its valid pixels become surface points."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from broker.errors import CairnError
from broker.shards import PointCloud
from reconstructor.engine.exposure.gains import Exposure
from reconstructor.engine.exposure.samples import radii_squared
from reconstructor.engine.mvs.projection import pixel_centers
from reconstructor.engine.mvs.views import View


class BadDepthMapError(CairnError):
    """Arrays that are not a depth map of this image."""

    code = "bad_depth_map"
    remedy = "A defect of the engine or a damaged file: restart, then report it."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DepthMap:
    """The depth of each pixel of one image, everything (H, W).

    Attributes:
        inverse_depth: float32, 1 / world units along the optical axis, positive where valid.
        deviation: float32, the standard deviation of the inverse depth, 1 / world units.
        confidence: float32, 0 to 1, how well the pixel was matched; after the consistency check, the probability that
            its error is below two ground sampling distances.
        valid: bool.

    Raises:
        BadDepthMapError: shapes or dtypes do not fit, or a valid pixel has no positive finite inverse depth.
    """

    inverse_depth: Tensor
    deviation: Tensor
    confidence: Tensor
    valid: Tensor

    def __post_init__(self) -> None:
        floats = (self.inverse_depth, self.deviation, self.confidence)
        if any(array.shape != self.valid.shape or array.dtype != torch.float32 for array in floats):
            raise BadDepthMapError("inverse depth, deviation and confidence must be float32 of one shape (H, W)")
        if self.valid.dtype != torch.bool or self.valid.ndim != 2:  # noqa: PLR2004 - rows and columns
            raise BadDepthMapError("valid must be (H, W) bool")
        is_depth = (self.inverse_depth > 0.0) & (
            self.inverse_depth < torch.inf
        )  # no gathering: it takes six times as long
        if not bool((is_depth | ~self.valid).all()):
            raise BadDepthMapError("every valid pixel needs a positive, finite inverse depth")

    def to(self, device: torch.device) -> Self:
        return type(self)(
            inverse_depth=self.inverse_depth.to(device),
            deviation=self.deviation.to(device),
            confidence=self.confidence.to(device),
            valid=self.valid.to(device),
        )

    def overlaid(self, other: "DepthMap", mask: Tensor) -> "DepthMap":
        """The same map with another one's pixels where the mask (H, W) bool is true; they are valid."""
        return DepthMap(
            inverse_depth=torch.where(mask, other.inverse_depth, self.inverse_depth),
            deviation=torch.where(mask, other.deviation, self.deviation),
            confidence=torch.where(mask, other.confidence, self.confidence),
            valid=self.valid | mask,
        )

    def masked(self, mask: Tensor) -> "DepthMap":
        """The same map, valid only where the mask (H, W) bool is true, too."""
        return replace(self, valid=self.valid & mask)

    def scaled(self, factor: float) -> "DepthMap":
        """The same map in a world whose lengths are all multiplied by a factor."""
        return replace(self, inverse_depth=self.inverse_depth / factor, deviation=self.deviation / factor)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfacePoints:
    """Points of a surface, N rows.

    Attributes:
        points_in_world: (N, 3) float64.
        normals_in_world: (N, 3) float32, unit length, towards the camera that saw the point.
        colors_rgb: (N, 3) uint8.
        deviations: (N,) float32, standard deviation along the line of sight, world units.
        sampling_distances: (N,) float32, the width of a pixel on the surface, world units.
        confidences: (N,) float32, 0 to 1.
    """

    points_in_world: NDArray[np.float64]
    normals_in_world: NDArray[np.float32]
    colors_rgb: NDArray[np.uint8]
    deviations: NDArray[np.float32]
    sampling_distances: NDArray[np.float32]
    confidences: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.points_in_world)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "SurfacePoints":
        """Take some rows: indexes (M,), a mask (N,), or a slice of the N points."""
        return SurfacePoints(
            points_in_world=self.points_in_world[rows],
            normals_in_world=self.normals_in_world[rows],
            colors_rgb=self.colors_rgb[rows],
            deviations=self.deviations[rows],
            sampling_distances=self.sampling_distances[rows],
            confidences=self.confidences[rows],
        )

    @classmethod
    def join(cls, parts: "list[SurfacePoints]") -> "SurfacePoints":
        """All points, in order."""
        if not parts:
            return cls.empty()
        if len(parts) == 1:
            return parts[0]
        return cls(
            points_in_world=np.concatenate([part.points_in_world for part in parts]),
            normals_in_world=np.concatenate([part.normals_in_world for part in parts]),
            colors_rgb=np.concatenate([part.colors_rgb for part in parts]),
            deviations=np.concatenate([part.deviations for part in parts]),
            sampling_distances=np.concatenate([part.sampling_distances for part in parts]),
            confidences=np.concatenate([part.confidences for part in parts]),
        )

    @classmethod
    def empty(cls) -> "SurfacePoints":
        return cls(
            points_in_world=np.empty((0, 3)),
            normals_in_world=np.empty((0, 3), np.float32),
            colors_rgb=np.empty((0, 3), np.uint8),
            deviations=np.empty(0, np.float32),
            sampling_distances=np.empty(0, np.float32),
            confidences=np.empty(0, np.float32),
        )

    def cloud(self) -> PointCloud:
        """The points and colours alone, as they are published."""
        return PointCloud(points_in_world=self.points_in_world.astype(np.float32), colors_rgb=self.colors_rgb)


def surface_points(view: View, depth_map: DepthMap, exposure: Exposure | None = None) -> SurfacePoints:
    """The valid pixels of a depth map as points in the world frame, row by row.

    Args:
        view: the image, its camera and pose.
        depth_map: of the image.
        exposure: what their colours are corrected by.

    Raises:
        BadDepthMapError: the map has another size than the image.
    """
    if depth_map.valid.shape != (view.height, view.width):
        raise BadDepthMapError(f"image {view.image_number}: a depth map of another size than the image")
    rows = depth_map.valid.flatten().nonzero()[:, 0]  # one search: a mask would be searched for each of the arrays
    in_camera = points_in_camera(view, depth_map.inverse_depth)
    normals = camera_normals(in_camera).flatten(1).index_select(1, rows).T.to(torch.float64)
    points = in_camera.flatten(1).index_select(1, rows).T.to(torch.float64)
    inverse_depth = depth_map.inverse_depth.flatten()[rows]
    pose = torch.from_numpy(view.camera_from_world).to(rows.device)
    return SurfacePoints(
        points_in_world=((points - pose[:3, 3]) @ pose[:3, :3]).cpu().numpy(),
        normals_in_world=(normals @ pose[:3, :3]).to(torch.float32).cpu().numpy(),
        colors_rgb=_colors(view, rows, exposure),
        deviations=(depth_map.deviation.flatten()[rows] / inverse_depth.square()).cpu().numpy(),
        sampling_distances=(1.0 / (inverse_depth * float(view.intrinsics[:2].mean()))).cpu().numpy(),
        confidences=depth_map.confidence.flatten()[rows].cpu().numpy(),
    )


def _colors(view: View, rows: Tensor, exposure: Exposure | None) -> NDArray[np.uint8]:
    pixels = view.loaded().image_rgb
    colors: NDArray[np.uint8] = pixels.flatten(0, 1)[rows.to(pixels.device)].cpu().numpy()
    if exposure is None:
        return colors
    down, across = np.divmod(rows.cpu().numpy(), view.width)
    return exposure.corrected(colors, radii_squared(down, across, view.height, view.width))


def points_in_camera(view: View, inverse_depth: Tensor) -> Tensor:
    """(3, H, W) float32 points in the camera frame, world units, at inverse depths (H, W) float32, 1 / world units."""
    fx, fy, cx, cy = (float(value) for value in view.intrinsics)
    pixels = pixel_centers(view.height, view.width, inverse_depth.device)
    rays = torch.stack([(pixels[0] - cx) / fx, (pixels[1] - cy) / fy, torch.ones_like(pixels[0])])
    return rays / inverse_depth.clamp_min(torch.finfo(torch.float32).tiny)


def camera_normals(in_camera: Tensor) -> Tensor:
    """(3, H, W) float32 unit normals of points (3, H, W) float32, both in the camera frame; they point to the camera.

    Of the two neighbours on either side the one nearer in depth is used: it is more likely on the same surface, so
    normals stay correct at depth edges.
    """
    across = _nearer_difference(in_camera, 2)
    down = _nearer_difference(in_camera, 1)
    (dx, dy, dz), (ax, ay, az) = down, across  # written out: torch.linalg.cross takes five times as long here
    normals = torch.stack([dy * az - dz * ay, dz * ax - dx * az, dx * ay - dy * ax])
    length = normals.square().sum(dim=0).sqrt_().clamp_min_(torch.finfo(torch.float32).tiny)
    is_away = (normals * in_camera).sum(dim=0) > 0.0
    return normals.div_(torch.where(is_away, -length, length))


def _nearer_difference(points: Tensor, dim: int) -> Tensor:
    steps = points.diff(dim=dim)
    first, last = steps.narrow(dim, 0, 1), steps.narrow(dim, steps.shape[dim] - 1, 1)
    before, after = torch.cat([first, steps], dim=dim), torch.cat([steps, last], dim=dim)
    return torch.where(before[2].abs() <= after[2].abs(), before, after)
