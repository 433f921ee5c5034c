"""Which JSON? One frozen model for every message on the wire."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from broker.envelope import (
    HARMLESS,
    Count,
    ImageNumber,
    Instant,
    Message,
    ProjectTitle,
    QuaternionWxyz,
    Sentence,
    Sha256,
    SizeBytes,
    StoreId,
    Vector3,
    WireModel,
    Word,
)
from broker.ids import (
    ConnectionId,
    EventType,
    ExportFormat,
    ExportName,
    Generation,
    ImageId,
    ImageName,
    RequestId,
    UserId,
    Verb,
)


class ReceiptStatus(StrEnum):
    """What became of an image. Only after `stored`, `duplicate` or `rejected` its sender may delete it."""

    PREVIEWED = "previewed"  # its preview has its number and is being placed; the photograph itself is awaited
    PREVIEW_REFUSED = "preview_refused"  # to be sent without a preview
    STORED = "stored"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class UploadAcknowledged(Message):
    """The receipt: the reconstructor's word that an image is safe on its disk, or why it is not taken.

    With `retry_at`, which only a quota sets, it is taken when it is sent again after that.
    """

    type: Literal["upload_acknowledged"] = "upload_acknowledged"
    status: ReceiptStatus
    image_name: ImageName
    image_id: ImageId | None = None
    image_number: ImageNumber | None = None
    sha256: Sha256 | None = None
    code: Word | None = None
    reason: Sentence | None = None
    retry_at: Instant | None = None


class UploadBegin(Message):
    """Announces an image that comes in pieces."""

    type: Literal["upload_begin"] = "upload_begin"
    image_id: ImageId
    content_type: Annotated[str, Field(max_length=64), HARMLESS]
    size_bytes: SizeBytes
    piece_bytes: SizeBytes
    sha256: Sha256


class UploadEnd(Message):
    """Every piece has been sent: assemble, or name what is missing."""

    type: Literal["upload_end"] = "upload_end"
    image_id: ImageId
    size_bytes: SizeBytes
    sha256: Sha256


class ByteRange(WireModel):
    """Bytes from `begin` up to, not including, `end`."""

    begin: Count
    end: Count


class MissingPieces(WireModel):
    """What has not arrived of one resumable upload."""

    image_id: ImageId
    ranges: tuple[ByteRange, ...]


class MissingSequences(WireModel):
    """Gaps in one session's count."""

    session: Annotated[str, Field(max_length=39), HARMLESS]
    sequences: tuple[Count, ...]


class Missing(Message):
    """What the reconstructor still waits for from one sender."""

    type: Literal["missing"] = "missing"
    pieces: tuple[MissingPieces, ...] = ()
    sequences: tuple[MissingSequences, ...] = ()


class Wanted(Message):
    """Photographs of which the reconstructor has only previews, and which it wants before the others."""

    type: Literal["wanted"] = "wanted"
    images: Annotated[tuple[ImageId, ...], Field(max_length=64)]


class NameRefused(Message):
    """An image is not taken because of its name, which is repeated here without its forbidden signs."""

    type: Literal["name_refused"] = "name_refused"
    shown_name: Annotated[str, Field(max_length=256), HARMLESS]
    code: Word
    reason: Sentence


class Flow(Message):
    """How much one sender may have under way without a receipt, and why it pauses, if it does."""

    type: Literal["flow"] = "flow"
    image_count: Annotated[int, Field(ge=1)]
    size_bytes: SizeBytes
    pause_until: Instant | None = None
    code: Word | None = None
    reason: Sentence | None = None


class ReconstructorPresence(StrEnum):
    """Whether the reconstructor takes images."""

    READY = "ready"
    PAUSED = "paused"
    DISK_FULL = "disk_full"
    OFFLINE = "offline"


class ReconstructorState(Message):
    """The reconstructor's birth message, last will and claim to be the one writer; with a code, what keeps it from its work."""

    type: Literal["reconstructor_state"] = "reconstructor_state"
    presence: ReconstructorPresence
    title: ProjectTitle = ""  # what people call the project; empty: its id
    boot_id: Annotated[str, Field(max_length=64), HARMLESS]
    store_id: StoreId | None = None
    epoch: Count = 0
    host: Annotated[str, Field(max_length=64), HARMLESS] = ""
    contested_since: Instant | None = None
    black_box: Annotated[str, Field(max_length=256), HARMLESS] = ""
    has_manifest: bool = False
    image_count: Count = 0
    refetch_every: Annotated[int, Field(ge=1)] = 10
    takes_previews: bool = False
    preview_max_side_px: Annotated[int, Field(ge=160, le=16_384)] = 1224
    code: Word | None = None
    reason: Sentence | None = None


class ReconstructorStatistics(Message):
    """The reconstructor's figures for one project."""

    type: Literal["reconstructor_statistics"] = "reconstructor_statistics"
    stored_count: Count
    placed_count: Count
    waiting_count: Count
    preview_count: Count = 0  # images of which only the preview has come
    rejected_count: Count
    queued_count: Count
    error_count: Count
    generation: Generation | None = None
    shard_count: Count
    point_count: Count
    retained_bytes: Count
    disk_free_bytes: Count
    memory_bytes: Count
    uptime_s: float
    stored_to_shard_p50_s: float | None = None
    stored_to_shard_p95_s: float | None = None
    queued_since: Instant | None = None  # when the oldest image was stored that still waits for the black box
    processed_at: Instant | None = None  # when the newest job ended
    refetch_s: float | None = None  # how long the last refetch took


class Event(Message):
    """Something happened in a project; never retained."""


class ProcessingStarted(Event):
    """An image goes into the black box."""

    type: Literal["processing_started"] = "processing_started"
    image_id: ImageId
    image_number: ImageNumber


class RefetchStarting(Event):
    """The complete reconstruction begins; the old reference set stays."""

    type: Literal["refetch_starting"] = "refetch_starting"
    image_id: ImageId
    image_number: ImageNumber
    next_generation: Generation


class Progress(Event):
    """How far a refetch, or the export of a request, has come."""

    type: Literal["progress"] = "progress"
    image_id: ImageId | None = None  # of a refetch
    request_id: RequestId | None = None  # of an export
    stage: Word
    done_ratio: Annotated[float, Field(ge=0, le=1)]


class ShardUpdate(Event):
    """A manifest with these new shards is out; an image may have a few first points before, which these replace."""

    type: Literal["shard_update"] = "shard_update"
    image_id: ImageId
    image_number: ImageNumber
    generation: Generation
    revision: Count
    shards: tuple[Count, ...]
    point_count: Count


class ProcessingComplete(Event):
    """An image is through, whatever came of it."""

    type: Literal["processing_complete"] = "processing_complete"
    image_id: ImageId
    image_number: ImageNumber
    state: Literal["placed", "waiting", "rejected", "unknown"]
    is_refetch: bool
    generation: Generation | None = None
    revision: Count = 0
    new_point_count: Count
    duration_s: Annotated[float, Field(ge=0)]
    stored_to_shard_s: Annotated[float, Field(ge=0)] | None = None
    captured_to_shard_s: Annotated[float, Field(ge=0)] | None = None


class Error(Event):
    """Something went wrong; the project keeps its present cloud."""

    type: Literal["error"] = "error"
    code: Word
    reason: Sentence
    image_id: ImageId | None = None
    topic: Annotated[str, Field(max_length=1024), HARMLESS] | None = None


class EventHistory(Message):
    """What happened last, the oldest first, for people who join late: the start of an image only until its end."""

    type: Literal["event_history"] = "event_history"
    events: Annotated[
        tuple[
            Annotated[
                ProcessingStarted | RefetchStarting | ShardUpdate | ProcessingComplete | Error,
                Field(discriminator="type"),
            ],
            ...,
        ],
        Field(max_length=100),
    ]


class Bounds(WireModel):
    """An axis-aligned box in world units."""

    minimum: Vector3
    maximum: Vector3


class Similarity(WireModel):
    """`points_in_target = scale * rotate(points_in_source) + translation`."""

    scale: Annotated[float, Field(gt=0)] = 1.0
    rotation_wxyz: QuaternionWxyz = (1.0, 0.0, 0.0, 0.0)
    translation: Vector3 = (0.0, 0.0, 0.0)


class ScaleSource(StrEnum):
    """What told how large the object is."""

    NONE = "none"
    BASELINE = "baseline"
    SCALE_BAR = "scale_bar"
    GPS = "gps"


class WorldFrame(WireModel):
    """The project's frame: `world = shard coordinates + offset`, `metres = metres_per_unit * world`.

    A scale that becomes known later changes `metres_per_unit` and never the shards.
    """

    metres_per_unit: Annotated[float, Field(gt=0)] | None = None
    scale_source: ScaleSource = ScaleSource.NONE
    # Standard deviation over the scale; null where the source does not tell. Of GPS.
    scale_deviation_ratio: Annotated[float, Field(ge=0)] | None = None
    up: Vector3 | None = None
    offset: Vector3 = (0.0, 0.0, 0.0)
    world_from_previous: Similarity = Similarity()


class DesiredScaleBar(Message):
    """Two points of the world and the distance between them on the object, as the person of the topic measured it."""

    type: Literal["desired_scale_bar"] = "desired_scale_bar"
    generation: Generation
    begin: Vector3
    end: Vector3
    distance_m: Annotated[float, Field(gt=0, le=100_000)]


class ScaleBar(Message):
    """The known distance of the project, and the account that gave it; the manifest answers with metres."""

    type: Literal["scale_bar"] = "scale_bar"
    generation: Generation
    begin: Vector3
    end: Vector3
    distance_m: Annotated[float, Field(gt=0, le=100_000)]
    user: UserId


class Request(Message):
    """A viewer or an agent asks the reconstructor for something."""

    type: Literal["request"] = "request"
    id: RequestId
    verb: Verb
    connection: ConnectionId
    generation: Generation | None = None  # of a `resync` with shards, and of `earlier`
    shards: tuple[Count, ...] = ()
    image_id: ImageId | None = None  # of a `photograph`
    max_side_px: Annotated[int, Field(ge=320, le=2048)] = 2048  # the same
    format: ExportFormat | None = None  # of an `export`
    has_names: bool = True  # whether it says who took which photograph and left which measure


class ExportedFile(WireModel):
    """A file that was exported; the page server has it under this name."""

    name: ExportName
    size_bytes: SizeBytes
    point_count: Count
    is_metric: bool  # whether it is in metres; else lengths mean nothing


class Response(Message):
    """The answer to one request; for a ping it is the pong and its times tell the latency."""

    type: Literal["response"] = "response"
    id: RequestId
    verb: Verb
    is_done: bool
    code: Word | None = None
    reason: Sentence | None = None
    request_sent_at: Instant
    received_at: Instant
    republished_count: Count = 0
    is_preview: bool = False  # of a `photograph`: the photograph itself has not come yet
    export: ExportedFile | None = None  # of an `export`, which is answered when the file is complete


class Presence(Message):
    """Somebody is watching; cleared by the last will."""

    type: Literal["presence"] = "presence"
    user: UserId
    connection: ConnectionId
    program: Annotated[str, Field(max_length=64), HARMLESS]


EVENTS: Final[dict[EventType, type[Event]]] = {
    EventType.PROCESSING_STARTED: ProcessingStarted,
    EventType.REFETCH_STARTING: RefetchStarting,
    EventType.PROGRESS: Progress,
    EventType.SHARD_UPDATE: ShardUpdate,
    EventType.PROCESSING_COMPLETE: ProcessingComplete,
    EventType.ERROR: Error,
}
