"""Who may say what, where and how? The one table from which everything else about the wire is generated."""

from typing import Final

from broker.channel import Channel, Match
from broker.ids import BadIdError
from broker.manifest import CameraPage, Manifest, ManifestPage
from broker.messages import (
    EVENTS,
    DesiredScaleBar,
    Flow,
    Missing,
    NameRefused,
    Presence,
    ReconstructorState,
    ReconstructorStatistics,
    Request,
    Response,
    ScaleBar,
    UploadAcknowledged,
    UploadBegin,
    UploadEnd,
    Wanted,
)
from broker.rig_messages import (
    AgentDescription,
    AgentHealth,
    AgentState,
    Command,
    CommandReply,
    DesiredSettings,
    ReportedSettings,
)
from broker.topics import BadTopicError, TopicSpace, TopicTemplate
from broker.wire.annotations import Measure, Note
from broker.wire.channel_kinds import (
    AGENT,
    AUTHORS,
    EVERYBODY,
    OPS,
    PEOPLE,
    RECONSTRUCTOR,
    VERB_WRITERS,
    VIEWERS,
    from_rigs,
    from_rigs_to_all,
    from_senders,
    left_by_people,
    of_rigs,
    of_users,
    photographs,
    to_rigs,
    to_senders,
    to_viewers,
)
from broker.wire.coverage_channels import COVERAGE_CHANNELS
from broker.wire.history_channels import HISTORY_CHANNELS

MIB: Final = 1024 * 1024
MAX_IMAGE_BYTES: Final = 30 * MIB  # below mosquitto.conf's max_packet_size of 32 MiB, header included
MAX_PREVIEW_BYTES: Final = 256 * 1024
MAX_PIECE_BYTES: Final = MIB
MAX_SHARD_BYTES: Final = 512 * 1024  # Mosquitto 2.1 takes 2 MB by default, EMQX 1 MB
MAX_PAGE_BYTES: Final = 256 * 1024
MAX_THUMBNAIL_BYTES: Final = 64 * 1024
MAX_THUMBNAIL_PX: Final = 320
MAX_PHOTO_BYTES: Final = 900 * 1024
MAX_PHOTO_PX: Final = 2048
MAX_PROBE_BYTES: Final = MIB
CAPTURED_AT_PROPERTY: Final = "captured_at"  # MQTT 5 user property of an image, ISO 8601; only figures hang on it
FILE_NAME_PROPERTY: Final = "file_name"  # the same: what the photographer's file is called; exports name it so
CAPTURE_ID_PROPERTY: Final = "capture_id"  # the same: shared by the images that several rigs took at one instant
BYTES: Final = "application/octet-stream"

IMAGE: Final = from_senders(
    name="image",
    template=TopicTemplate("image/{sender}/{image_name}"),
    meaning="one photograph: JPEG, PNG, WebP, TIFF, or HEIC if it is read there",
    max_bytes=MAX_IMAGE_BYTES,
)
PREVIEW: Final = from_senders(
    name="preview",
    template=TopicTemplate("preview/{sender}/{image_id}"),
    meaning="a photograph reduced to what the engine looks at, before the photograph itself: WebP or JPEG with its EXIF",
    max_bytes=MAX_PREVIEW_BYTES,
)
UPLOAD_BEGIN: Final = from_senders(
    name="upload_begin",
    template=TopicTemplate("upload/{sender}/{image_id}/begin"),
    meaning="announces a photograph in pieces",
    messages=(UploadBegin,),
)
UPLOAD_PIECE: Final = from_senders(
    name="upload_piece",
    template=TopicTemplate("upload/{sender}/{image_id}/{offset}"),
    meaning="the photograph's bytes from this offset",
    content_type=BYTES,
    max_bytes=MAX_PIECE_BYTES,
)
UPLOAD_END: Final = from_senders(
    name="upload_end",
    template=TopicTemplate("upload/{sender}/{image_id}/end"),
    meaning="every piece has been sent",
    messages=(UploadEnd,),
)
RECEIPT: Final = to_senders(
    name="receipt",
    template=TopicTemplate("receipt/{sender}/{image_name}"),
    meaning="the image is safe on the reconstructor's disk, or why it is not taken",
    messages=(UploadAcknowledged,),
)
MISSING: Final = to_senders(
    name="missing",
    template=TopicTemplate("receipt/{sender}/missing"),
    meaning="pieces and sequence numbers that have not arrived",
    messages=(Missing,),
)
WANTED: Final = to_senders(
    name="wanted",
    template=TopicTemplate("receipt/{sender}/wanted"),
    meaning="up to 64 photographs of which there is only a preview, to be sent before the others",
    messages=(Wanted,),
)
REFUSED: Final = to_senders(
    name="refused",
    template=TopicTemplate("receipt/{sender}/refused"),
    meaning="an image whose name cannot stand in a receipt's topic, and why",
    messages=(NameRefused,),
)
FLOW: Final = to_senders(
    name="flow",
    template=TopicTemplate("receipt/{sender}/flow"),
    meaning="how much may be under way without a receipt",
    messages=(Flow,),
    is_retained=True,
)
AGENT_STATE: Final = from_rigs_to_all(
    name="agent_state",
    template=TopicTemplate("agent/{agent}/state"),
    meaning="birth message and last will of a rig",
    messages=(AgentState,),
    is_retained=True,
    readers=EVERYBODY,  # a rig its own one, to notice another rig with its name
)
AGENT_DESCRIPTION: Final = from_rigs(
    name="agent_description",
    template=TopicTemplate("agent/{agent}/description"),
    meaning="program, camera and machine of a rig",
    messages=(AgentDescription,),
    is_retained=True,
)
AGENT_HEALTH: Final = from_rigs_to_all(
    name="agent_health",
    template=TopicTemplate("agent/{agent}/health"),
    meaning="counts, spool, battery, temperature and memory of a rig, every 30 s",
    messages=(AgentHealth,),
    qos=0,
    is_retained=True,
    readers=VIEWERS | OPS | RECONSTRUCTOR,
)
AGENT_THUMBNAIL: Final = from_rigs(
    name="agent_thumbnail",
    template=TopicTemplate("agent/{agent}/thumbnail"),
    meaning="the last photograph, small: JPEG of at most 64 KB",
    qos=0,
    is_retained=True,
    content_type="image/jpeg",
    max_bytes=MAX_THUMBNAIL_BYTES,
)
COMMAND: Final = to_rigs(
    name="command",
    template=TopicTemplate("agent/{agent}/command"),
    meaning="ops tell a rig to do something",
    messages=(Command,),
)
COMMAND_REPLY: Final = of_rigs(
    name="command_reply",
    template=TopicTemplate("agent/{agent}/reply/{request_id}"),
    meaning="a rig's answer to one command",
    messages=(CommandReply,),
)
DESIRED_SETTINGS: Final = to_rigs(
    name="desired_settings",
    template=TopicTemplate("agent/{agent}/settings/desired"),
    meaning="what ops want of a rig",
    messages=(DesiredSettings,),
    is_retained=True,
)
REPORTED_SETTINGS: Final = of_rigs(
    name="reported_settings",
    template=TopicTemplate("agent/{agent}/settings/reported"),
    meaning="what a rig runs with, and which wishes it refused",
    messages=(ReportedSettings,),
    is_retained=True,
)
RECONSTRUCTOR_STATE: Final = Channel(
    name="reconstructor_state",
    template=TopicTemplate("reconstructor/state"),
    meaning="birth message and last will: does it take images, is there a manifest",
    messages=(ReconstructorState,),
    is_retained=True,
    writers=RECONSTRUCTOR,
    readers=EVERYBODY,
)
RECONSTRUCTOR_STATISTICS: Final = to_viewers(
    name="reconstructor_statistics",
    template=TopicTemplate("reconstructor/statistics"),
    meaning="counts, points, latency and disk",
    messages=(ReconstructorStatistics,),
    is_retained=True,
)
EVENT: Final = to_viewers(
    name="event",
    template=TopicTemplate("event/{event_type}"),
    meaning="what happens to each image and each reference set",
    messages=tuple(EVENTS.values()),
)
REFERENCE: Final = Channel(
    name="reference",
    template=TopicTemplate("reference/current"),
    meaning="the manifest: the only pointer, written last; it names the pages of shards and cameras",
    messages=(Manifest,),
    is_retained=True,
    writers=RECONSTRUCTOR,
    readers=VIEWERS | OPS | AGENT,  # a rig takes its refined intrinsics from the cameras
)
MANIFEST_PAGE: Final = to_viewers(
    name="manifest_page",
    template=TopicTemplate("reference/page/{page}"),
    meaning="up to 64 shards of the manifest, immutable",
    messages=(ManifestPage,),
    is_retained=True,
    max_bytes=MAX_PAGE_BYTES,
)
SHARD: Final = photographs(
    name="shard",
    template=TopicTemplate("shard/{generation}/{encoding}/{index}"),
    meaning="one independently loadable piece of the cloud, immutable",
    is_retained=True,
    content_type=BYTES,
    max_bytes=MAX_SHARD_BYTES,
)
CAMERA_PAGE: Final = Channel(
    name="camera_page",
    template=TopicTemplate("camera/page/{page}"),
    meaning="where up to 64 images were taken, or why they are not placed; immutable",
    messages=(CameraPage,),
    is_retained=True,
    max_bytes=MAX_PAGE_BYTES,
    writers=RECONSTRUCTOR,
    readers=VIEWERS | OPS | AGENT,
)
IMAGE_THUMBNAIL: Final = photographs(
    name="image_thumbnail",
    template=TopicTemplate("thumbnail/{image_id}"),
    meaning="one photograph, upright and small: JPEG of at most 320 px and 64 KB",
    is_retained=True,
    content_type="image/jpeg",
    max_bytes=MAX_THUMBNAIL_BYTES,
)
PHOTO: Final = photographs(
    name="photo",
    template=TopicTemplate("photo/{user}/{image_id}"),
    meaning="one photograph or its preview for the user who asked by `photograph`: upright JPEG of at most 900 KB",
    content_type="image/jpeg",
    max_bytes=MAX_PHOTO_BYTES,
    own_level="user",
)
SCALE_BAR: Final = to_viewers(
    name="scale_bar",
    template=TopicTemplate("scale/current"),
    meaning="the known distance that gives everybody metres, and whose it is",
    messages=(ScaleBar,),
    is_retained=True,
)
DESIRED_SCALE_BAR: Final = of_users(
    name="desired_scale_bar",
    template=TopicTemplate("scale/{user}/desired"),
    meaning="a known distance between two points, as a person measured it; empty: none is known any more",
    messages=(DesiredScaleBar,),
    writers=AUTHORS,
    readers=RECONSTRUCTOR | OPS,
)
MEASURE: Final = left_by_people(
    name="measure",
    template=TopicTemplate("measure/{user}/{annotation}"),
    meaning="a distance, height, angle or area that a person left on the object; empty: taken away",
    messages=(Measure,),
)
NOTE: Final = left_by_people(
    name="note",
    template=TopicTemplate("note/{user}/{annotation}"),
    meaning="a text that a person left at a point of the object; empty: taken away",
    messages=(Note,),
)
REQUEST: Final = of_users(
    name="request",
    template=TopicTemplate("request/{user}/{verb}"),
    meaning="resync, ping, photograph, earlier, export, refetch, pause or resume",
    messages=(Request,),
    max_bytes=256 * 1024,  # a resync that names every shard of a large project
    writers=frozenset().union(*VERB_WRITERS.values()),
    writers_of_verb=VERB_WRITERS,
    readers=RECONSTRUCTOR | OPS,
)
RESPONSE: Final = of_users(
    name="response",
    template=TopicTemplate("response/{user}/{connection}"),
    meaning="the answer to a request, also when it is refused",
    messages=(Response,),
    writers=RECONSTRUCTOR,
    readers=VIEWERS | AGENT | OPS,
)
PRESENCE: Final = of_users(
    name="presence",
    template=TopicTemplate("presence/{user}/{connection}"),
    meaning="somebody is watching; cleared by the last will, and by the reconstructor when there are too many",
    messages=(Presence,),
    is_retained=True,
    max_bytes=1024,
    writers=PEOPLE,
    readers=VIEWERS | RECONSTRUCTOR | OPS,
    is_read_by_all=True,
)
PROBE: Final = of_users(
    name="probe",
    template=TopicTemplate("probe/{user}"),
    meaning="bytes by which a doctor times the way to the broker and back",
    content_type=BYTES,
    max_bytes=MAX_PROBE_BYTES,
    writers=PEOPLE,
    readers=PEOPLE | RECONSTRUCTOR,
)

CHANNELS: Final[tuple[Channel, ...]] = (
    IMAGE,
    PREVIEW,
    UPLOAD_BEGIN,
    UPLOAD_PIECE,
    UPLOAD_END,
    RECEIPT,
    MISSING,
    WANTED,
    REFUSED,
    FLOW,
    AGENT_STATE,
    AGENT_DESCRIPTION,
    AGENT_HEALTH,
    AGENT_THUMBNAIL,
    COMMAND,
    COMMAND_REPLY,
    DESIRED_SETTINGS,
    REPORTED_SETTINGS,
    RECONSTRUCTOR_STATE,
    RECONSTRUCTOR_STATISTICS,
    EVENT,
    *HISTORY_CHANNELS,
    REFERENCE,
    MANIFEST_PAGE,
    SHARD,
    CAMERA_PAGE,
    IMAGE_THUMBNAIL,
    PHOTO,
    SCALE_BAR,
    DESIRED_SCALE_BAR,
    MEASURE,
    NOTE,
    *COVERAGE_CHANNELS,
    REQUEST,
    RESPONSE,
    PRESENCE,
    PROBE,
)


def match(space: TopicSpace, topic: str) -> Match:
    """What a topic means; raises BadTopicError if no channel has this shape, BadIdError if a level is no valid name."""
    project, rest = space.split(topic)
    refused: BadIdError | None = None
    for channel in CHANNELS:
        try:
            levels = channel.template.parse(rest)
        except BadIdError as exc:  # another channel with the same shape may fit: `…/begin` is no offset
            refused = refused or exc
            continue
        if levels is not None:
            return Match(channel=channel, project=project, _levels=levels)
    raise refused or BadTopicError(f"no channel is called {rest[:80]!r}: see docs/wire.md")
