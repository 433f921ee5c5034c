"""Which measures and notes did people leave? The retained ones, read over MQTT."""

from typing import Final

from broker.annotations.tables import LeftAnnotation
from broker.channel import Match
from broker.config import Connection
from broker.contract import MEASURE, NOTE, REFERENCE, match
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.live import LiveMessage, follow
from broker.logs import get_logger
from broker.manifest import Manifest
from broker.messages import WorldFrame
from broker.wire.annotations import MAX_ANNOTATION_BYTES, Measure, Note

_SILENCE_S: Final = 15.0


class NothingMeasuredError(CairnError):
    """A project without a cloud has no measures."""

    code = "nothing_measured"
    remedy = "Check the project's name, and that its first images have been placed."


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
                return decode(message.payload, Manifest).frame, sorted(found.values(), key=lambda each: each.order)
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
