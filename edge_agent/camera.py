"""What is a camera to the agent? Something that hands over one photograph."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from broker.errors import CairnError


class CameraError(CairnError):
    """A camera gave no photograph; the agent goes on and counts it."""

    code = "camera_failed"


class CameraExhaustedError(CameraError):
    """A camera with a fixed set of photographs has handed over the last one."""

    code = "camera_exhausted"


def now_utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """One encoded photograph, EXIF inside, exactly as it will be stored and sent."""

    content: bytes
    content_type: str
    captured_at: datetime = field(default_factory=now_utc)
    file_name: str | None = None


class Camera(Protocol):
    """Anything that photographs; `capture` may block, so the agent calls it in a thread."""

    def capture(self) -> Photograph:
        """Takes one photograph, or raises `CameraError`; `CameraExhaustedError` after the last one of a fixed set."""

    def close(self) -> None:
        """Lets go of the device; calling it twice is fine."""
