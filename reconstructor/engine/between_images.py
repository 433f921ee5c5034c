"""What does the engine do while no image comes? It matches the live models' tracks in the larger photographs, ahead of a refetch.

In a thread of the lowest priority. It waits while an image is added, and stops for a refetch, whose solver writes the same
files.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.photographs import UnreadablePhotographError
from reconstructor.engine.lsm.kept_matches import MatchFiles
from reconstructor.engine.lsm.measuring_ahead import StoppedError, measure_ahead
from reconstructor.engine.settings import EngineSettings

_LOWEST_PRIORITY: Final = 19
_MOST_IMAGES: Final = 60  # to look through all matches of more at every image takes longer than to match the new ones

Copies = Callable[[], tuple[list[Any], Mapping[int, ImageFacts]]]


class BetweenImages:
    """The work between the images of one engine.

    Args:
        folder: the engine's folder.
        settings: the engine's settings.
        copies: copies of the present models, each a `pycolmap.Reconstruction`, and the facts of their images.
    """

    def __init__(self, folder: Path, settings: EngineSettings, copies: Copies) -> None:
        self._files, self._settings, self._copies = MatchFiles(folder=folder), settings, copies
        self._changed = threading.Condition()
        self._adding_count = self._stopping_count = 0
        self._is_due = self._is_measuring = self._is_closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Mark that an image is being added; afterwards its matches are due."""
        with self._changed:
            self._adding_count += 1
        try:
            yield
        finally:
            with self._changed:
                self._adding_count -= 1
                self._is_due = True
                if self._thread is None and not self._is_closed:
                    self._thread = threading.Thread(target=self._run, name="between-images", daemon=True)
                    self._thread.start()
                self._changed.notify_all()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Measure nothing while this is open; waits for the image that is being measured."""
        with self._changed:
            self._stopping_count += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._is_measuring)
        try:
            yield
        finally:
            with self._changed:
                self._stopping_count -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """End the thread before its next image."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is due; whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_due and not self._is_measuring, timeout_s)

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)  # of this thread alone
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or (self._is_due and self._is_idle))
                if self._is_closed:
                    return
                self._is_due, self._is_measuring = False, True
            try:
                with suppress(
                    OSError, UnreadablePhotographError
                ):  # a full disk, a file that goes: the refetch will see
                    self._measure()
            finally:
                with self._changed:
                    self._is_measuring = False
                    self._changed.notify_all()

    def _measure(self) -> None:
        models, facts = self._copies()
        for model in models:
            if model.num_reg_images() <= _MOST_IMAGES:
                measure_ahead(model, facts, self._settings, self._files, self._pause)

    def _pause(self) -> None:
        """Wait while images are added.

        Raises:
            StoppedError: the engine was closed, or a refetch begins.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._stopping_count > 0 or self._adding_count == 0)
            if self._is_closed or self._stopping_count:
                self._is_due = True  # what is left
                raise StoppedError

    @property
    def _is_idle(self) -> bool:
        return self._adding_count == 0 and self._stopping_count == 0
