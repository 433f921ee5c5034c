"""How does freed memory return to the system? By glibc's `malloc_trim`, before the heap is fragmented.

glibc keeps freed memory for the next allocation. A depth map needs some hundred megabytes for a short time and keeps a
few, which fragment the heap: 40 images of 612 x 408 pixels held 1,065 MB without trimming and 731 MB with it (measured
2026-11-24).
"""

import ctypes
import sys
from functools import lru_cache
from typing import Any


def trim_heap() -> None:
    """Return free memory to the system: a few milliseconds; does nothing without glibc."""
    if (library := _library()) is not None:
        library.malloc_trim(0)


@lru_cache(maxsize=1)
def _library() -> Any | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None  # musl has no malloc_trim
