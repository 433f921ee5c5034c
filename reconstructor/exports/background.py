"""How does a process work beside the images that come? At low priority for processor and disk, and first to end without memory."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Final

import psutil

_OOM_SCORE: Final = 900  # of 1000: when memory ends, the kernel ends this process first


def yield_to_images(niceness: int) -> None:
    """Give this process a low priority, for good."""
    os.nice(niceness)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, psutil.Error):
            psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE), encoding="ascii")
