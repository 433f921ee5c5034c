"""What is a camera to the agent? Something that hands over one photograph."""

from typing import Protocol

from broker.errors import CairnError
from edge_agent.photograph import Photograph


class CameraError(CairnError):
    """A camera gave no photograph; the agent counts it and goes on."""

    code = "camera_failed"


class CameraExhaustedError(CameraError):
    """A camera with a fixed set of photographs has handed over the last one."""

    code = "camera_exhausted"


class CameraUnusableError(CameraError):
    """This camera cannot work as it is set; trying again does not help."""

    code = "camera_unusable"


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
