"""How does a rig get out of a full disk by itself? A small file is given up: its room lets the index note receipts.

Each receipt then frees a photograph. Without it a rig whose disk is full to the last page could not even start.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

SIZE_BYTES: Final = 256 * 1024  # the index's log and its memory file, with a large margin
_NAME: Final = "ballast"
Answer = TypeVar("Answer")


class Ballast:
    """The file that is given up when the disk is full.

    Args:
        folder: where it is.
        full: the error that says that the disk is full.
    """

    def __init__(self, folder: Path, full: type[Exception]) -> None:
        self._path, self._full = folder / _NAME, full

    def drop(self) -> bool:
        """Give its room away; whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def keep(self, room_bytes: int) -> None:
        """Write the file when it is not there and there is room for several of it."""
        if room_bytes < 4 * SIZE_BYTES or self._path.exists():
            return
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, SIZE_BYTES)
            finally:
                os.close(descriptor)

    def even_when_full(self, change: Callable[[], Answer]) -> Answer:
        """Make a small change of the index; on a full disk, in the room of the file. Raises what the change raises."""
        try:
            return change()
        except self._full:
            if not self.drop():
                raise
            return change()
