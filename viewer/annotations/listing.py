"""Which measures and notes did people leave? The retained ones, as CSV or GeoJSON with the columns that the page writes."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from broker.channel import Match
from broker.config import Connection
from broker.contract import MEASURE, NOTE, REFERENCE, match
from broker.envelope import Vector3, decode
from broker.errors import CairnError
from broker.ids import ProjectId, SenderId
from broker.live import LiveMessage, follow
from broker.logs import get_logger
from broker.manifest import Manifest
from broker.messages import WorldFrame
from broker.wire.annotations import MAX_ANNOTATION_BYTES, Measure, MeasureKind, Note

_SILENCE_S: Final = 15.0
_COLUMNS: Final = (
    "kind", "name", "author", "set_at", "unit", "distance", "horizontal", "vertical", "angle_deg", "area", "points",
)  # fmt: skip


class NothingMeasuredError(CairnError):
    """A project without a cloud has no measures."""

    code = "nothing_measured"
    remedy = "Check the project's name, and that its first images have been placed."


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAnnotation:
    """A measure or note with its author."""

    user: SenderId
    annotation: Measure | Note

    @property
    def points(self) -> tuple[Vector3, ...]:
        """In world coordinates."""
        return self.annotation.points if isinstance(self.annotation, Measure) else (self.annotation.point,)


async def read_annotations(connection: Connection, project: ProjectId) -> tuple[WorldFrame, list[LeftAnnotation]]:
    """Everything that is left in a project now, and the frame of its world.

    Raises:
        NothingMeasuredError: the project has no cloud, or is called otherwise.
        BrokerLostError: the broker went away.
    """
    space, found = connection.space, dict[str, LeftAnnotation]()  # by topic: one may be changed meanwhile
    async with follow(connection) as follower:
        await follower.subscribe(*(space.filter(channel.template, project) for channel in (MEASURE, NOTE)))
        await follower.subscribe(space.topic(project, REFERENCE.template))  # its message comes behind the others
        while (message := await follower.next_message(_SILENCE_S)) is not None:
            meant = match(space, message.topic)
            if meant.channel is REFERENCE:
                return decode(message.payload, Manifest).frame, sorted(found.values(), key=_order)
            take(found, meant, message)
    raise NothingMeasuredError(f"project {project!r} has no cloud yet: check its name")


def take(found: dict[str, LeftAnnotation], meant: Match, message: LiveMessage) -> None:
    """Put a measure or note in its topic's place; an empty or unreadable message leaves that empty."""
    found.pop(message.topic, None)
    model: type[Measure | Note] = Measure if meant.channel is MEASURE else Note
    try:
        if message.payload and len(message.payload) <= MAX_ANNOTATION_BYTES:
            found[message.topic] = LeftAnnotation(user=meant.user, annotation=decode(message.payload, model))
    except CairnError as exc:
        get_logger().warning("annotation_left_out", topic=message.topic, reason=exc.sentence)


def csv_of(left: Iterable[LeftAnnotation], frame: WorldFrame) -> str:
    """One line for each, as RFC 4180 has it; a text that a spreadsheet would run as a formula begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS)
    writer.writeheader()
    for each in left:
        row = _row(each, frame)
        points = "; ".join(" ".join(f"{value:.10g}" for value in point) for point in _coordinates(each, frame))
        writer.writerow({**row, "name": _harmless(row["name"]), "points": points})
    return text.getvalue()


def geojson_of(left: Iterable[LeftAnnotation], frame: WorldFrame, project: ProjectId) -> str:
    """A FeatureCollection in the local coordinates of the object."""
    about = {"name": project, "coordinate_system": "local", "unit": _unit(frame), "up": frame.up}
    features = [
        {"type": "Feature", "geometry": _geometry(each, frame), "properties": _row(each, frame)} for each in left
    ]
    collection = {"type": "FeatureCollection", **about, "features": features}
    return json.dumps(collection, indent=1, ensure_ascii=False) + "\n"


def _row(left: LeftAnnotation, frame: WorldFrame) -> dict[str, Any]:
    annotation, scale = left.annotation, frame.metres_per_unit or 1.0
    row: dict[str, Any] = dict.fromkeys(_COLUMNS[:-1])
    row |= {"author": left.user, "set_at": annotation.sent_at.isoformat(), "unit": _unit(frame)}
    if isinstance(annotation, Note):
        return row | {"kind": "note", "name": annotation.text}
    powers = {"angle_deg": 0, "area": 2}
    figures = {name: round(value * scale ** powers.get(name, 1), 6) for name, value in _figures(annotation, frame.up)}
    return row | {"kind": annotation.kind.value, "name": annotation.name} | figures


def _figures(measure: Measure, up: Vector3 | None) -> Iterator[tuple[str, float]]:
    """Each figure of a measure, in world units or degrees; the parts of a distance only where up is known."""
    first, second, *others = measure.points
    if measure.kind is MeasureKind.AREA:
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


def _geometry(left: LeftAnnotation, frame: WorldFrame) -> dict[str, Any]:
    points = [list(point) for point in _coordinates(left, frame)]
    if isinstance(left.annotation, Note):
        return {"type": "Point", "coordinates": points[0]}
    if left.annotation.kind is MeasureKind.AREA:
        return {"type": "Polygon", "coordinates": [[*points, points[0]]]}
    return {"type": "LineString", "coordinates": points}


def _coordinates(left: LeftAnnotation, frame: WorldFrame) -> list[Vector3]:
    scale = frame.metres_per_unit or 1.0
    return [(round(scale * x, 6), round(scale * y, 6), round(scale * z, 6)) for x, y, z in left.points]


def _unit(frame: WorldFrame) -> str:
    return "m" if frame.metres_per_unit is not None else "world units"


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _order(left: LeftAnnotation) -> tuple[str, str]:
    annotation = left.annotation
    return (annotation.kind, annotation.name) if isinstance(annotation, Measure) else ("note", annotation.text)


def _minus(one: Vector3, other: Vector3) -> Vector3:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def _dot(one: Vector3, other: Vector3) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _cross(one: Vector3, other: Vector3) -> Vector3:
    (a, b, c), (d, e, f) = one, other
    return b * f - c * e, c * d - a * f, a * e - b * d
