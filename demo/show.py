"""How is progress shown? A live line on a terminal, else a line whenever something changed."""

import sys
import time
from typing import Final

from rich.console import Console
from rich.status import Status

_LEAST_PAUSE_S: Final = 2.0


class Show:
    """Writes to stderr; stdout stays empty for data."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._status: Status | None = None
        self._last_line, self._last_at = "", 0.0

    def say(self, text: str) -> None:
        """One line that stays."""
        self._console.print(text, markup=False, soft_wrap=True)

    def update(self, line: str) -> None:
        """The present state; repeated lines are not shown again."""
        if self._console.is_terminal:
            if self._status is None:
                self._status = self._console.status(line)
                self._status.start()
            self._status.update(line)
            return
        now = time.monotonic()
        if line != self._last_line and now - self._last_at >= _LEAST_PAUSE_S:
            self._last_line, self._last_at = line, now
            sys.stderr.write(f"{line}\n")

    def end(self, line: str) -> None:
        """Take the live line away and leave the last state."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        self.say(line)
