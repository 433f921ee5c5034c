"""How are measures and notes listed? As CSV or GeoJSON, with the columns that the page writes."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from broker.annotations.figures import figures_of
from broker.envelope import Vector3
from broker.ids import ProjectId, SenderId
from broker.messages import WorldFrame
from broker.wire.annotations import Measure, MeasureKind, Note

_COLUMNS: Final = (
    "kind", "name", "author", "set_at", "unit", "distance", "horizontal", "vertical", "angle_deg", "area", "points",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAnnotation:
    """A measure or note with its author; None where authors are left out."""

    user: SenderId | None
    annotation: Measure | Note

    @property
    def points(self) -> tuple[Vector3, ...]:
        """In world coordinates."""
        return self.annotation.points if isinstance(self.annotation, Measure) else (self.annotation.point,)

    @property
    def order(self) -> tuple[str, str]:
        """What lists are sorted by: kind, then name or text."""
        annotation = self.annotation
        return (annotation.kind, annotation.name) if isinstance(annotation, Measure) else ("note", annotation.text)


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
    return json.dumps(collection_of(left, frame, project), indent=1, ensure_ascii=False) + "\n"


def collection_of(left: Iterable[LeftAnnotation], frame: WorldFrame, project: ProjectId) -> dict[str, Any]:
    """The same FeatureCollection, to be written as JSON."""
    about = {"name": project, "coordinate_system": "local", "unit": _unit(frame), "up": frame.up}
    features = [
        {"type": "Feature", "geometry": _geometry(each, frame), "properties": _row(each, frame)} for each in left
    ]
    return {"type": "FeatureCollection", **about, "features": features}


def _row(left: LeftAnnotation, frame: WorldFrame) -> dict[str, Any]:
    annotation = left.annotation
    row: dict[str, Any] = dict.fromkeys(_COLUMNS[:-1])
    row |= {"author": left.user, "set_at": annotation.sent_at.isoformat(), "unit": _unit(frame)}
    if isinstance(annotation, Note):
        return row | {"kind": "note", "name": annotation.text}
    figures = {name: round(value, 6) for name, value in figures_of(annotation, frame).items()}
    return row | {"kind": annotation.kind.value, "name": annotation.name} | figures


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
