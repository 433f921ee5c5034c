"""What is a photograph to the rig? Its encoded bytes, when and from where it was taken."""

from dataclasses import dataclass, field
from datetime import UTC, datetime


def now_utc() -> datetime:
    """The present instant. It may be wrong on a rig without a clock; the order of images never depends on it."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """One encoded photograph, EXIF inside, exactly as it will be stored and sent.

    `source` names where it came from (a file's name, size and time), so that it is not taken twice after a restart.
    """

    content: bytes
    content_type: str
    captured_at: datetime = field(default_factory=now_utc)
    file_name: str = ""
    source: str | None = None
