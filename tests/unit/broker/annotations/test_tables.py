"""The list of measures and notes has exact figures, in metres once a scale is set."""

import csv
import io
import json

import pytest

from broker.annotations.tables import LeftAnnotation, csv_of, geojson_of
from broker.ids import Generation, ProjectId, SenderId
from broker.messages import WorldFrame
from broker.wire.annotations import Measure, MeasureKind, Note

CHAPEL = ProjectId("chapel")
SCALED = WorldFrame(metres_per_unit=2.0, up=(0.0, 0.0, 1.0), offset=(100.0, 0.0, 0.0))


def left(kind: MeasureKind, *points: tuple[float, float, float], name: str = "door") -> LeftAnnotation:
    measure = Measure(project=CHAPEL, generation=Generation(1), kind=kind, points=points, name=name)
    return LeftAnnotation(user=SenderId("anna"), annotation=measure)


def row(annotation: LeftAnnotation, frame: WorldFrame = SCALED) -> dict[str, str]:
    (only,) = csv.DictReader(io.StringIO(csv_of([annotation], frame)))
    return only


def test_a_distance_has_its_parts_in_metres() -> None:
    found = row(left(MeasureKind.DISTANCE, (1.0, 1.0, 1.0), (4.0, 5.0, 13.0)))
    assert (found["distance"], found["horizontal"], found["vertical"]) == ("26.0", "10.0", "24.0")
    assert (found["unit"], found["author"], found["points"]) == ("m", "anna", "2 2 2; 8 10 26")


@pytest.mark.parametrize(
    ("kind", "points", "column", "value"),
    [
        (MeasureKind.HEIGHT, [(0.0, 0.0, 9.0), (5.0, 5.0, 2.0)], "vertical", 14.0),
        (MeasureKind.ANGLE, [(1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 3.0, 0.0)], "angle_deg", 90.0),
        (MeasureKind.AREA, [(0.0, 0.0, 0.0), (5.0, 0.0, 0.0), (5.0, 3.0, 4.0), (0.0, 3.0, 4.0)], "area", 100.0),
    ],
)
def test_each_kind_has_its_figure(
    kind: MeasureKind, points: list[tuple[float, float, float]], column: str, value: float
) -> None:
    assert float(row(left(kind, *points))[column]) == pytest.approx(value, abs=1e-6)


def test_an_outline_that_crosses_itself_has_no_area() -> None:
    bow_tie = left(MeasureKind.AREA, (0.0, 0.0, 0.0), (5.0, 0.0, 0.0), (0.0, 3.0, 4.0), (5.0, 3.0, 4.0))
    assert row(bow_tie)["area"] == ""
    closed = left(
        MeasureKind.AREA, (0, 0, 0), (4, 0, 0), (4, 3, 0), (0, 3, 0), (0.05, -0.03, 0)
    )  # by a tap at its begin
    assert float(row(closed)["area"]) == pytest.approx(48.0, rel=0.02)
    line = left(MeasureKind.AREA, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (2.0, 0.0, 0.0))
    assert float(row(line)["area"]) == 0.0


def test_without_a_scale_nothing_is_in_metres() -> None:
    found = row(left(MeasureKind.DISTANCE, (0.0, 0.0, 0.0), (3.0, 4.0, 0.0)), WorldFrame())
    assert (found["distance"], found["unit"], found["vertical"]) == ("5.0", "world units", "")


def test_no_name_is_run_as_a_formula() -> None:
    found = row(left(MeasureKind.DISTANCE, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), name="=SUM(A1)"))
    assert found["name"] == "'=SUM(A1)"


def test_a_list_without_names_has_no_author() -> None:
    nameless = LeftAnnotation(
        user=None, annotation=left(MeasureKind.HEIGHT, (0.0, 0.0, 0.0), (0.0, 0.0, 1.0)).annotation
    )
    assert row(nameless)["author"] == ""
    assert json.loads(geojson_of([nameless], SCALED, CHAPEL))["features"][0]["properties"]["author"] is None


def test_geojson_says_that_its_coordinates_are_local() -> None:
    note = Note(project=CHAPEL, generation=Generation(1), point=(1.0, 2.0, 3.0), text="crack")
    area = left(MeasureKind.AREA, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0))
    text = geojson_of([LeftAnnotation(user=SenderId("bert"), annotation=note), area], SCALED, CHAPEL)
    assert text.endswith("}\n")
    collection = json.loads(text)
    assert (collection["coordinate_system"], collection["unit"]) == ("local", "m")
    point, polygon = (feature["geometry"] for feature in collection["features"])
    assert point == {"type": "Point", "coordinates": [2.0, 4.0, 6.0]}
    assert polygon["coordinates"] == [[[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 0, 0]]]
