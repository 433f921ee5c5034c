"""How large is a unit of the world? Ranked scale sources, and which source replaces which. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from broker.envelope import Vector3
from broker.errors import CairnError
from broker.manifest import Manifest
from broker.messages import ScaleBar, ScaleSource, WorldFrame
from reconstructor.clouds.sharding import longest_edge

_RANK: Final = {ScaleSource.NONE: 0, ScaleSource.GPS: 1, ScaleSource.BASELINE: 2, ScaleSource.SCALE_BAR: 3}
_SURE_RATIO: Final = 0.01  # a deviation below it is less than a person reads from a tape
_SHORTEST: Final = 1e-3  # of the object's longest edge: a point is not picked more finely
_FARTHEST: Final = 2.0  # edges from the object's centre: nobody picks a point out there
_OBJECT_M: Final = (1e-3, 1e5)


class BadScaleBarError(CairnError):
    """The distance does not determine this object's size."""

    code = "bad_scale_bar"
    remedy = "Measure two points that lie apart, on the present cloud."


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Metres per unit of the world, its source, and its standard deviation over itself where the source tells."""

    metres_per_unit: float
    source: ScaleSource
    deviation_ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What is known of the scale beside what the present manifest says.

    Attributes:
        measured: the best scale that cameras or the black box tell now.
        is_fixed: whether somebody laid a scale bar, which stands above all that is measured.
    """

    measured: Scale | None = None
    is_fixed: bool = False


NOTHING_KNOWN: Final = Scaling()
_UNSCALED: Final = Scale(metres_per_unit=0.0, source=ScaleSource.NONE)


def scaled(frame: WorldFrame, scale: Scale | None) -> WorldFrame:
    """The same frame with another scale, or without one."""
    if scale is None:
        scale = _UNSCALED
    return frame.model_copy(
        update={
            "metres_per_unit": scale.metres_per_unit or None,
            "scale_source": scale.source,
            "scale_deviation_ratio": scale.deviation_ratio,
        }
    )


def next_scale(old: WorldFrame, scaling: Scaling, *, growth: float, is_complete: bool) -> Scale | None:
    """The scale of the next manifest.

    A measured scale is taken over when it is the first or a better one. The same source corrects itself with each
    photograph until it is sure, and after that only with a complete reconstruction, so that lengths which people read
    do not flicker.

    Args:
        old: the frame before.
        scaling: what is known now, in the next world.
        growth: length in the next world of what is 1 long in the world before.
        is_complete: whether a complete reconstruction begins here.
    """
    kept = None
    if old.metres_per_unit is not None:
        kept = Scale(
            metres_per_unit=old.metres_per_unit / growth,
            source=old.scale_source,
            deviation_ratio=old.scale_deviation_ratio,
        )
    measured = scaling.measured
    if measured is None or (scaling.is_fixed and kept is not None):
        return kept
    if kept is None or is_complete or _RANK[measured.source] > _RANK[kept.source]:
        return measured
    is_unsure = kept.deviation_ratio is not None and kept.deviation_ratio > _SURE_RATIO
    return measured if is_unsure and measured.source is kept.source else kept


def scale_of_bar(bar: ScaleBar, manifest: Manifest | None) -> Scale:
    """What a scale bar says of the present world.

    Raises:
        BadScaleBarError: it was laid in another world, outside the object, or between points too close together.
    """
    if manifest is None or bar.project != manifest.project:
        raise BadScaleBarError("there is nothing to measure yet: lay the scale bar when points are there")
    length = float(np.linalg.norm(np.subtract(bar.end, bar.begin))) * _growth_since(bar, manifest)
    edge = longest_edge(manifest.bounds)
    if not length > _SHORTEST * edge:
        raise BadScaleBarError("the scale bar's ends lie too close together: take a longer distance")
    if bar.generation == manifest.generation and not all(_is_near(end, manifest) for end in (bar.begin, bar.end)):
        raise BadScaleBarError("the scale bar's ends do not lie on the object: pick them on its points")
    metres_per_unit = bar.distance_m / length
    if not _OBJECT_M[0] <= metres_per_unit * edge <= _OBJECT_M[1]:
        raise BadScaleBarError(f"the object would be {metres_per_unit * edge:.3g} m large: check distance_m")
    return Scale(metres_per_unit=metres_per_unit, source=ScaleSource.SCALE_BAR)


def _growth_since(bar: ScaleBar, manifest: Manifest) -> float:
    if bar.generation == manifest.generation:
        return 1.0
    if bar.generation == manifest.previous_generation:  # it crossed with a complete reconstruction
        return manifest.frame.world_from_previous.scale
    raise BadScaleBarError(f"generation {bar.generation} is not the present one: set the scale bar again")


def _is_near(point: Vector3, manifest: Manifest) -> bool:
    minimum, maximum = (np.add(corner, manifest.frame.offset) for corner in _corners(manifest))
    distance = float(np.abs(np.subtract(point, (minimum + maximum) / 2)).max())
    return distance <= _FARTHEST * longest_edge(manifest.bounds)


def _corners(manifest: Manifest) -> tuple[Vector3, Vector3]:
    return manifest.bounds.minimum, manifest.bounds.maximum
