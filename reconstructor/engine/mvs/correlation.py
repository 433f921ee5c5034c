"""How well do the sources agree with the reference at each of several inverse depths of each pixel?

Zero-mean normalised cross correlation (NCC) in square windows; the sums are separable box filters. Every pixel of a
window is warped by its own inverse depth, so that a window follows the surface that the hypotheses describe.
"""

from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from reconstructor.engine.mvs.projection import Projection, pixel_centers
from reconstructor.engine.parallel import in_parallel

UNSEEN = -1.0  # the score where no source sees the pixel
_PLANES_AT_ONCE, _PLANES_AT_ONCE_ON_GPU = 8, 64  # the caches of a CPU hold so much; a GPU wants few and large kernels
NOISE_VARIANCE = (0.5 / 255.0) ** 2  # of rounding and JPEG; a window without texture scores 0, not a random value


def correlation_scores(
    reference_gray: Tensor,
    sources: Sequence[tuple[Tensor, Projection]],
    inverse_depth: Tensor,
    *,
    window: int,
) -> Tensor:
    """Score hypotheses by the mean of the best half of the sources' correlations.

    Args:
        reference_gray: (H, W) float32 luma, 0 to 1.
        sources: the luma (H', W') float32 of each source, 0 to 1, and the projection from the reference into it.
        inverse_depth: float32, 1 / world units: (1, 1, D) fronto-parallel planes or (H, W, D) hypotheses of each pixel.
        window: the side of the square, pixels, odd.

    Returns:
        (H, W, D) float32, -1 to 1; `UNSEEN` where no source sees the pixel.
    """
    height, width = reference_gray.shape
    count = inverse_depth.shape[2]
    scores = torch.empty((height, width, count), dtype=torch.float32, device=reference_gray.device)
    texture = _Texture(reference_gray, window)
    centred = [(gray - gray.mean(), projection) for gray, projection in sources]  # float32 sums of squares stay small
    at_once = _PLANES_AT_ONCE if reference_gray.device.type == "cpu" else _PLANES_AT_ONCE_ON_GPU

    def score(first: int) -> None:
        chunk = inverse_depth[:, :, first : first + at_once]
        correlations = (texture.correlations(gray, projection, chunk) for gray, projection in centred)
        scores[:, :, first : first + chunk.shape[2]] = mean_of_best_half(correlations, len(sources))

    in_parallel(score, range(0, count, at_once))
    return scores


class _Texture:
    """The reference's part of the correlation, computed once."""

    def __init__(self, gray: Tensor, window: int) -> None:
        self._window = window
        self._pixels = pixel_centers(gray.shape[0], gray.shape[1], gray.device)
        self._gray = (gray - gray.mean())[:, :, None]
        self._inverse_weight = box_mean(torch.ones_like(self._gray), window).reciprocal_()
        self._mean = self._box(self._gray)
        self._variance = (self._box(self._gray.square()) - self._mean.square()).clamp_min_(0.0)

    def _box(self, values: Tensor) -> Tensor:
        return box_mean(values, self._window).mul_(self._inverse_weight)

    def correlations(self, gray: Tensor, projection: Projection, inverse_depth: Tensor) -> Tensor:
        """(H, W, D) correlations with one source; `UNSEEN` where the window does not lie inside it."""
        x, y, _ = projection.at(self._pixels, inverse_depth)
        warped = projection.sample(gray, x, y)
        mean = self._box(warped)
        covariance = self._box(warped * self._gray).addcmul_(mean, self._mean, value=-1.0)
        variance = self._box(warped.square_()).addcmul_(mean, mean, value=-1.0).clamp_min_(0.0)
        energy = variance.add_(NOISE_VARIANCE).mul_(self._variance + NOISE_VARIANCE)
        correlation = covariance.mul_(energy.rsqrt_()).clamp_(-1.0, 1.0)
        is_outside = projection.is_inside(x, y, self._window / 2.0).logical_not_()
        return correlation.masked_fill_(is_outside, UNSEEN)


def box_mean(values: Tensor, window: int) -> Tensor:
    """(H, W, D) float32 means of values (H, W, D) float32 in square windows; zeros beyond the border.

    Sums of shifted slices: a depthwise convolution takes nine times as long on a CPU (7.5 and 0.8 ms, 2026-11-28).
    """
    height, width, reach = values.shape[0], values.shape[1], window // 2
    padded = F.pad(values, (0, 0, reach, reach, reach, reach))
    across = padded[:, :width] + padded[:, 1 : width + 1]
    for shift in range(2, window):
        across += padded[:, shift : shift + width]
    total = across[:height] + across[1 : height + 1]
    for shift in range(2, window):
        total += across[shift : shift + height]
    return total.mul_(1.0 / window**2)


def mean_of_best_half(correlations: Iterable[Tensor], source_count: int) -> Tensor:
    """The mean of the best half of the sources' correlations, each (H, W, D) float32, -1 to 1, like the result.

    `UNSEEN` where no source sees the pixel. Any other shape works, too.
    """
    best: list[Tensor] = []  # the highest first, of each hypothesis on its own
    for correlation in correlations:
        challenger = correlation
        for place, champion in enumerate(best):
            best[place] = torch.maximum(champion, challenger)
            challenger = torch.minimum(champion, challenger)
        if len(best) < (source_count + 1) // 2:
            best.append(challenger)
    if len(best) == 1:
        return best[0]
    is_seen = [score > UNSEEN for score in best]
    total, seen_count = torch.zeros_like(best[0]), torch.zeros_like(best[0])
    for score, seen in zip(best, is_seen, strict=True):
        total += score.masked_fill(~seen, 0.0)
        seen_count += seen
    return torch.where(is_seen[0], total.div_(seen_count.clamp_min_(1.0)), UNSEEN)
