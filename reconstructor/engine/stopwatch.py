"""How much time did each stage of a call take? A stopwatch on the monotonic clock."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up seconds by stage."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self._seconds[stage] = self._seconds.get(stage, 0.0) + time.monotonic() - begun

    def take(self) -> dict[str, float]:
        """Return the seconds by stage and start again at zero."""
        taken, self._seconds = self._seconds, {}
        return taken
