"""Memory that was freed goes back to the system."""

import subprocess
import sys

import numpy as np
import psutil
import pytest

from broker.memory import trim_heap

HOLE_BYTES = 100_000  # below the size at which the C library asks the system for each piece

BLOCKS = """
import ctypes
from broker.memory import LARGE_BYTES, return_large_blocks

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
        ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes, library.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
library.mallinfo2.restype = Info
if {is_set}:
    return_large_blocks()
for _ in range(3):
    library.free(library.malloc(8 * LARGE_BYTES))
before = library.mallinfo2().hblks
block = library.malloc(4 * LARGE_BYTES)
print(library.mallinfo2().hblks - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_a_large_block_is_mapped_by_itself() -> None:
    mapped = [
        subprocess.run(
            [sys.executable, "-c", BLOCKS.format(is_set=is_set)], check=True, capture_output=True, text=True, timeout=60
        ).stdout.strip()
        for is_set in (True, False)
    ]
    assert mapped == ["1", "0"]


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_holes_between_what_stays_are_given_back() -> None:
    pieces = [np.ones(HOLE_BYTES, np.uint8) for _ in range(2000)]
    stays = pieces[::10]
    full = psutil.Process().memory_info().rss
    del pieces
    trim_heap()
    assert psutil.Process().memory_info().rss < full - 1000 * HOLE_BYTES
    assert len(stays) == 200
