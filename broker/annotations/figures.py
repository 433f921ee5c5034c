"""What does a measure come to? Distances, heights, angles and areas between points of a world."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Final

from broker.envelope import Vector3
from broker.messages import WorldFrame
from broker.wire.annotations import Measure, MeasureKind

_Side = tuple[Vector3, Vector3]
_CLOSING_SHARE: Final = 0.02  # of the length of an outline: a last corner so near to the first one is the same place
_POWERS: Final = {"angle_deg": 0, "area": 2}  # of the scale; lengths have 1


def figures_of(measure: Measure, frame: WorldFrame) -> dict[str, float]:
    """The figures of a measure by name: `distance`, `horizontal`, `vertical`, `angle_deg`, `area`.

    They are in metres once a scale is set, else in world units. Horizontal and vertical parts need a known up. An outline
    that crosses itself has no area.
    """
    scale = frame.metres_per_unit or 1.0
    return {name: value * scale ** _POWERS.get(name, 1) for name, value in _in_units(measure, frame.up)}


def _in_units(measure: Measure, up: Vector3 | None) -> Iterator[tuple[str, float]]:
    """Each figure of a measure, in world units or degrees; the parts of a distance only where up is known."""
    first, second, *others = measure.points
    if measure.kind is MeasureKind.AREA:
        if not _is_crossed(measure.points):
            yield "area", _area(measure.points)
        return
    if measure.kind is MeasureKind.ANGLE:
        one, other = _minus(first, second), _minus(others[0], second)
        yield "angle_deg", math.degrees(math.atan2(math.hypot(*_cross(one, other)), _dot(one, other)))
        return
    across = _minus(second, first)
    if measure.kind is MeasureKind.DISTANCE:
        yield "distance", math.hypot(*across)
    if up is not None and (length := math.hypot(*up)) > 0:
        rise = _dot(across, up) / length
        yield "vertical", abs(rise)
        if measure.kind is MeasureKind.DISTANCE:
            yield "horizontal", math.sqrt(max(0.0, _dot(across, across) - rise * rise))


def _area(corners: Sequence[Vector3]) -> float:
    """The area of a closed outline that need not be flat: Newell's method."""
    relative = [_minus(corner, corners[0]) for corner in corners]
    crosses = [_cross(one, other) for one, other in zip(relative, [*relative[1:], relative[0]], strict=True)]
    return math.hypot(*(sum(axis) for axis in zip(*crosses, strict=True))) / 2


def _is_crossed(points: Sequence[Vector3]) -> bool:
    """Whether two sides of a closed outline cross, seen across its plane: its parts would be subtracted from each other."""
    corners = _without_closing(points)
    normals = (_cross(_minus(one, corners[0]), _minus(other, corners[0])) for one in corners for other in corners)
    normal = max(normals, key=lambda each: math.hypot(*each))
    sides = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    return any(
        _separates(one, other, normal) and _separates(other, one, normal)
        for one, other in itertools.combinations(sides, 2)
    )


def _without_closing(corners: Sequence[Vector3]) -> Sequence[Vector3]:
    """The corners without a last one at the first: some people close an outline by tapping where they began."""
    lengths = [math.dist(one, other) for one, other in zip(corners, [*corners[1:], corners[0]], strict=True)]
    is_closed = len(corners) > 3 and lengths[-1] < _CLOSING_SHARE * sum(lengths)  # noqa: PLR2004 - a triangle
    return corners[:-1] if is_closed else corners


def _separates(line: _Side, side: _Side, normal: Vector3) -> bool:
    """Whether the ends of a side lie on both sides of the line through another one."""
    begin, end = line
    turns = [_dot(normal, _cross(_minus(end, begin), _minus(point, begin))) for point in side]
    return min(turns) < 0 < max(turns)


def _minus(one: Vector3, other: Vector3) -> Vector3:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def _dot(one: Vector3, other: Vector3) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _cross(one: Vector3, other: Vector3) -> Vector3:
    (a, b, c), (d, e, f) = one, other
    return b * f - c * e, c * d - a * f, a * e - b * d
