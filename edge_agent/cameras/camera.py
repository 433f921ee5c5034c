"""What is a camera to the agent? An interface that returns one photograph per call."""

from typing import Protocol, runtime_checkable

from broker.errors import CairnError
from broker.images.folders import LeftOut
from edge_agent.photograph import Photograph


class CameraError(CairnError):
    """No photograph from a camera; the agent counts it and tries again."""

    code = "camera_failed"
    remedy = "Look at the camera; the agent tries again by itself."


class CameraExhaustedError(CameraError):
    """The end of a camera's fixed set of photographs."""

    code = "camera_exhausted"
    remedy = "Nothing: every photograph of the set was taken."


class CameraUnusableError(CameraError):
    """A camera that cannot work with these settings; a retry does not help."""

    code = "camera_unusable"
    remedy = "Correct the camera's settings; see `cairn edge doctor`."


class Camera(Protocol):
    """The interface of every camera. It blocks; the agent runs it in a child process."""

    def capture(self) -> Photograph | None:
        """Take one photograph; None when nothing has come yet (a watched folder).

        Raises:
            CameraExhaustedError: a fixed set is at its end.
            CameraUnusableError: a retry does not help.
            CameraError: no photograph; the next call may succeed.
        """

    def close(self) -> None:
        """Release the device; calling it twice is fine."""


@runtime_checkable
class LeavesOut(Protocol):
    """A camera whose photographs exist already, and which does not take all of them."""

    def new_left_out(self) -> list[LeftOut]:
        """What was left out since the last call."""
