"""What is a camera to the agent? Something that hands over one photograph."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from broker.errors import CairnError


class CameraError(CairnError):
    """A camera gave no photograph; the agent counts it and goes on."""

    code = "camera_failed"
    remedy = "Look at the camera; the agent tries again by itself."


class CameraExhaustedError(CameraError):
    """A camera with a fixed set of photographs has handed over the last one."""

    code = "camera_exhausted"
    remedy = "Nothing: every photograph of the set was taken."


class CameraUnusableError(CameraError):
    """This camera cannot work as it is set; trying again does not help."""

    code = "camera_unusable"
    remedy = "Correct the camera's settings; see `cairn edge doctor`."


def now_utc() -> datetime:
    """The present instant; on a rig without a clock it may be wrong, order never depends on it."""
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


class Camera(Protocol):
    """Anything that photographs. It blocks; the agent runs it in a child process."""

    def capture(self) -> Photograph | None:
        """Takes one photograph; None when nothing has come yet (a watched folder).

        Raises:
            CameraExhaustedError: a fixed set is at its end.
            CameraUnusableError: trying again does not help.
            CameraError: no photograph; the next call may succeed.
        """

    def close(self) -> None:
        """Lets go of the device; calling it twice is fine."""
