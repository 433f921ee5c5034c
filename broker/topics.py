"""Which string is a topic? Format, parse and filter templates such as `image/{sender}/{image_name}`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from broker.errors import CairnError
from broker.ids import (
    AgentId,
    AnnotationId,
    BadIdError,
    ConnectionId,
    Encoding,
    EventType,
    Generation,
    ImageId,
    ImageName,
    Offset,
    PageDigest,
    ProjectId,
    RequestId,
    SenderId,
    ShardIndex,
    Verb,
)

DEFAULT_ROOT: Final = "cairn/v1"
_ROOT_PATTERN = r"[a-z0-9][a-z0-9-]{0,62}(/[a-z0-9][a-z0-9-]{0,62}){0,7}"
MAX_TOPIC_LENGTH: Final = 1024


class BadTopicError(CairnError):
    """A topic that no template describes."""

    code = "bad_topic"
    remedy = "Compare the topic with the table of channels in docs/wire.md."


LevelValue = str | int
LEVEL_TYPES: Final[Mapping[str, Callable[[str], LevelValue]]] = {
    "project": ProjectId,
    "sender": SenderId,
    "agent": AgentId,
    "user": SenderId,
    "connection": ConnectionId,
    "image_id": ImageId,
    "image_name": ImageName,
    "annotation": AnnotationId,
    "request_id": RequestId,
    "generation": Generation,
    "encoding": Encoding,
    "index": ShardIndex,
    "offset": Offset,
    "page": PageDigest,
    "verb": Verb,
    "event_type": EventType,
}


@dataclass(frozen=True, slots=True)
class TopicTemplate:
    """A topic below `{root}/{project}/`, with named levels in braces."""

    text: str

    @property
    def level_names(self) -> tuple[str, ...]:
        """Names of the levels in braces, in order."""
        return tuple(part[1:-1] for part in self.text.split("/") if part.startswith("{"))

    def format(self, levels: Mapping[str, LevelValue]) -> str:
        """Fill in every level; each value is checked by its type.

        Raises:
            BadIdError: a value may not stand in a topic.
            BadTopicError: a level is missing.
        """
        return "/".join(self._fill(part, levels) for part in self.text.split("/"))

    def filter(self, levels: Mapping[str, LevelValue]) -> str:
        """Like `format`, with `+` for every level that is not given."""
        return self.format({name: levels.get(name, "+") for name in self.level_names})

    def parse(self, text: str) -> dict[str, LevelValue] | None:
        """The levels of `text`, each of its own type, or None when the fixed parts differ.

        Raises:
            BadIdError: the shape is this template's and a level is not valid.
        """
        parts, wanted = text.split("/"), self.text.split("/")
        if len(parts) != len(wanted):
            return None
        pairs = list(zip(wanted, parts, strict=True))
        if any(want != part for want, part in pairs if not want.startswith("{")):
            return None
        return {want[1:-1]: LEVEL_TYPES[want[1:-1]](part) for want, part in pairs if want.startswith("{")}

    @staticmethod
    def _fill(part: str, levels: Mapping[str, LevelValue]) -> str:
        if not part.startswith("{"):
            return part
        name = part[1:-1]
        if name not in levels:
            raise BadTopicError(f"the topic needs a value for {part}")
        value = levels[name]
        return "+" if value == "+" else str(LEVEL_TYPES[name](str(value)))


@dataclass(frozen=True, slots=True)
class TopicSpace:
    """Everything below one root on one broker, for example `cairn/v1`."""

    root: str = DEFAULT_ROOT

    def __post_init__(self) -> None:
        if not re.fullmatch(_ROOT_PATTERN, self.root, re.ASCII):
            raise BadTopicError(f"{self.root[:80]!r} is not a topic root: use levels like 'cairn/v1'")

    def topic(self, project: str, template: TopicTemplate, **levels: LevelValue) -> str:
        """The complete topic of one message; no wildcard can come out of it."""
        if "+" in levels.values():
            raise BadIdError("a topic to publish to has no wildcards: give every level its value")
        return f"{self.root}/{ProjectId(project)}/{template.format(levels)}"

    def filter(self, template: TopicTemplate, project: str | None = None, **levels: LevelValue) -> str:
        """A subscription filter, with `+` for the project and every level that is not given."""
        return f"{self.root}/{ProjectId(project) if project else '+'}/{template.filter(levels)}"

    def split(self, topic: str) -> tuple[ProjectId, str]:
        """Project and remainder of a topic below this root.

        Raises:
            BadTopicError: not below this root, too long, or without project.
            BadIdError: the project level is not a name.
        """
        prefix = f"{self.root}/"
        if len(topic) > MAX_TOPIC_LENGTH or not topic.startswith(prefix):
            raise BadTopicError(f"{topic[:80]!r} is not below {prefix!r}")
        project, _, rest = topic.removeprefix(prefix).partition("/")
        if not rest:
            raise BadTopicError(f"{topic[:80]!r} has no channel after the project")
        return ProjectId(project), rest


def discovery_topic(prefix: str, agent: str) -> str:
    """Where an agent tells Home Assistant of itself; outside our root, so only accounts that the user book names may."""
    return f"{prefix}/device/{agent}/config"
