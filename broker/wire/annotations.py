"""What do people leave on the object? Measures between points and notes at points, in world coordinates."""

from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from broker.envelope import HARMLESS, Message, Vector3
from broker.ids import Generation

MAX_ANNOTATION_BYTES: Final = 4096
MOST_ANNOTATIONS: Final = 200  # of one account in one project, measures and notes together
MOST_CORNERS: Final = 40  # of an area: with the longest name they fit into MAX_ANNOTATION_BYTES
MAX_NAME_SIGNS: Final = 80
MAX_TEXT_SIGNS: Final = 500
MOST_REVISION: Final = 2**31 - 1

Name = Annotated[str, Field(max_length=MAX_NAME_SIGNS), HARMLESS]
NoteText = Annotated[str, Field(max_length=MAX_TEXT_SIGNS), HARMLESS]
# Counts the changes of one annotation; the reconstructor raises it when it moves the annotation with the world.
Revision = Annotated[int, Field(ge=1, le=MOST_REVISION)]


class MeasureKind(StrEnum):
    """What is measured between the points."""

    DISTANCE = "distance"
    HEIGHT = "height"
    ANGLE = "angle"
    AREA = "area"


_POINT_COUNTS: Final = {
    MeasureKind.DISTANCE: (2, 2),
    MeasureKind.HEIGHT: (2, 2),
    MeasureKind.ANGLE: (3, 3),
    MeasureKind.AREA: (3, MOST_CORNERS),
}


class Measure(Message):
    """A named measure that a person left: two points, three of an angle (its apex second), or an area's corners."""

    type: Literal["measure"] = "measure"
    generation: Generation
    revision: Revision = 1
    kind: MeasureKind
    points: Annotated[tuple[Vector3, ...], Field(min_length=2, max_length=MOST_CORNERS)]
    name: Name = ""

    @model_validator(mode="after")
    def _check_points(self) -> Self:
        fewest, most = _POINT_COUNTS[self.kind]
        if not fewest <= len(self.points) <= most:
            wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            raise ValueError(f"{self.kind.value} needs {wanted} points, not {len(self.points)}")
        return self


class Note(Message):
    """A text that a person left at a point."""

    type: Literal["note"] = "note"
    generation: Generation
    revision: Revision = 1
    point: Vector3
    text: NoteText
