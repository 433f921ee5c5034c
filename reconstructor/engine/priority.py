"""Who works first, a new image or a refetch? The image: the refetch stands back while one is added, within limits.

Both run in one process on the same cores. Without limits a steady stream of images would never let a refetch finish.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from broker.errors import CairnError

_PATIENCE_S: Final = 5.0  # about one image on 2 cores, so that the first one is waited for


class EngineClosedError(CairnError):
    """The engine was closed in the middle of a refetch."""

    code = "engine_closed"
    remedy = "Nothing: the refetch is run again after the restart."


class Priority:
    """Lets one refetch give way to images, for no longer in all than it has worked itself."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._adding_count = 0
        self._is_closed = False
        self._begun_s = 0.0
        self._waited_s = 0.0

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    @contextmanager
    def adding(self) -> Iterator[None]:
        """While an image is added."""
        with self._changed:
            self._adding_count += 1
        try:
            yield
        finally:
            with self._changed:
                self._adding_count -= 1
                self._changed.notify_all()

    def begin(self) -> None:
        """A refetch begins; call it before the first `yield_to_images`."""
        self._begun_s, self._waited_s = time.monotonic(), 0.0

    def yield_to_images(self) -> None:
        """Wait until no image is added, if that is still owed; to be called between two pieces of a refetch's work.

        Raises:
            EngineClosedError: the engine was closed; no caller needs the refetch.
        """
        called_s = time.monotonic()
        worked_s = called_s - self._begun_s - self._waited_s
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_closed or self._adding_count == 0,
                timeout=max(0.0, _PATIENCE_S + worked_s - self._waited_s),
            )
            self._waited_s += time.monotonic() - called_s
            if self._is_closed:
                raise EngineClosedError("the engine was closed: the refetch was not finished")

    def close(self) -> None:
        """End the refetch at its next `yield_to_images`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
