"""Where does a pixel of one image, at an inverse depth, fall in another image? Infinite homography plus epipole."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from reconstructor.engine.mvs.views import View

_BEHIND = 1e-9  # a depth ratio below this is behind the camera, or on its plane


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projection:
    """From reference pixels to target pixels: `homogeneous = homography @ (x, y, 1) + inverse_depth * epipole`.

    Attributes:
        homography: (3, 3) float32, that of the plane at infinity, in pixels.
        epipole: (3,) float32, homogeneous, in pixels: the image of the reference's centre, times world units.
        height, width: the target's size in pixels.
    """

    homography: Tensor
    epipole: Tensor
    height: int
    width: int

    @classmethod
    def between(cls, reference: View, target: View) -> Self:
        target_from_reference = target.camera_from_world @ np.linalg.inv(reference.camera_from_world)
        homography = target.camera_matrix @ target_from_reference[:3, :3] @ np.linalg.inv(reference.camera_matrix)
        epipole = target.camera_matrix @ target_from_reference[:3, 3]
        return cls(
            homography=torch.from_numpy(homography).to(reference.device, torch.float32),
            epipole=torch.from_numpy(epipole).to(reference.device, torch.float32),
            height=target.height,
            width=target.width,
        )

    def at(self, pixels: Tensor, inverse_depth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Target pixels x, y and the ratio `depth in target / depth in reference`.

        Args:
            pixels: (2, H, W) float32, x and y in pixels of the reference.
            inverse_depth: (H, W, D) or (1, 1, D) float32, 1 / world units, several for each pixel.

        Returns:
            three (H, W, D) float32; where the ratio is not positive, x or y lies far outside the target.
        """
        far = torch.einsum("ij,jhw->ihw", self.homography[:, :2], pixels) + self.homography[:, 2, None, None]
        ratio = torch.addcmul(far[2, :, :, None], inverse_depth, self.epipole[2])
        scale = ratio.clamp_min(_BEHIND).reciprocal_()  # behind the camera all pixels fall far outside
        x = torch.addcmul(far[0, :, :, None], inverse_depth, self.epipole[0]).mul_(scale)
        y = torch.addcmul(far[1, :, :, None], inverse_depth, self.epipole[1]).mul_(scale)
        return x, y, ratio

    def pixels_per_inverse_depth(self, pixels: Tensor, inverse_depth: Tensor) -> Tensor:
        """The derivative of the target pixel's position by inverse depth, pixels * world units.

        Args:
            pixels: (2, H, W) float32, x and y in pixels of the reference.
            inverse_depth: (H, W, D) float32, 1 / world units.

        Returns:
            (H, W, D) float32; 0 behind the camera.
        """
        x, y, ratio = self.at(pixels, inverse_depth)
        speed = torch.hypot(self.epipole[0] - x * self.epipole[2], self.epipole[1] - y * self.epipole[2])
        return torch.where(ratio > _BEHIND, speed / ratio.clamp_min(_BEHIND), 0.0)

    def sample(self, image: Tensor, x: Tensor, y: Tensor, *, mode: str = "bilinear") -> Tensor:
        """(H, W, D) float32 samples of an image (H', W') float32 of the target, at its pixels x, y (H, W, D) float32.

        Beyond the image's border the values of the border are repeated.
        """
        grid = torch.empty((*x.shape, 2), dtype=x.dtype, device=x.device)
        torch.mul(x, 2.0 / self.width, out=grid[..., 0]).sub_(1.0)
        torch.mul(y, 2.0 / self.height, out=grid[..., 1]).sub_(1.0)
        flat = grid.view(1, x.shape[0], -1, 2)  # one tall image, so that D is the innermost axis of the result
        sampled = torch.nn.functional.grid_sample(
            image[None, None], flat, mode=mode, padding_mode="border", align_corners=False
        )
        return sampled.view(x.shape)

    def is_inside(self, x: Tensor, y: Tensor, margin: float) -> Tensor:
        """(H, W, D) bool: whether x, y (H, W, D) float32 lie at least `margin` pixels inside the target's border."""
        is_inside = (x >= margin) & (x <= self.width - margin)
        is_inside &= y >= margin
        is_inside &= y <= self.height - margin
        return is_inside


def pixel_centers(height: int, width: int, device: torch.device) -> Tensor:
    """(2, H, W) float32, x and y of the pixel centres, in pixels; the first is (0.5, 0.5)."""
    rows = torch.arange(height, dtype=torch.float32, device=device) + 0.5
    columns = torch.arange(width, dtype=torch.float32, device=device) + 0.5
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([x, y])
