"""How are coverage and advice told? What is known of each part of the object, and where the next photographs are wanted."""

from typing import Annotated, Final, Literal

from pydantic import Field

from broker.envelope import Count, ImageNumber, Message, Sha256, SizeBytes, Vector3, WireModel, Word
from broker.ids import Generation, ImageId

MOST_PLACES: Final = 3
MOST_GRID_BYTES: Final = 512 * 1024
Steps = Annotated[float, Field(ge=-100, le=100)]
Degrees = Annotated[float, Field(ge=-180, le=180)]
Ratio = Annotated[float, Field(ge=0, le=1)]


class Coverage(Message):
    """Describes the retained grid of coverage, in the world of this generation.

    Where `is_dense` is false the points are too sparse to be a surface: only how many photographs see a cell is known,
    the counts of bad cells and holes are 0, and nothing is claimed by them.
    """

    type: Literal["coverage"] = "coverage"
    generation: Generation
    revision: Count
    photograph_count: Count
    is_dense: bool
    cell_count: Count
    bad_cell_count: Count
    hole_cell_count: Count
    grid_sha256: Sha256
    grid_bytes: SizeBytes


class MarkedPlace(WireModel):
    """A place in a photograph: its position from the left and from the top, as shares of the width and the height."""

    image_id: ImageId
    image_number: ImageNumber
    across: Ratio
    down: Ratio


class AdvisedPlace(WireModel):
    """Where to take three photographs, one step apart sideways: the middle one from here.

    Steps and degrees are from the photograph `image_number`, the nearest one with nothing of the cloud in between, in its own
    directions: to the right, upwards, ahead. A step is 0.15 of the distance to the object.

    Attributes:
        code: few_views, narrow_angle, too_far, hole or hidden; a later version may have more.
        position, looking: the middle camera's place and its unit direction, world units.
        target: what should be seen from there, world units.
        step: the length of a step, world units.
        marked: the target in a photograph that shows it; null where none does.
        cell_count: how many cells it would improve.
    """

    code: Word
    position: Vector3
    looking: Vector3
    target: Vector3
    image_id: ImageId
    image_number: ImageNumber
    step: Annotated[float, Field(gt=0)]
    steps_right: Steps
    steps_up: Steps
    steps_ahead: Steps
    turn_right_deg: Degrees
    tilt_up_deg: Degrees
    marked: MarkedPlace | None = None
    cell_count: Count


class Advice(Message):
    """Where the next photographs are wanted, the most valuable place first, in the world of this generation.

    While the walk is unfinished, walking on comes before the places. Where `is_dense` is false neither is claimed.
    """

    type: Literal["advice"] = "advice"
    generation: Generation
    revision: Count
    photograph_count: Count
    is_dense: bool
    is_walk_unfinished: bool
    metres_per_unit: Annotated[float, Field(gt=0)] | None = None
    places: Annotated[tuple[AdvisedPlace, ...], Field(max_length=MOST_PLACES)] = ()
