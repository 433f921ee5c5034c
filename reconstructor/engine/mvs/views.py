"""What is the input of dense depth? A view: image, pinhole camera, pose, sparse points; and its best sources."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from broker.errors import CairnError
from reconstructor.engine.exposure.samples import ColorSamples

Matrix = NDArray[np.float64]

_LUMA_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601
# With 18 and 8 degrees instead of 12 and 6, F at 2 sampling distances fell from 0.84 to 0.80 (facade), 0.78 to 0.77 (statue)
_BEST_ANGLE_DEG = 12.0  # measured 2026-11-24
_SPREAD_BELOW_DEG = 6.0
_SPREAD_ABOVE_DEG = 12.0
_MIN_COMMON_POINTS = 8
_NO_IDS = np.empty(0, np.int64)
_NO_POINTS = np.empty((0, 3))


class BadViewError(CairnError):
    """An image, camera or pose that does not fit together."""

    code = "bad_view"
    remedy = "A defect of the engine: report it with the log."


class PixelSource(Protocol):
    """The pixels of a view that stay elsewhere until they are needed."""

    def load(self) -> Tensor:
        """(H, W, 3) uint8, always the same."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """An undistorted image with its pinhole camera.

    Attributes:
        image_number: the image's place in the project.
        image_rgb: (H, W, 3) uint8 tensor; on the device `meta`, which holds no values, if `pixels` has them.
        pixels: loads `image_rgb` whenever it is needed, so that thousands of views take little memory.
        intrinsics: (4,) float64 fx, fy, cx, cy in pixels of this image; the top-left corner of the top-left pixel
            is (0, 0), its centre (0.5, 0.5), as in COLMAP.
        camera_from_world: (4, 4) float64, rigid, OpenCV axes.
        sparse_ids: (N,) int64 ids of the sparse points that this image sees; a point has the same id in all views.
        sparse_in_world: (N, 3) float64, their positions, world units.
        camera_id: photographs of one camera have the same.
        compute_device: where depth is computed, if the pixels are elsewhere: those of thousands of photographs stay in
            main memory, and go to a GPU while they are needed. None: where the pixels are.

    Raises:
        BadViewError: a shape, dtype or value does not fit.
    """

    image_number: int
    image_rgb: Tensor
    intrinsics: Matrix
    camera_from_world: Matrix
    sparse_ids: NDArray[np.int64]
    sparse_in_world: Matrix
    camera_id: int = 0
    compute_device: torch.device | None = None
    pixels: PixelSource | None = None

    def __post_init__(self) -> None:
        if self.image_rgb.dtype != torch.uint8 or self.image_rgb.ndim != 3 or self.image_rgb.shape[2] != 3:  # noqa: PLR2004 - three colours
            raise BadViewError(f"image {self.image_number}: pixels must be (H, W, 3) uint8")
        if self.intrinsics.shape != (4,) or not np.isfinite(self.intrinsics).all() or (self.intrinsics[:2] <= 0).any():
            raise BadViewError(
                f"image {self.image_number}: intrinsics must be fx, fy, cx, cy, finite, focal lengths > 0"
            )
        if self.camera_from_world.shape != (4, 4) or not np.isfinite(self.camera_from_world).all():
            raise BadViewError(f"image {self.image_number}: camera_from_world must be a finite 4x4 matrix")
        if self.sparse_in_world.shape != (len(self.sparse_ids), 3):
            raise BadViewError(f"image {self.image_number}: sparse points must be (N, 3), one for each of (N,) names")

    def without_pixels(self) -> Self:
        """The same camera, pose and size without pixels and sparse points, so that it takes almost no memory."""
        nothing = torch.zeros((1, 1, 3), dtype=torch.uint8, device=self.device).expand(self.image_rgb.shape)
        return replace(self, image_rgb=nothing, pixels=None, sparse_ids=_NO_IDS, sparse_in_world=_NO_POINTS)

    def loaded(self) -> Self:
        """The same view with its pixels in memory."""
        return self if self.pixels is None else replace(self, image_rgb=self.pixels.load(), pixels=None)

    @property
    def height(self) -> int:
        return int(self.image_rgb.shape[0])

    @property
    def width(self) -> int:
        return int(self.image_rgb.shape[1])

    @property
    def device(self) -> torch.device:
        return self.image_rgb.device if self.compute_device is None else self.compute_device

    def on_device(self) -> Self:
        """The same view with its pixels where depth is computed."""
        view = self.loaded()
        if view.image_rgb.device == self.device:
            return view
        return replace(view, image_rgb=view.image_rgb.to(self.device))

    @property
    def camera_matrix(self) -> Matrix:
        """The calibration matrix K (3, 3) float64, from camera coordinates to pixels."""
        fx, fy, cx, cy = self.intrinsics
        return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])

    @property
    def center_in_world(self) -> Matrix:
        """The camera centre (3,) float64 in the world frame, world units."""
        return np.asarray(-self.camera_from_world[:3, :3].T @ self.camera_from_world[:3, 3])

    def gray(self) -> Tensor:
        """(H, W) float32 luma, 0 to 1."""
        weights = torch.tensor(_LUMA_WEIGHTS, device=self.device) / 255.0
        return self.loaded().image_rgb.to(torch.float32) @ weights

    def sparse_in_camera(self) -> Matrix:
        """(N, 3) float64, the sparse points in the camera frame, world units."""
        pose = self.camera_from_world
        return np.asarray(self.sparse_in_world @ pose[:3, :3].T + pose[:3, 3])

    def color_samples(self) -> ColorSamples:
        """The colours at the sparse points."""
        in_camera = self.sparse_in_camera()
        is_ahead = in_camera[:, 2] > 0.0
        in_camera = in_camera[is_ahead]
        places = in_camera[:, :2] / in_camera[:, 2:] * self.intrinsics[:2] + self.intrinsics[2:]
        return ColorSamples.taken(self.loaded().image_rgb.cpu().numpy(), places, self.sparse_ids[is_ahead])

    def halved(self) -> Self:
        """The view at half its size; an odd last row or column is left out."""
        height, width = self.height // 2, self.width // 2
        pixels = self.loaded().image_rgb[: 2 * height, : 2 * width].to(torch.int16).reshape(2 * height, width, 2, 3)
        pairs = (
            pixels[0::2] + pixels[1::2]
        )  # sums of slices: `mean` takes 14 times as long (5.8 and 0.4 ms, 2026-11-28)
        mean = (pairs[:, :, 0] + pairs[:, :, 1]).to(torch.float32) / 4.0
        return type(self)(
            image_number=self.image_number,
            image_rgb=mean.round().to(torch.uint8),
            intrinsics=self.intrinsics / 2.0,
            camera_from_world=self.camera_from_world,
            sparse_ids=self.sparse_ids,
            sparse_in_world=self.sparse_in_world,
            camera_id=self.camera_id,
            compute_device=self.compute_device,
        )


def has_content(view: View) -> Tensor:
    """(H, W) bool: where the image or a neighbouring pixel is not black; masks are painted black, and no camera gives it."""
    return largest_around((view.loaded().image_rgb > 0).any(dim=2), 1)


def largest_around(values: Tensor, reach_px: int) -> Tensor:
    """The largest of values (H, W) float32 within a square that reaches so many pixels to each side; nothing lies beyond the border.

    One axis after the other over shifted slices: `max_pool2d` takes 25 times as long (29 and 1.1 ms, 2026-11-28).
    """
    for dim in (1, 0):
        largest = values.clone()
        for shift in range(1, reach_px + 1):
            count = values.shape[dim] - shift
            if count <= 0:
                break
            low, high = values.narrow(dim, 0, count), values.narrow(dim, shift, count)
            for target, source in ((largest.narrow(dim, 0, count), high), (largest.narrow(dim, shift, count), low)):
                torch.maximum(target, source, out=target)
        values = largest
    return values


def best_sources(reference: View, candidates: Sequence[View], count: int) -> list[View]:
    """The `count` candidates that share the most sparse points under useful triangulation angles, best first.

    A common point's weight is a Gaussian of its triangulation angle around 12 degrees, narrower below than above.
    Candidates with fewer than 8 common points are left out.

    Source: Yao et al., "MVSNet: Depth Inference for Unstructured Multi-View Stereo", ECCV 2018, section 4.1.
    """
    scores = [_usefulness(reference, candidate) for candidate in candidates]
    order = sorted(range(len(candidates)), key=lambda row: -scores[row])
    return [candidates[row] for row in order[:count] if scores[row] > 0.0]


def _usefulness(reference: View, candidate: View) -> float:
    if candidate.image_number == reference.image_number:
        return 0.0
    is_common = np.isin(reference.sparse_ids, candidate.sparse_ids)
    if int(is_common.sum()) < _MIN_COMMON_POINTS:
        return 0.0
    points = reference.sparse_in_world[is_common]
    offsets = triangulation_angles_deg(points, reference.center_in_world, candidate.center_in_world) - _BEST_ANGLE_DEG
    spread = np.where(offsets < 0.0, _SPREAD_BELOW_DEG, _SPREAD_ABOVE_DEG)
    return float(np.exp(-0.5 * (offsets / spread) ** 2).sum())


def triangulation_angles_deg(points_in_world: Matrix, first_center: Matrix, second_center: Matrix) -> Matrix:
    """(N,) angles in degrees at the points (N, 3) between the rays to two camera centres (3,), all in the world frame."""
    first, second = first_center - points_in_world, second_center - points_in_world
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines = (first * second).sum(axis=1) / np.maximum(lengths, 1e-300)
    return np.asarray(np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0))))
