"""What is a camera to the agent? An interface that returns one photograph per call."""

import math
from typing import Final, Protocol, runtime_checkable

from broker.contract import MAX_IMAGE_BYTES
from broker.errors import CairnError
from broker.images.folders import LeftOut
from edge_agent.photograph import Photograph

# The reconstructor takes no larger one. The rig's unit has 400 MB of memory; at this limit of 30 MiB its two processes need
# about 330 MB at the most: 70 the camera's process with one photograph; 80 the agent; up to 34 the stream's buffer, which
# grows by an eighth more than it needs; 30 each the photograph, two copies while its GPS is removed, and the one before it,
# kept for the thumbnail; 32 for uploads under way.
MAX_PHOTOGRAPH_BYTES: Final = MAX_IMAGE_BYTES
_MIB: Final = 1024 * 1024


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


class PhotographTooLargeError(CameraError):
    """A photograph that is larger than the reconstructor takes."""

    code = "photograph_too_large"
    remedy = "Set the camera to a smaller size or to JPEG; of a folder, only this file is left out."


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


def check_size(size_bytes: int) -> None:
    """Raise `PhotographTooLargeError` for a photograph that no reconstructor would take."""
    if size_bytes > MAX_PHOTOGRAPH_BYTES:
        size_mib = math.ceil(size_bytes / _MIB * 10) / 10  # rounded up, so that it never reads as the limit itself
        raise PhotographTooLargeError(
            f"a photograph of {size_mib} MiB is above the limit of {MAX_PHOTOGRAPH_BYTES // _MIB} MiB:"
            " save it as JPEG, or with fewer pixels"
        )
