"""What happens in a project, one line each? Events, manifests and states as a person reads them."""

from collections.abc import AsyncIterator
from typing import Final

from broker.config import Connection
from broker.contract import (
    AGENT_STATE,
    EVENT,
    RECEIPT,
    RECONSTRUCTOR_STATE,
    RECONSTRUCTOR_STATISTICS,
    REFERENCE,
    match,
)
from broker.envelope import Message, decode
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.live import LiveMessage, follow
from broker.manifest import Manifest
from broker.messages import (
    EVENTS,
    Error,
    ProcessingComplete,
    ProcessingStarted,
    Progress,
    ReconstructorState,
    ReconstructorStatistics,
    RefetchStarting,
    ShardUpdate,
    UploadAcknowledged,
)
from broker.printable import printable
from broker.rig_messages import AgentState
from broker.topics import TopicSpace
from viewer.receipts import describe_receipt

_WATCHED: Final = (EVENT, REFERENCE, RECONSTRUCTOR_STATE, RECONSTRUCTOR_STATISTICS, AGENT_STATE, RECEIPT)


async def watch(connection: Connection, project: ProjectId) -> AsyncIterator[Message]:
    """Every message that tells of a change, until the connection ends; of receipts, those that the account may read.

    Raises:
        BrokerLostError: no broker, it does not let us in, or it is gone.
    """
    space, preview_count = connection.space, 0
    async with follow(connection) as follower:
        await follower.subscribe(*(space.filter(channel.template, project) for channel in _WATCHED))
        async for message in follower.messages():
            told = read(space, message)
            if isinstance(told, ReconstructorStatistics):  # of its figures, only this one is no event
                is_news, preview_count = told.preview_count != preview_count, told.preview_count
                told = told if is_news else None
            if told is not None:
                yield told


def read(space: TopicSpace, message: LiveMessage) -> Message | None:
    """The message in its own type; clears, and what is not of this contract, are passed over."""
    if not message.payload:
        return None
    try:
        found = match(space, message.topic)
        if found.channel not in _WATCHED:
            return None
        if found.channel is EVENT:
            return decode(message.payload, EVENTS[found.event_type])
        return decode(message.payload, found.channel.messages[0])
    except CairnError:
        return None


def describe(message: Message) -> str:
    """One line: when, what, and the figures that matter."""
    figures = printable(_figures(message))
    return f"{message.sent_at.astimezone():%H:%M:%S} {message.type:<20} {figures}".rstrip()


def _figures(message: Message) -> str:  # noqa: C901, PLR0911 - one line for each kind of message
    match message:
        case Manifest():
            left_out = message.left_out.point_count
            return (
                f"generation {message.generation} revision {message.revision}: "
                f"{message.point_count:,} points in {message.shard_count} shards of {message.image_count} images"
                + (f"; {left_out:,} fine points are left out, the broker's room is full" if left_out else "")
            )
        case ShardUpdate():
            return (
                f"image {message.image_number}: {len(message.shards)} new shards, {message.point_count:,} points, "
                f"generation {message.generation} revision {message.revision}"
            )
        case ProcessingComplete():
            points = f"{message.new_point_count:,} new points in {message.duration_s:.1f} s"
            return f"image {message.image_number} {message.state}: {points}"
        case RefetchStarting():
            return f"image {message.image_number}: rebuilding, generation {message.next_generation} is next"
        case ProcessingStarted():
            return f"image {message.image_number} ({message.image_id})"
        case Progress():
            return f"{message.stage} {message.done_ratio:.0%}"
        case Error():
            return f"{message.code}: {message.reason}"
        case AgentState():
            return f"{message.agent} {message.presence}"
        case ReconstructorState():
            trouble = f": {message.reason or message.code}" if message.code is not None else ""
            return f"{message.presence}, {message.image_count} images{trouble}"
        case ReconstructorStatistics():
            return f"{message.preview_count} of {message.stored_count} images are only previews so far"
        case UploadAcknowledged():
            return f"{message.image_name} {describe_receipt(message)}"
        case _:
            return ""
