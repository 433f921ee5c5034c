"""Where did the time of one call go?"""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Sums seconds by stage until they are taken."""

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
        """Seconds by stage since the last call of this."""
        taken, self._seconds = self._seconds, {}
        return taken
