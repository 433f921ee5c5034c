"""What was the object like before? A row for each generation, and the coarse shards of those that the disk still has."""

from typing import Annotated, Final, Literal

from pydantic import Field

from broker.envelope import Count, Instant, Message, Sha256, Vector3, WireModel
from broker.ids import Generation
from broker.messages import Similarity

MOST_GENERATIONS: Final = 100
MOST_EARLIER_SHARDS: Final = 8  # of one generation: up to 131,072 points
_MOST_SHARD_BYTES: Final = 512 * 1024
_MOST_POINTS: Final = 16_384  # broker.shards.MAX_POINTS, which rigs cannot import: it needs numpy


class EarlierShard(WireModel):
    """A coarse shard of an earlier generation in the encoding `packed`, relative to the generation's offset."""

    index: Count
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0, le=_MOST_SHARD_BYTES)]
    point_count: Annotated[int, Field(gt=0, le=_MOST_POINTS)]


class GenerationRow(WireModel):
    """One generation. Those that another one replaced have shards while they are kept."""

    generation: Generation
    made_at: Instant
    # After which image it was made, and up to which one photographs were added to it.
    first_image_count: Count
    image_count: Count
    point_count: Count
    offset: Vector3
    world_from_previous: Similarity
    # In its last revision; of the present one, as it began. The mean is over the placed photographs of the leading component.
    mean_reprojection_error_px: Annotated[float, Field(ge=0)] | None = None
    metres_per_unit: Annotated[float, Field(gt=0)] | None = None
    scale_deviation_ratio: Annotated[float, Field(ge=0)] | None = None
    shards: Annotated[tuple[EarlierShard, ...], Field(max_length=MOST_EARLIER_SHARDS)] = ()


class GenerationHistory(Message):
    """The last generations, the oldest first, the present one last."""

    type: Literal["generation_history"] = "generation_history"
    generations: Annotated[tuple[GenerationRow, ...], Field(max_length=MOST_GENERATIONS)]
