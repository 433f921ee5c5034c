"""Which error of a camera ends the agent? One that no retry mends; but a folder that is gone may come back."""

from typing import Final

from broker.logs import get_logger
from edge_agent.cameras.camera import CameraError, CameraExhaustedError, CameraUnusableError
from edge_agent.cameras.folder import FolderAwayError, FolderMissingError
from edge_agent.capture.counters import Counters
from edge_agent.spool.spool import Spool

FOLDER_MISSING: Final = FolderMissingError.code  # the alarm, too
LOG = get_logger()


class CameraErrors:
    """The judge of a camera's errors.

    A folder that was never there is a wrong setting, and the agent says so and ends. It goes on without the folder when
    the folder was there before, or when photographs waited at the start: to send these matters more.
    """

    def __init__(self, spool: Spool, counters: Counters) -> None:
        self._counters = counters
        self._is_awaited = spool.counts().waiting_count > 0

    def note_success(self) -> None:
        """Note that the camera answered."""
        self._is_awaited = True
        self._counters.alarms.discard(FOLDER_MISSING)

    def is_final(self, error: CameraError) -> bool:
        """Whether a retry does not help. A folder that may come back raises an alarm meanwhile."""
        if not isinstance(error, FolderMissingError | FolderAwayError):
            return isinstance(error, CameraExhaustedError | CameraUnusableError)
        if isinstance(error, FolderMissingError) and not self._is_awaited:
            return True
        if FOLDER_MISSING not in self._counters.alarms:
            LOG.error(FOLDER_MISSING, reason=error.sentence)
        self._counters.alarms.add(FOLDER_MISSING)
        return False
