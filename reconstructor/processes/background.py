"""How does a process work beside the images that come? At low priority, paused on request, ended with its parent.

It is also the first to end without memory.
"""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

_OOM_SCORE: Final = 900  # of 1000: when memory ends, the kernel ends this process first
_PR_SET_PDEATHSIG: Final = 1
_MAY_PAUSE: Final = "cairn-may-pause"  # what `top` shows: the kernel keeps 15 signs


def yield_to_images(niceness: int) -> None:
    """Give this process a low priority, for good."""
    os.nice(niceness)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, psutil.Error):
            psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE), encoding="ascii")


def ask_to_end_with_parent() -> None:
    """Let the kernel kill this process when the thread that started it ends; not if that has ended before."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_with_parent(parent_pid: int) -> None:
    """Let the kernel kill this process when the thread that started it ends; from now on, it may be paused."""
    if sys.platform != "linux":
        return
    ask_to_end_with_parent()
    if os.getppid() != parent_pid:  # it ended before
        os._exit(1)
    Path("/proc/self/comm").write_text(_MAY_PAUSE, encoding="ascii")


def may_pause(pid: int) -> bool:
    """Whether a child process has called `end_with_parent`: a paused one could not see that it is alone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="ascii", errors="replace").strip() == _MAY_PAUSE
    except OSError:  # it has ended, or this is not Linux
        return False


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """Stop a child process as long as the context is open, if it has not ended; see `may_pause`."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
