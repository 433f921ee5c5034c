"""Which pixels at a depth edge belong to what is behind it? Those with the colour of the far side get no depth.

The window of the correlation is wider than the edge of an object, so the object's depth reaches a few pixels too far
there, in all images, and they confirm one another: colour decides. It runs before the consistency check. Of the points of
a rendered statue 6.9 % hung beside it in the colour of its background, now 0.5 %; F fell from .8725 to .8618, because
edges are less complete (2026-11-28).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.views import View, largest_around
from reconstructor.engine.parallel import in_parallel

_EDGE_PX = 4  # as fat as depth is at edges
_REACH_PX, _STRIDE_PX = 8, 2  # of the pixels whose colours tell the sides apart
_SAME_DEPTH, _BEHIND = 0.02, 1.02
_LEAST_OUTSIDE_COUNT = 4
_ALIKE_LEVELS = 15.0  # without a known inside, a pixel must be this close to the outside
_LEAST_CONTRAST_LEVELS = 10.0  # between the sides: less tells nothing
_HOLE_PX = 5  # narrower holes of a map are no background
_ROWS_TOGETHER = 16_384  # pixels whose sums fit into the caches of a core


def without_rims(view: View, depth_map: DepthMap) -> DepthMap:
    """The same map, invalid at pixels near a depth edge whose colour is nearer to that of the far side."""
    nearest = _nearest(depth_map)
    rows = (depth_map.valid & _is_near_edge(depth_map, nearest, _EDGE_PX)).flatten().nonzero()[:, 0]
    if len(rows) == 0:
        return depth_map
    sides = _colours_beside(view, depth_map, nearest, rows)
    own = view.image_rgb.flatten(0, 1)[rows].to(torch.float32)
    to_outside = (own - sides.outside).norm(dim=1)
    to_inside = torch.where(sides.is_inside_known, (own - sides.inside).norm(dim=1), _ALIKE_LEVELS)
    contrast = (sides.inside - sides.outside).norm(dim=1)
    is_told_apart = ~sides.is_inside_known | (contrast > _LEAST_CONTRAST_LEVELS)
    is_rim = torch.zeros_like(depth_map.valid).flatten()
    is_rim[rows] = sides.is_outside_known & is_told_apart & (to_outside < to_inside)
    return depth_map.masked(~is_rim.reshape(depth_map.valid.shape))


def _nearest(depth_map: DepthMap) -> Tensor:
    """(H, W) float32 inverse depth; 0 where there is background, infinite in small holes, which are none."""
    is_valid = depth_map.valid.float()
    margin = _HOLE_PX // 2
    is_closed = -largest_around(-largest_around(is_valid, margin), margin) > 0
    return torch.where(depth_map.valid, depth_map.inverse_depth, torch.where(is_closed, torch.inf, 0.0))


def _is_near_edge(depth_map: DepthMap, nearest: Tensor, reach_px: int) -> Tensor:
    """(H, W) bool: whether anything farther by more than 2 % lies within so many pixels."""
    farthest = -largest_around(-nearest, reach_px)
    return farthest * _BEHIND < depth_map.inverse_depth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sides:
    """Mean colours (N, 3) float32 of the near and the far side around N pixels, 0 to 255, and (N,) bool if known."""

    inside: Tensor
    outside: Tensor
    is_inside_known: Tensor
    is_outside_known: Tensor


def _colours_beside(view: View, depth_map: DepthMap, nearest: Tensor, rows: Tensor) -> _Sides:
    """Inside are the pixels of the same depth well away from edges, or else a little away."""
    inside = [_where_away(depth_map, nearest, reach) for reach in (_EDGE_PX, _EDGE_PX // 2)]
    depths = [_bordered(each, torch.nan) for each in (*inside, nearest)]  # nothing compares with NaN: no pixel is there
    channels = [_bordered(each, 0.0) for each in view.image_rgb.to(torch.float32).unbind(2)]
    inverse_depth = depth_map.inverse_depth.flatten()

    def sums_around(rows: Tensor) -> tuple[Tensor, Tensor]:
        return _sums_around(rows, inverse_depth[rows], view.width, depths, channels)

    parts = in_parallel(sums_around, torch.split(rows, _ROWS_TOGETHER))
    sums, counts = (torch.cat(each, dim=-1) for each in zip(*parts, strict=True))
    means = (sums / counts.clamp_min(1.0)[:, None]).transpose(1, 2)
    return _Sides(
        inside=torch.where(counts[0][:, None] > 0, means[0], means[1]),
        outside=means[2],
        is_inside_known=(counts[0] > 0) | (counts[1] > 0),
        is_outside_known=counts[2] >= _LEAST_OUTSIDE_COUNT,
    )


def _sums_around(
    rows: Tensor, own: Tensor, width: int, depths: Sequence[Tensor], channels: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Sums (3, 3, N) of colours and counts (3, N) of the pixels inside, a little away, and outside of N pixels.

    Args:
        rows: (N,) int64 pixels of the image.
        own: (N,) float32, their inverse depths.
        width: of the image, pixels.
        depths: inverse depths well inside, a little inside, and of every pixel, each an image with a border.
        channels: red, green, blue, the same way.
    """
    sums, counts = torch.zeros((3, 3, len(rows)), device=own.device), torch.zeros((3, len(rows)), device=own.device)
    for places in _places_around(rows, width):
        near, middling, around = (each.index_select(0, places) for each in depths)  # quicker than each[places]
        weights = (
            ((near / own - 1.0).abs_() < _SAME_DEPTH).float(),
            ((middling / own - 1.0).abs_() < _SAME_DEPTH).float(),
            (around * _BEHIND < own).float(),
        )
        there = [each.index_select(0, places) for each in channels]
        for side, weight in enumerate(weights):
            counts[side] += weight
            for channel, values in enumerate(there):
                sums[side, channel].addcmul_(values, weight)
    return sums, counts


def _where_away(depth_map: DepthMap, nearest: Tensor, reach_px: int) -> Tensor:
    """(H, W) float32 inverse depth of the valid pixels that are so far from any edge; NaN elsewhere."""
    is_away = depth_map.valid & ~_is_near_edge(depth_map, nearest, reach_px)
    return torch.where(is_away, nearest, torch.nan)


def _bordered(values: Tensor, border: float) -> Tensor:
    """An image (H, W) float32 with a border as wide as the window reaches, row by row."""
    return F.pad(values, [_REACH_PX] * 4, value=border).flatten()


def _places_around(rows: Tensor, width: int) -> Iterator[Tensor]:
    """For each place of the window: the pixels (N,) int64 there, in an image with a border."""
    bordered_width = width + 2 * _REACH_PX
    places = (rows // width + _REACH_PX) * bordered_width + rows % width + _REACH_PX
    steps = range(-_REACH_PX, _REACH_PX + 1, _STRIDE_PX)
    for step_down in steps:
        for step_across in steps:
            yield places + (step_down * bordered_width + step_across)
