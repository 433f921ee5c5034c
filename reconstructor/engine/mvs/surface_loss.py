"""How much of the surface that viewers see would a refetch lose? The published pixels that no new depth map shows.

Pixels are compared, not points, because a refetch moves cameras. A refetch that loses more than 10 % is refused: its
cameras may be right by every other figure and still not let the photographs confirm one another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from broker.errors import CairnError
from reconstructor.engine.mvs.consistency import ConsistencyThresholds, is_seen_in
from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.entry import Entry
from reconstructor.engine.mvs.views import View, best_sources
from reconstructor.engine.sfm.gate.bounds import SURFACE_LOST

_NEAR_PX: Final = 2
_SAME_DEPTH: Final = 0.1  # generous: the surface may have moved, it must only still be there
_SAME_SURFACE = ConsistencyThresholds(round_trip_px=3.0, depth_ratio=_SAME_DEPTH)
_CHECK_IMAGE_COUNT: Final = 6
_SURE_SOURCES: Final = 2


class SurfaceLostError(CairnError):
    """A refetch that would take away surface which photographs support."""

    code = "surface_lost"
    remedy = (
        "Nothing: the present model stays. Photograph the lost part again from between the places of its photographs."
    )


def refuse_loss(share: float) -> None:
    """Raise if a refetch loses more of the surface than it may.

    Raises:
        SurfaceLostError: more than a tenth.
    """
    if not SURFACE_LOST.is_met(share):
        raise SurfaceLostError(SURFACE_LOST.objection.format(share))


@torch.inference_mode()
def surface_lost_share(before: Mapping[int, Entry], after: Mapping[int, Entry], views: Mapping[int, View]) -> float:
    """The share of the published pixels, each supported by two more photographs, that are lost.

    Images that are no longer placed do not count: whether they may go is decided before, and they may be in another
    component.

    Args:
        before: what was published, by image number.
        after: the new depth maps.
        views: the images under the new poses.
    """
    published_count = lost_count = 0
    for number, entry in before.items():
        if len(entry.sources) < _SURE_SOURCES or number not in views:
            continue
        published = entry.published
        published_count += int(published.sum())
        checks = best_sources(views[number], [views[other] for other in after], _CHECK_IMAGE_COUNT)
        own = [views[number]] if number in after else []
        shown = [(view, _published(after[view.image_number])) for view in (*own, *checks)]
        lost_count += int(_lost(views[number], replace(entry.depth_map, valid=published), shown).sum())
    return lost_count / published_count if published_count else 0.0


def _published(entry: Entry) -> DepthMap:
    return replace(entry.depth_map, valid=entry.published)


def _lost(view: View, before: DepthMap, after: Sequence[tuple[View, DepthMap]]) -> Tensor:
    """(H, W) bool: the valid pixels of the earlier map that no map afterwards shows."""
    is_lost = before.valid
    for other, now in after:
        if other.image_number == view.image_number and now.valid.shape == before.valid.shape:
            both = before.valid & now.valid
            if bool(both.any()):  # the world may have another scale around here
                ratio = (now.inverse_depth[both] / before.inverse_depth[both]).median()
                before = replace(before, inverse_depth=before.inverse_depth * ratio)
            is_lost = is_lost & ~_is_near(before, now)
        elif bool(is_lost.any()):
            is_lost = is_lost & ~is_seen_in(view, before, other, now, _SAME_SURFACE)
    return is_lost


def _is_near(before: DepthMap, now: DepthMap) -> Tensor:
    """(H, W) bool: whether a valid pixel of the same image within two pixels has about the same depth."""
    side = 2 * _NEAR_PX + 1
    nearest = F.max_pool2d(torch.where(now.valid, now.inverse_depth, 0.0)[None], side, 1, _NEAR_PX)[0]
    farthest = -F.max_pool2d(torch.where(now.valid, -now.inverse_depth, -torch.inf)[None], side, 1, _NEAR_PX)[0]
    return (nearest > (1.0 - _SAME_DEPTH) * before.inverse_depth) & (
        farthest < (1.0 + _SAME_DEPTH) * before.inverse_depth
    )
