"""How do two processors find features at once? A child process takes one part of a photograph, while this one takes another.

Two threads cannot: see `colmap_sift`. The child is started with the first part and ends when its socket is closed, so with
this process at the latest. It needs a second until it is ready; until then, and whenever it fails, this process does all.
"""

import atexit
import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from reconstructor.engine import colmap
from reconstructor.engine.features.colmap_sift import DESCRIPTOR_LENGTH, SiftLimits, sift_of
from reconstructor.processes.import_paths import import_paths

_REQUEST: Final = struct.Struct("<iiii")  # height, width, most features, first octave; the pixels follow
_ANSWER: Final = struct.Struct("<i")  # how many features; keypoints and descriptors follow
_READY: Final = b"\n"
_ANSWER_S: Final = 60.0  # half of 1224 × 816 pixels takes 0.15 s; a stopped child does not answer

Found = tuple[NDArray[np.float32], NDArray[np.uint8]]


class SiftProcess:
    """The child process, at the other end of a socket."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as after_an_error:
            after_an_error.callback(self._socket.close)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "reconstructor.engine.features.sift_process", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": import_paths()},
            )
            after_an_error.pop_all()
        self._socket.settimeout(_ANSWER_S)
        self._answers = self._socket.makefile("rb")
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
        if not self._is_ready:
            readable = select.poll()
            readable.register(self._socket, select.POLLIN)
            self._is_ready = bool(readable.poll(0)) and _exactly(self._answers, len(_READY)) == _READY
        return self._is_ready

    def begin(self, pixels: NDArray[np.uint8], limits: SiftLimits) -> None:
        """Let it find the features of pixels (H, W) uint8; call `finish` next.

        Raises:
            OSError: it has ended, or it takes nothing for a minute.
        """
        self._socket.sendall(_REQUEST.pack(*pixels.shape, limits.max_features, limits.first_octave))
        self._socket.sendall(pixels.tobytes())

    def finish(self) -> Found:
        """Keypoints (N, 4), in pixels, and descriptors (N, 128), as `sift_of` finds them.

        Raises:
            EOFError: it has ended.
            OSError: as well, or it does not answer for a minute.
        """
        (count,) = _ANSWER.unpack(_exactly(self._answers, _ANSWER.size))
        keypoints = np.frombuffer(_exactly(self._answers, count * 16), np.float32).reshape(count, 4)
        descriptors = np.frombuffer(_exactly(self._answers, count * DESCRIPTOR_LENGTH), np.uint8)
        return keypoints, descriptors.reshape(count, DESCRIPTOR_LENGTH)

    def stop(self) -> None:
        """End it; does nothing if it has ended."""
        self._answers.close()
        self._socket.close()
        self._process.kill()
        self._process.wait()


def _exactly(file: BinaryIO, size: int) -> bytes:
    """So many bytes.

    Raises:
        EOFError: the other end was closed before.
        OSError: nothing came for a minute.
    """
    read = file.read(size)
    if len(read) < size:
        raise EOFError
    return read


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
    except (EOFError, OSError):  # killed, or no room for a process: the next photograph tries again
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


def _serve(connection: socket.socket) -> None:
    """Answer until the other end is closed."""
    connection.sendall(_READY)
    requests = connection.makefile("rb")
    while True:
        height, width, max_features, first_octave = _REQUEST.unpack(_exactly(requests, _REQUEST.size))
        pixels = np.frombuffer(_exactly(requests, height * width), np.uint8).reshape(height, width)
        limits = SiftLimits(max_features=max_features, first_octave=first_octave)
        keypoints, descriptors = sift_of(pixels, limits)
        connection.sendall(_ANSWER.pack(len(keypoints)) + keypoints.tobytes() + descriptors.tobytes())


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: this process ends with its parent
    colmap.configure(seed=0)
    with contextlib.suppress(EOFError, OSError), socket.socket(fileno=int(sys.argv[1])) as parent:
        _serve(parent)
