"""How well do the sources agree with a plane at each pixel? Bilaterally weighted normalised cross correlation.

In `correlation` every pixel of a window has its own depth; here a window is one plane, and a pixel weighs less the more
its luma differs from the centre's, so that a window ends at an edge of the image.
Source: Schönberger et al., "Pixelwise View Selection for Unstructured Multi-View Stereo", ECCV 2016, eq. 7.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from reconstructor.engine.mvs.correlation import NOISE_VARIANCE, UNSEEN, mean_of_best_half
from reconstructor.engine.mvs.projection import Projection, pixel_centers

_PIXELS_AT_ONCE, _PIXELS_AT_ONCE_ON_GPU = 1 << 15, 1 << 20  # on a GPU all of a colour: few and large kernels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planes:
    """One plane for each of N pixels, everything (N,) float32.

    Attributes:
        inverse_depth: at the pixel's centre, 1 / world units along the optical axis.
        across, down: its change per pixel to the right and downwards; a plane's inverse depth is affine in the image.
    """

    inverse_depth: Tensor
    across: Tensor
    down: Tensor

    def take(self, rows: Tensor | slice) -> "Planes":
        """Take the planes of some pixels: indexes (M,) int64, or a slice of the N."""
        return Planes(inverse_depth=self.inverse_depth[rows], across=self.across[rows], down=self.down[rows])

    def put(self, rows: Tensor, planes: "Planes") -> None:
        """Replace the planes of the pixels at the indexes (M,) int64, in place."""
        self.inverse_depth[rows], self.across[rows], self.down[rows] = planes.inverse_depth, planes.across, planes.down

    def shifted(self, across_px: Tensor, down_px: Tensor) -> "Planes":
        """The same planes at other pixels, which lie (N,) float32 pixels to the right and below."""
        moved = self.inverse_depth + self.across * across_px + self.down * down_px
        return Planes(inverse_depth=moved, across=self.across, down=self.down)

    def where(self, chosen: Tensor, other: "Planes") -> "Planes":
        """The other planes where `chosen`, (N,) bool, is true, and these elsewhere."""
        return Planes(
            inverse_depth=torch.where(chosen, other.inverse_depth, self.inverse_depth),
            across=torch.where(chosen, other.across, self.across),
            down=torch.where(chosen, other.down, self.down),
        )


class WeightedWindows:
    """The reference's part of the correlation, computed once: each window's luma, weights, mean and variance.

    Args:
        gray: (H, W) float32 luma, 0 to 1.
        sources: the luma (H', W') float32 of each source, 0 to 1, and the projection from the reference into it.
        radius: half the side of the square window, pixels.
        luma_sigma: the standard deviation of the Gaussian weight of a difference of luma.
    """

    def __init__(
        self, gray: Tensor, sources: Sequence[tuple[Tensor, Projection]], *, radius: int, luma_sigma: float
    ) -> None:
        self._radius = radius
        self._sources = [(source - source.mean(), projection) for source, projection in sources]
        reach = torch.arange(-radius, radius + 1, dtype=torch.float32, device=gray.device)
        down, across = torch.meshgrid(reach, reach, indexing="ij")
        self._across, self._down = across.reshape(-1), down.reshape(-1)
        self._x, self._y = pixel_centers(gray.shape[0], gray.shape[1], gray.device).reshape(2, -1)
        middle = (gray - gray.mean())[None, None]
        around = F.pad(middle, [radius] * 4, mode="replicate")
        self._luma = F.unfold(around, 2 * radius + 1)[0].T.contiguous()
        contrast = (self._luma - middle.reshape(-1, 1)) / luma_sigma
        self._weight = torch.softmax(-0.5 * contrast.square(), dim=1)
        self._mean = (self._weight * self._luma).sum(dim=1)
        self._variance = ((self._weight * self._luma.square()).sum(dim=1) - self._mean.square()).clamp_min(0.0)

    def scores(self, rows: Tensor, planes: Planes) -> Tensor:
        """Score planes (N,) at pixels (N,) int64, which are numbered row by row.

        Returns:
            (N,) float32, -1 to 1: the mean of the best half of the sources' correlations.
        """
        at_once = _PIXELS_AT_ONCE if rows.device.type == "cpu" else _PIXELS_AT_ONCE_ON_GPU
        parts = [
            mean_of_best_half(
                self._correlations(rows[begin : begin + at_once], planes.take(slice(begin, begin + at_once))),
                len(self._sources),
            )
            for begin in range(0, len(rows), at_once)
        ]
        return torch.cat(parts)

    def _correlations(self, rows: Tensor, planes: Planes) -> Iterator[Tensor]:
        pixels = torch.stack([self._x[rows, None] + self._across, self._y[rows, None] + self._down])
        inverse_depth = planes.inverse_depth[:, None] + planes.across[:, None] * self._across
        inverse_depth = (inverse_depth + planes.down[:, None] * self._down)[:, :, None]
        weight, luma, mean, variance = self._weight[rows], self._luma[rows], self._mean[rows], self._variance[rows]
        middle = len(self._across) // 2
        for source, projection in self._sources:
            x, y, _ = projection.at(pixels, inverse_depth)
            warped = projection.sample(source, x, y)[:, :, 0]
            weighted = weight * warped
            warped_mean = weighted.sum(dim=1)
            covariance = (weighted * luma).sum(dim=1) - warped_mean * mean
            warped_variance = ((weighted * warped).sum(dim=1) - warped_mean.square()).clamp_min(0.0)
            energy = (warped_variance + NOISE_VARIANCE) * (variance + NOISE_VARIANCE)
            is_inside = projection.is_inside(x[:, middle], y[:, middle], self._radius + 0.5)[:, 0]
            yield torch.where(is_inside, (covariance * energy.rsqrt()).clamp(-1.0, 1.0), UNSEEN)
