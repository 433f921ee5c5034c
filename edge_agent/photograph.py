"""What is a photograph to the rig? Its encoded bytes, when and from where it was taken."""

from dataclasses import dataclass, field
from datetime import UTC, datetime


def now_utc() -> datetime:
    """The present instant. It may be wrong on a rig without a clock; the order of images never depends on it."""
    return datetime.now(UTC)


def plain_name(file_name: str) -> str:
    """A file's name as text that MQTT, SQLite and a terminal take: signs that cannot be shown become escapes.

    Mosquitto closes the connection of a client that sends a control sign, again at each attempt; bytes that are not
    UTF-8 cannot be encoded at all.
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in file_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """One encoded photograph, EXIF inside, exactly as it will be stored and sent.

    `source` names where it came from (a file's name, size and time), so that it is not taken twice after a restart.
    `capture_id` is shared by the photographs that several rigs took at one instant.
    """

    content: bytes
    content_type: str
    captured_at: datetime = field(default_factory=now_utc)
    file_name: str = ""
    source: str | None = None
    capture_id: str | None = None
