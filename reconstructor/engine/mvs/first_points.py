"""What can be shown of a new image within a second? Points from depth of half the size, until those of full size replace them.

Depth of half the size is made on the way to that of full size, so the first points cost only their own confirmation. They
are confirmed by other images like all points, but rims are not cut: that takes longer than all the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from torch import Tensor

from reconstructor.engine.exposure.gains import Exposure
from reconstructor.engine.mvs.consistency import ConsistencyThresholds, confirmed, is_new_surface
from reconstructor.engine.mvs.depth_maps import DepthMap, SurfacePoints, surface_points
from reconstructor.engine.mvs.views import View, best_sources, has_content

_MOST_POINTS: Final = 30_000  # to cut and encode them takes 17 ms; 109,000 of the first three images took 85 ms


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HalfDepth:
    """An image of half the size with its depth.

    Attributes:
        view: the image, halved.
        depth_map: its depth, as matched.
        is_sure: whether it was matched against at least two others.
        earlier: images that may confirm it, with their depth of full size and (H, W) bool which pixels were published.
        exposure: what the colours of its points are corrected by.
    """

    view: View
    depth_map: DepthMap
    is_sure: bool
    earlier: Sequence[tuple[View, DepthMap, Tensor]]
    exposure: Exposure


def first_points(halves: Sequence[HalfDepth], agreement: ConsistencyThresholds) -> SurfacePoints:
    """The sure points that no earlier image shows as well; images of half the size confirm each other, too.

    Of more than 30,000 points only every n-th is kept, because those of full size replace them soon.
    """
    maps = {half.view.image_number: half.depth_map.masked(has_content(half.view)) for half in halves}
    views = [half.view for half in halves]
    found = []
    for half in halves:
        if not half.is_sure:
            continue
        depth_map = maps[half.view.image_number]
        others = [(other, other_map) for other, other_map, _ in half.earlier]
        others += [(each, maps[each.image_number]) for each in best_sources(half.view, views, len(views))]
        shown = [(other, other_map.masked(published)) for other, other_map, published in half.earlier]
        is_new = is_new_surface(half.view, depth_map, shown, agreement)
        sure = confirmed(half.view, depth_map, others, agreement).masked(is_new)
        found.append(surface_points(half.view, sure, half.exposure))
    every = SurfacePoints.join(found)
    return every.take(slice(None, None, max(1, -(-len(every) // _MOST_POINTS))))
