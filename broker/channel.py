"""What is a channel? One row of the contract: its topic, who may use it, and how a message is published there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from broker.envelope import MAX_JSON_BYTES, Message
from broker.errors import CairnError
from broker.ids import (
    AgentId,
    AnnotationId,
    ConnectionId,
    Encoding,
    EventType,
    Generation,
    ImageId,
    ImageName,
    Offset,
    PageDigest,
    RequestId,
    SenderId,
    ShardIndex,
    Verb,
)
from broker.outgoing import Outgoing
from broker.topics import BadTopicError, LevelValue, TopicSpace, TopicTemplate, discovery_topic

JSON: Final = "application/json"
_Level = TypeVar("_Level")


class WrongChannelError(CairnError):
    """A program tries to publish something that the contract's row does not allow."""

    code = "wrong_channel"
    remedy = "A defect of the program: report it with its version."


class PayloadTooLargeError(CairnError):
    """A payload above the limit of its channel."""

    code = "payload_too_large"
    remedy = "Send less: reduce the image, or let the program cut it into pieces."


class Role(StrEnum):
    """What a user of the broker is."""

    AGENT = "agent"
    RECONSTRUCTOR = "reconstructor"
    VIEWER = "viewer"
    CONTRIBUTOR = "contributor"
    OPERATOR = "operator"
    OBSERVER = "observer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One row of the table.

    Attributes:
        name: what logs and docs call it.
        template: the topic below `{root}/{project}/`.
        messages: the JSON models it carries; empty for bytes.
        meaning: one line for people.
        content_type: of the bytes; None for JSON rows, and where each message states its own.
        qos: 0 or 1.
        is_retained: whether the broker keeps the last message.
        max_bytes: the largest payload that is published or read.
        writers: roles that may publish.
        readers: roles that may subscribe.
        own_level: the level that must equal the user name; ops read all of them, and write to any agent.
        is_read_by_all: people see everybody's, though they write only their own; a rig sees its own one.
        is_kept_by_operators: an operator may write, and so clear, everybody's.
        writers_of_verb: of a topic whose last level is a verb, who may publish each; the others may not publish it.
    """

    name: str
    template: TopicTemplate
    meaning: str
    writers: frozenset[Role]
    readers: frozenset[Role]
    messages: tuple[type[Message], ...] = ()
    content_type: str | None = None
    qos: int = 1
    is_retained: bool = False
    max_bytes: int = MAX_JSON_BYTES
    own_level: str | None = None
    is_read_by_all: bool = False
    is_kept_by_operators: bool = False
    writers_of_verb: Mapping[Verb, frozenset[Role]] = field(default_factory=dict, hash=False)

    @property
    def is_json(self) -> bool:
        """Whether `mosquitto_sub -v` shows readable lines."""
        return bool(self.messages)

    def writable(self, role: Role) -> Iterator[Mapping[str, LevelValue]]:
        """The topics that a role may publish to: each as the levels that are fixed, none for the whole channel."""
        if self.writers_of_verb:
            yield from ({"verb": verb} for verb, roles in self.writers_of_verb.items() if role in roles)
        elif role in self.writers:
            yield {}

    def outgoing(
        self,
        space: TopicSpace,
        project: str,
        body: Message | bytes,
        *,
        content_type: str | None = None,
        response_topic: str | None = None,
        correlation_data: bytes | None = None,
        user_properties: tuple[tuple[str, str], ...] = (),
        **levels: LevelValue,
    ) -> Outgoing:
        """Build the message to publish; topic, QoS, retain, content type and size limit come from this row.

        Args:
            space: the root of all topics.
            project: the project's id.
            body: one of the row's messages; or bytes, on a JSON row those of a message that was encoded before.
            content_type: of bytes whose row leaves it to the message.
            response_topic: where an answer is expected.
            correlation_data: what the answer repeats.
            user_properties: MQTT 5 user properties.
            levels: the topic's levels; an event's `event_type` follows from its message.

        Raises:
            WrongChannelError: the row does not carry this message.
            PayloadTooLargeError: more bytes than the row allows.
            BadIdError, BadTopicError: a level is not valid or missing.
        """
        if isinstance(body, Message):
            if type(body) not in self.messages:
                raise WrongChannelError(f"channel {self.name} does not carry {type(body).__name__}: see docs/wire.md")
            if "event_type" in self.template.level_names:
                levels = {"event_type": EventType(body.message_type), **levels}
            payload, content_type = body.encode(), JSON
        else:
            payload, content_type = body, JSON if self.is_json else content_type or self.content_type
        if len(payload) > self.max_bytes:
            raise PayloadTooLargeError(
                f"{len(payload)} bytes are above the limit of {self.max_bytes} of channel {self.name}: send less"
            )
        return Outgoing(
            topic=space.topic(project, self.template, **levels),
            payload=payload,
            qos=self.qos,
            is_retained=self.is_retained,
            content_type=content_type,
            response_topic=response_topic,
            correlation_data=correlation_data,
            user_properties=user_properties,
        )

    def clearing(self, space: TopicSpace, project: str, **levels: LevelValue) -> Outgoing:
        """Build the empty message that removes the retained one.

        Raises:
            WrongChannelError: nothing is retained on this channel.
        """
        if not self.is_retained:
            raise WrongChannelError(f"channel {self.name} retains nothing that could be cleared")
        return clearing_of(space.topic(project, self.template, **levels))


def clearing_of(topic: str) -> Outgoing:
    """Build the empty message that removes what the broker retains on one of our topics."""
    return Outgoing(topic=topic, payload=b"", qos=1, is_retained=True)


def discovery_outgoing(prefix: str, agent: str, payload: bytes) -> Outgoing:
    """Build the retained message that describes a rig to Home Assistant; its topic is outside our root."""
    return Outgoing(topic=discovery_topic(prefix, agent), payload=payload, qos=1, is_retained=True, content_type=JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a concrete topic means: its channel, its project, and each level of the topic in its own type.

    A level that the channel's topic does not have raises BadTopicError.
    """

    channel: Channel
    project: str
    _levels: Mapping[str, LevelValue]

    @property
    def sender(self) -> SenderId:
        return self._level("sender", SenderId)

    @property
    def agent(self) -> AgentId:
        return self._level("agent", AgentId)

    @property
    def user(self) -> SenderId:
        return self._level("user", SenderId)

    @property
    def connection(self) -> ConnectionId:
        return self._level("connection", ConnectionId)

    @property
    def image_id(self) -> ImageId:
        return self._level("image_id", ImageId)

    @property
    def image_name(self) -> ImageName:
        return self._level("image_name", ImageName)

    @property
    def annotation(self) -> AnnotationId:
        return self._level("annotation", AnnotationId)

    @property
    def request_id(self) -> RequestId:
        return self._level("request_id", RequestId)

    @property
    def generation(self) -> Generation:
        return self._level("generation", Generation)

    @property
    def encoding(self) -> Encoding:
        return self._level("encoding", Encoding)

    @property
    def index(self) -> ShardIndex:
        return self._level("index", ShardIndex)

    @property
    def offset(self) -> Offset:
        return self._level("offset", Offset)

    @property
    def page(self) -> PageDigest:
        return self._level("page", PageDigest)

    @property
    def verb(self) -> Verb:
        return self._level("verb", Verb)

    @property
    def event_type(self) -> EventType:
        return self._level("event_type", EventType)

    def _level(self, name: str, kind: type[_Level]) -> _Level:
        value = self._levels.get(name)
        if not isinstance(value, kind):
            raise BadTopicError(f"topics of channel {self.channel.name} have no level {{{name}}}")
        return value
