"""Where exactly does the surface lie near a coarse depth? Local hypotheses, semi-global matching, a bilateral filter.

Every pixel tries a few inverse depths around its own coarse one. The coarse map is smooth, so the windows of the
correlation follow a slanted surface, and oblique walls become as exact as frontal ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from reconstructor.engine.mvs.correlation import correlation_scores
from reconstructor.engine.mvs.projection import Projection, pixel_centers
from reconstructor.engine.mvs.semi_global_matching import Smoothness, semi_global_costs

_BILATERAL_RADIUS = 2
_SAME_SURFACE_PX = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BestHypothesis:
    """The best hypothesis of each pixel, everything (H, W) float32.

    Attributes:
        inverse_depth: interpolated between the hypotheses by a parabola, 1 / world units.
        score: the correlation of the nearest hypothesis, -1 to 1.
        speed: pixels per unit of inverse depth, in the source that shows the most parallax.
    """

    inverse_depth: Tensor
    score: Tensor
    speed: Tensor


def best_of_planes(scores: Tensor, inverse_depths: Tensor, gray: Tensor, smoothness: Smoothness) -> Tensor:
    """(H, W) float32 inverse depth, 1 / world units, of the plane that semi-global matching selects.

    Args:
        scores: (H, W, D) float32 correlations, -1 to 1.
        inverse_depths: (D,) float32, 1 / world units, evenly spaced: the planes.
        gray: (H, W) float32 luma, 0 to 1.
        smoothness: the penalties.
    """
    costs = semi_global_costs((1.0 - scores).mul_(0.5), gray, smoothness)
    place = costs.argmin(dim=2)
    spacing = inverse_depths[1] - inverse_depths[0]
    return inverse_depths[0] + (place + peak_offset(costs.neg_(), place)) * spacing


def refined(
    gray: Tensor,
    sources: Sequence[tuple[Tensor, Projection]],
    coarse: Tensor,
    *,
    spacing_px: float,
    count: int,
    window: int,
    smoothness: Smoothness,
) -> BestHypothesis:
    """Search a few inverse depths around those of a coarse map.

    Args:
        gray: (H, W) float32 luma of the reference, 0 to 1.
        sources: the luma (H', W') float32 of each source, 0 to 1, and the projection from the reference into it.
        coarse: (H, W) float32 inverse depths, 1 / world units.
        spacing_px: parallax between two hypotheses, in the source that shows the most.
        count: how many hypotheses each pixel has.
        window: the side of the correlation window, pixels, odd.
        smoothness: the penalties of semi-global matching.
    """
    pixels = pixel_centers(gray.shape[0], gray.shape[1], gray.device)
    speed = _largest_speed(pixels, sources, coarse)
    step = spacing_px / speed.clamp_min(torch.finfo(torch.float32).tiny)
    places = torch.arange(count, dtype=torch.float32, device=gray.device) - (count - 1) / 2.0
    hypotheses = torch.addcmul(coarse[:, :, None], step[:, :, None], places)
    scores = correlation_scores(gray, sources, hypotheses, window=window)
    place = semi_global_costs((1.0 - scores).mul_(0.5), gray, smoothness).argmin(dim=2)
    moved = (place + peak_offset(scores, place) - (count - 1) / 2.0) * step
    return BestHypothesis(
        inverse_depth=coarse + moved,
        score=scores.gather(2, place[:, :, None])[:, :, 0],
        speed=speed,
    )


def bilateral_filter(match: BestHypothesis) -> BestHypothesis:
    """Smooth the inverse depth over 5 x 5 pixels; a neighbour weighs 1 / e if half a pixel of parallax lies between.

    Source: Tomasi and Manduchi, "Bilateral Filtering for Gray and Color Images", ICCV 1998, here of inverse depth.
    """
    height, width = match.inverse_depth.shape
    margins = [_BILATERAL_RADIUS] * 4
    around = F.pad(match.inverse_depth[None, None], margins, mode="replicate")[0, 0]
    scale = match.speed / _SAME_SURFACE_PX
    total, weights = torch.zeros_like(match.speed), torch.zeros_like(match.speed)
    for row in range(2 * _BILATERAL_RADIUS + 1):
        for column in range(2 * _BILATERAL_RADIUS + 1):
            offset = around[row : row + height, column : column + width] - match.inverse_depth
            weight = (offset * scale).square_().neg_().exp_()
            total.addcmul_(weight, offset)
            weights += weight
    return replace(match, inverse_depth=match.inverse_depth + total / weights)


def peak_offset(values: Tensor, place: Tensor) -> Tensor:
    """The maximum of the parabola through the values at a place and at its two neighbours.

    Args:
        values: (H, W, D) float32 or int16.
        place: (H, W) int64, indexes along D.

    Returns:
        (H, W) float32, -0.5 to 0.5, relative to the place; 0 at both ends and where there is no maximum.
    """
    last = values.shape[2] - 1
    middle = place.clamp(1, last - 1)[:, :, None]
    before, here, after = (values.gather(2, middle + shift)[:, :, 0].float() for shift in (-1, 0, 1))
    bend = before - 2.0 * here + after
    offset = (0.5 * (before - after) / bend).clamp_(-0.5, 0.5)
    is_peak = (bend < 0.0) & (place > 0) & (place < last)
    return torch.where(is_peak, offset, 0.0)


def _largest_speed(pixels: Tensor, sources: Sequence[tuple[Tensor, Projection]], inverse_depth: Tensor) -> Tensor:
    speeds = [target.pixels_per_inverse_depth(pixels, inverse_depth[:, :, None])[:, :, 0] for _, target in sources]
    return torch.stack(speeds).amax(dim=0)
