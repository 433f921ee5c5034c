"""How do two processors find features at once? A child process takes one part of a photograph, while this one takes another.

Two threads cannot: see `colmap_sift`. The child is started with the first part and ends when its pipe is closed, so with
this process at the latest. It needs a second until it is ready; until then, and whenever it fails, this process does all.
"""

import atexit
import contextlib
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine import colmap
from reconstructor.engine.features.colmap_sift import DESCRIPTOR_LENGTH, SiftLimits, sift_of

_HEADER: Final = struct.Struct("<iiii")  # height, width, most features, first octave
_READY: Final = b"ready"
_ANSWER_S: Final = 60.0  # a part of 12 megapixels takes 2 s; a child that was stopped by somebody never answers

Found = tuple[NDArray[np.float32], NDArray[np.uint8]]


class SiftProcess:
    """The child process, at the other end of a pipe."""

    def __init__(self) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "reconstructor.engine.features.sift_process", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )
        self._is_ready = False

    @property
    def process_id(self) -> int:
        return self._process.pid

    def is_ready(self) -> bool:
        """Whether it can begin now.

        Raises:
            EOFError: it has ended.
            OSError: as well.
        """
        if not self._is_ready and self._connection.poll():
            self._is_ready = self._connection.recv_bytes() == _READY
        return self._is_ready

    def begin(self, pixels: NDArray[np.uint8], limits: SiftLimits) -> None:
        """Let it find the features of pixels (H, W) uint8; call `finish` next.

        Raises:
            OSError: it has ended.
        """
        self._connection.send_bytes(_HEADER.pack(*pixels.shape, limits.max_features, limits.first_octave))
        self._connection.send_bytes(pixels.tobytes())

    def finish(self) -> Found:
        """Keypoints (N, 4), in pixels, and descriptors (N, 128), as `sift_of` finds them.

        Raises:
            EOFError: it has ended.
            OSError: as well, or it did not answer within a minute.
        """
        if not self._connection.poll(_ANSWER_S):
            raise TimeoutError("the process for features does not answer")
        keypoints = np.frombuffer(self._connection.recv_bytes(), np.float32).reshape(-1, 4)
        descriptors = np.frombuffer(self._connection.recv_bytes(), np.uint8).reshape(-1, DESCRIPTOR_LENGTH)
        return keypoints, descriptors

    def stop(self) -> None:
        """End it; does nothing if it has ended."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


_lock = threading.Lock()
_kept: list[SiftProcess] = []  # none or one
_owner: Final = os.getpid()


def sift_of_both(first: NDArray[np.uint8], second: NDArray[np.uint8], limits: SiftLimits) -> tuple[Found, Found]:
    """The features of two parts (H, W) uint8 of a photograph, each as `sift_of` finds them; at once if possible."""
    with _helper() as helper:
        if helper is not None:
            with contextlib.suppress(EOFError, OSError), _forgotten_after_an_error(helper):
                helper.begin(second, limits)
                of_first = sift_of(first, limits)
                return of_first, helper.finish()
    return sift_of(first, limits), sift_of(second, limits)


@contextmanager
def _helper() -> Iterator[SiftProcess | None]:
    """The child process of this process, for one photograph; None if it is busy, not ready, or cannot be started."""
    if os.name != "posix" or not _lock.acquire(blocking=False):
        yield None
        return
    try:
        yield _ready_one()
    finally:
        _lock.release()


def _ready_one() -> SiftProcess | None:
    try:
        if not _kept:
            _kept.append(SiftProcess())
        return _kept[0] if _kept[0].is_ready() else None
    except (
        EOFError,
        OSError,
    ):  # it was killed, or there is no room for another process: the next photograph tries again
        for each in tuple(_kept):
            _forget(each)
        return None


@contextmanager
def _forgotten_after_an_error(helper: SiftProcess) -> Iterator[None]:
    """End a child process that may owe an answer: the next photograph would take it for its own."""
    try:
        yield
    except BaseException:
        _forget(helper)
        raise


def _forget(helper: SiftProcess) -> None:
    _kept.remove(helper)
    helper.stop()


@atexit.register
def _end() -> None:
    """End the child process with this one; a fork of this one leaves it alone."""
    if os.getpid() == _owner:
        for each in tuple(_kept):
            _forget(each)


def _serve(connection: Connection) -> None:
    """Answer until the other end is closed."""
    connection.send_bytes(_READY)
    while True:
        height, width, max_features, first_octave = _HEADER.unpack(connection.recv_bytes())
        pixels = np.frombuffer(connection.recv_bytes(), np.uint8).reshape(height, width)
        limits = SiftLimits(max_features=max_features, first_octave=first_octave)
        for each in sift_of(pixels, limits):
            connection.send_bytes(np.ascontiguousarray(each).tobytes())


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: this process ends with its parent
    colmap.configure(seed=0)
    with contextlib.suppress(EOFError, OSError), Connection(int(sys.argv[1])) as pipe:
        _serve(pipe)
