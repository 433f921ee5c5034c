"""How deep is every pixel of an image? Plane sweep, semi-global matching and refinement: the built-in depth engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from broker.errors import CairnError
from reconstructor.engine.mvs.correlation import correlation_scores
from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.patch_match import PatchMatchSettings, patch_match
from reconstructor.engine.mvs.projection import Projection, pixel_centers
from reconstructor.engine.mvs.refinement import BestHypothesis, best_of_planes, bilateral_filter, refined
from reconstructor.engine.mvs.semi_global_matching import Smoothness
from reconstructor.engine.mvs.views import View

_MIN_SPARSE_POINTS = 8
_MIN_PLANES, _MAX_PLANES = 48, 192
_LEAST_QUICK_PX = 64  # of a quarter of the size; in smaller images a window covers too much
_MATCH_NOISE_PX = 0.06  # at a correlation of 1; both are fitted to the 68 % error on rendered stone, 2026-11-24
_MATCH_NOISE_PER_DOUBT_PX = 0.25


class TooLittleSparseError(CairnError):
    """The image sees too few sparse points to know where to search."""

    code = "too_little_sparse"
    remedy = "Photograph with more overlap and texture."


class NoSourceError(CairnError):
    """No other image to match against."""

    code = "no_source"
    remedy = "Photograph the same part from a second place."


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSettings:
    """Settings of the plane sweep and the refinement.

    Attributes:
        window: side of the correlation window in pixels, odd, at both image sizes.
        plane_spacing_px: parallax between two planes, in the source that shows the most, at half the image's size.
        fine_spacing_px: the same between two hypotheses of the refinement, at the image's full size.
        fine_count: how many hypotheses the refinement has.
        half_count: the same at half the size, of a quick depth map, whose planes are swept at a quarter of the size.
        last_count, last_window: hypotheses and window of a second refinement, which starts at the result of the first one:
            the windows follow the surface at full size, so small ones are enough, and they cover less beyond an edge.
        min_score: the least correlation of a valid pixel.
        slant: settings of PatchMatch after the refinement; None leaves it out.
        coarse_smoothness, fine_smoothness: penalties of the sweep and of the refinement. Strong penalties with a small
            window find more of a weakly textured statue than the reverse (53 % and 43 % of the points within 2 ground
            sampling distances, 2026-11-24).
    """

    window: int = 5
    plane_spacing_px: float = 1.25
    fine_spacing_px: float = 0.5
    fine_count: int = 8
    half_count: int = 16
    last_count: int = 5
    last_window: int = 3
    min_score: float = 0.35
    slant: PatchMatchSettings | None = None
    coarse_smoothness: Smoothness = field(default_factory=lambda: Smoothness(step_penalty=0.2, jump_penalty=2.0))
    fine_smoothness: Smoothness = field(default_factory=lambda: Smoothness(step_penalty=0.03, jump_penalty=0.15))


class PlaneSweep:
    """The built-in depth engine; its settings are its only state."""

    def __init__(self, settings: SweepSettings) -> None:
        self._settings = settings

    @torch.inference_mode()
    def half_depth_map(self, reference: View, sources: Sequence[View]) -> DepthMap | None:
        """As `reconstructor.engine.mvs.dense_model.DepthEngine.half_depth_map`."""
        if not sources:
            raise NoSourceError(f"image {reference.image_number}: give at least one source image")
        half, half_sources = reference.on_device().halved(), [source.on_device().halved() for source in sources]
        if min(half.height, half.width) < 2 * _LEAST_QUICK_PX:
            return None
        quarter = self._swept(half.halved(), [source.halved() for source in half_sources])
        start = enlarged(quarter, half.height, half.width)
        return self._judged(self._refined(half, half_sources, start, self._settings.half_count, self._settings.window))

    @torch.inference_mode()
    def depth_map(
        self, reference: View, sources: Sequence[View], *, is_quick: bool = False, half: DepthMap | None = None
    ) -> DepthMap:
        """As `reconstructor.engine.mvs.dense_model.DepthEngine.depth_map`."""
        if not sources:
            raise NoSourceError(f"image {reference.image_number}: give at least one source image")
        reference, sources = reference.on_device(), [source.on_device() for source in sources]
        if is_quick and half is None:
            half = self.half_depth_map(reference, sources)
        if half is None:
            coarse = self._swept(reference.halved(), [source.halved() for source in sources])
        else:
            coarse = half.inverse_depth
        start = enlarged(coarse, reference.height, reference.width)
        match = self._refined_twice(reference, sources, start)
        judged = self._judged(bilateral_filter(match))
        if self._settings.slant is None:
            return judged
        gray, pairs = reference.gray(), matchable(reference, sources)
        finer = self._judged(bilateral_filter(patch_match(gray, pairs, bilateral_filter(match), self._settings.slant)))
        return finer.masked(judged.valid)

    def _swept(self, reference: View, sources: Sequence[View]) -> Tensor:
        nearest, farthest = inverse_depth_range(reference)
        pairs = matchable(reference, sources)
        count = _plane_count(reference, pairs, nearest, farthest, self._settings.plane_spacing_px)
        planes = torch.linspace(farthest, nearest, count, device=reference.device)
        gray = reference.gray()
        scores = correlation_scores(gray, pairs, planes[None, None], window=self._settings.window)
        return best_of_planes(scores, planes, gray, self._settings.coarse_smoothness)

    def _refined_twice(self, reference: View, sources: Sequence[View], start: Tensor) -> BestHypothesis:
        """Refine a map (H, W) of inverse depths, then refine the result in smaller windows; the lower of both scores counts."""
        first = self._refined(reference, sources, start, self._settings.fine_count, self._settings.window)
        around = bilateral_filter(first).inverse_depth
        last = self._refined(reference, sources, around, self._settings.last_count, self._settings.last_window)
        return replace(last, score=torch.minimum(first.score, last.score))  # a small window correlates by chance

    def _refined(
        self, reference: View, sources: Sequence[View], start: Tensor, count: int, window: int
    ) -> BestHypothesis:
        """Search around a map (H, W) of inverse depths."""
        return refined(
            reference.gray(),
            matchable(reference, sources),
            start,
            spacing_px=self._settings.fine_spacing_px,
            count=count,
            window=window,
            smoothness=self._settings.fine_smoothness,
        )

    def _judged(self, match: BestHypothesis) -> DepthMap:
        noise_px = _MATCH_NOISE_PX + _MATCH_NOISE_PER_DOUBT_PX * (1.0 - match.score)
        valid = (match.score > self._settings.min_score) & (match.inverse_depth > 0.0) & (match.speed > 0.0)
        return DepthMap(
            inverse_depth=match.inverse_depth,
            deviation=noise_px / match.speed.clamp_min(torch.finfo(torch.float32).tiny),
            confidence=((match.score - self._settings.min_score) / (1.0 - self._settings.min_score)).clamp(0.0, 1.0),
            valid=valid,
        )


def inverse_depth_range(view: View) -> tuple[float, float]:
    """The largest and the least inverse depth to search, 1 / world units: the sparse points' range with a margin.

    Raises:
        TooLittleSparseError: fewer than 8 sparse points ahead of the camera.
    """
    depths = view.sparse_in_camera()[:, 2]
    inverse = 1.0 / depths[depths > 0.0]
    if len(inverse) < _MIN_SPARSE_POINTS:
        raise TooLittleSparseError(
            f"image {view.image_number}: {len(inverse)} sparse points ahead, 8 are needed for depth"
        )
    farthest, nearest = np.percentile(inverse, (1.0, 99.0))
    return 1.3 * float(nearest), 0.8 * float(farthest)


def matchable(reference: View, sources: Sequence[View]) -> list[tuple[Tensor, Projection]]:
    """The luma (H', W') float32, 0 to 1, of each source and the projection from the reference into it."""
    return [(source.gray(), Projection.between(reference, source)) for source in sources]


def enlarged(coarse: Tensor, height: int, width: int) -> Tensor:
    """Double the size of a map (H', W') float32 to (H, W), bilinearly; an odd last row or column is repeated."""
    doubled = torch.nn.functional.interpolate(coarse[None, None], scale_factor=2.0, mode="bilinear")
    missing = (0, width - doubled.shape[3], 0, height - doubled.shape[2])
    return torch.nn.functional.pad(doubled, missing, mode="replicate")[0, 0]


def _plane_count(
    reference: View, pairs: Sequence[tuple[Tensor, Projection]], nearest: float, farthest: float, spacing_px: float
) -> int:
    pixels = pixel_centers(reference.height, reference.width, reference.device)
    ends = torch.tensor([farthest, nearest], device=reference.device)[None, None]
    medians = []
    for _, projection in pairs:
        x, y, ratio = projection.at(pixels, ends)
        paths = torch.hypot(x[:, :, 1] - x[:, :, 0], y[:, :, 1] - y[:, :, 0])
        medians.append(paths.masked_fill((ratio <= 0.0).any(dim=2), torch.nan).nanmedian())
    longest = max(0.0, float(torch.stack(medians).nan_to_num(0.0).max()))  # one wait for the GPU, not one a source
    wanted = 8 * int(np.ceil(longest / spacing_px / 8.0))
    return int(np.clip(wanted, _MIN_PLANES, _MAX_PLANES))
