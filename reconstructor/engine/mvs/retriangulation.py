"""How does a depth map follow its cameras? Depth re-triangulation: the same matches, triangulated with the new poses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.projection import Projection, pixel_centers
from reconstructor.engine.mvs.views import View

_ALL_BUT_FEW = 0.9
_SAMPLE_COUNT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Retriangulated:
    """A depth map under new poses.

    Attributes:
        depth_map: every pixel's match triangulated under the new poses.
        depth_change_ratio: 90th percentile of the relative change of depth, after the median scale is removed.
        epipolar_error_px: 90th percentile of the matches' distance from their new epipolar lines.
    """

    depth_map: DepthMap
    depth_change_ratio: float
    epipolar_error_px: float


@torch.inference_mode()
def retriangulated(depth_map: DepthMap, before: Sequence[View], after: Sequence[View]) -> Retriangulated:
    """Triangulate a depth map's matches under new poses.

    Args:
        depth_map: of the first view.
        before: the view of the map, then its sources, as they were when the map was computed.
        after: the same images with their new poses and intrinsics.
    """
    pixels = pixel_centers(before[0].height, before[0].width, before[0].device)
    old = depth_map.inverse_depth
    totals, weights, errors = torch.zeros_like(old), torch.zeros_like(old), []
    for old_source, new_source in zip(before[1:], after[1:], strict=True):
        x, y, _ = Projection.between(before[0], old_source).at(pixels, old[:, :, None])
        new = Projection.between(after[0], new_source)
        far = torch.einsum("ij,jhw->ihw", new.homography[:, :2], pixels) + new.homography[:, 2, None, None]
        match = torch.stack([x[:, :, 0], y[:, :, 0]])
        offset = far[:2] - match * far[2]
        slope = new.epipole[:2, None, None] - match * new.epipole[2]
        weight = slope.square().sum(dim=0)
        inverse_depth = -(offset * slope).sum(dim=0) / weight.clamp_min(torch.finfo(torch.float32).tiny)
        new_x, new_y, depth_ratio = new.at(pixels, inverse_depth[:, :, None])
        errors.append(torch.hypot(new_x[:, :, 0] - match[0], new_y[:, :, 0] - match[1])[depth_map.valid])
        is_ahead = (inverse_depth > 0.0) & (depth_ratio[:, :, 0] > 0.0)
        weight = torch.where(is_ahead, weight / depth_ratio[:, :, 0].square(), 0.0)  # its parallax squared
        totals += weight * inverse_depth
        weights += weight
    moved = totals / weights.clamp_min(torch.finfo(torch.float32).tiny)
    ratio = torch.where(weights > 0.0, moved / old, 1.0)
    valid = depth_map.valid & (moved > 0.0)
    changes = ratio[valid]
    scale = float(changes.median()) if len(changes) else 1.0
    return Retriangulated(
        depth_map=replace(depth_map, inverse_depth=moved, deviation=depth_map.deviation * ratio, valid=valid),
        depth_change_ratio=_upper((changes / scale - 1.0).abs()),
        epipolar_error_px=_upper(torch.cat(errors)) if errors else 0.0,
    )


def _upper(values: torch.Tensor) -> float:
    if len(values) == 0:
        return 0.0
    sample = values[:: max(1, len(values) // _SAMPLE_COUNT)]
    return float(sample.quantile(_ALL_BUT_FEW))
