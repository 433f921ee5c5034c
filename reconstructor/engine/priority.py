"""Who works first, a new image or a refetch? The image: the refetch waits while one is added, up to a limit.

Both run in one process on the same cores. Without the limit a refetch would never finish under a steady stream of
images. It does not wait for images of a backlog, which follow each other without a pause.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from broker.errors import CairnError

_PATIENCE_S: Final = 5.0  # about one image on 2 cores: a new refetch, which has not run yet, may wait this long
_WAIT_RATIO: Final = 0.25  # a refetch beside a steady stream of images takes a quarter longer
_BACKLOG_S: Final = (
    0.5  # an image that begins within this time after another one was in a queue; a pause would not show it sooner
)
_BESIDE_BACKLOG_S: Final = 1.0  # that the interpreter is held at a time; without a wait between, an image took 3.5 s
_REST_S: Final = 60.0  # the last refetch of a project comes two minutes after its last image

Pause = Callable[[], None]


def no_pause() -> None:
    """Do not wait for images that are being added: none can be."""


class EngineClosedError(CairnError):
    """The engine was closed in the middle of a refetch."""

    code = "engine_closed"
    remedy = "Nothing: the refetch is run again after the restart."


class Priority:
    """Gives adding images priority over a refetch, within a limit: a share of the time that the refetch has worked."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._adding_count = self._ended_count = 0
        self._is_shown = False  # whether the first points of the image that is being added are out
        self._is_of_backlog = False
        self._added_s: float | None = None
        self._is_closed = False
        self._begun_s = self._yielded_s = 0.0
        self._waited_s = 0.0
        self._waiting_count = 0  # threads of the refetch
        self._waiting_since_s = 0.0

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    @property
    def is_at_rest(self) -> bool:
        """Whether no image is being added or was added in the last minute."""
        with self._changed:
            is_long_ago = self._added_s is None or time.monotonic() - self._added_s > _REST_S
            return is_long_ago and self._adding_count == 0

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Mark that an image is being added, for as long as the context is open."""
        with self._changed:
            self._adding_count += 1
            self._is_shown = False
            self._is_of_backlog = self._added_s is not None and time.monotonic() - self._added_s < _BACKLOG_S
        try:
            yield
        finally:
            with self._changed:
                self._adding_count -= 1
                self._ended_count += 1
                self._is_shown = False
                self._added_s = time.monotonic()
                self._changed.notify_all()

    def note_first_points(self) -> None:
        """The image that is being added can be seen: a refetch need not wait for its finer points."""
        with self._changed:
            self._is_shown = True
            self._changed.notify_all()

    def begin(self) -> None:
        """Start the clock of a refetch; call it before the first `yield_to_images`."""
        with self._changed:
            self._begun_s, self._waited_s = time.monotonic(), 0.0

    def yield_to_images(self) -> None:
        """Wait while an image is added of which nothing is seen yet, within the limit; call it between two parts of the work.

        Several threads of a refetch may call it; the time that they wait together counts once.

        Raises:
            EngineClosedError: the engine was closed.
        """
        with self._changed:
            self._wait_for(lambda: not self._is_urgent)

    def yield_interpreter(self) -> None:
        """As `yield_to_images`; call it between short parts that hold Python's interpreter, beside which images hardly get on.

        Therefore, after some time, it also waits until one image of a backlog is through.
        """
        with self._changed:
            if time.monotonic() - self._yielded_s > _BESIDE_BACKLOG_S:
                ended_count = self._ended_count
                self._wait_for(lambda: self._adding_count == 0 or self._is_shown or self._ended_count > ended_count)
                self._yielded_s = time.monotonic()
            else:
                self._wait_for(lambda: not self._is_urgent)

    def must_wait_within(self, seconds: float) -> bool:
        """Whether a refetch has to wait for an image that is being added; if not, look for so long whether one comes."""

        def must_wait() -> bool:
            return self._is_urgent and self._patience_left_s() > 0.0

        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or must_wait(), timeout=seconds)
            return must_wait()

    def _wait_for(self, is_free: Callable[[], bool]) -> None:
        if self._waiting_count == 0:
            self._waiting_since_s = time.monotonic()
        self._waiting_count += 1
        self._changed.wait_for(lambda: self._is_closed or is_free(), timeout=self._patience_left_s())
        self._waiting_count -= 1
        if self._waiting_count == 0:
            self._waited_s += time.monotonic() - self._waiting_since_s
        if self._is_closed:
            raise EngineClosedError("the engine was closed: the refetch was not finished")

    @property
    def _is_urgent(self) -> bool:
        return self._adding_count > 0 and not self._is_shown and not self._is_of_backlog

    def _patience_left_s(self) -> float:
        """How long a refetch may wait now: a share of the time that it has worked and a little, less what it has waited."""
        worked_s = time.monotonic() - self._begun_s - self._waited_s
        return max(0.0, _PATIENCE_S + _WAIT_RATIO * worked_s - self._waited_s)

    def close(self) -> None:
        """End the refetch at its next `yield_to_images`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
