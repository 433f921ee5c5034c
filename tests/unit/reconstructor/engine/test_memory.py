"""Memory that was freed goes back to the system."""

import sys

import numpy as np
import psutil
import pytest

from reconstructor.engine.memory import trim_heap

HOLE_BYTES = 100_000  # below the size at which the C library asks the system for each piece


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_holes_between_what_stays_are_given_back() -> None:
    pieces = [np.ones(HOLE_BYTES, np.uint8) for _ in range(2000)]
    stays = pieces[::10]
    full = psutil.Process().memory_info().rss
    del pieces
    trim_heap()
    assert psutil.Process().memory_info().rss < full - 1000 * HOLE_BYTES
    assert len(stays) == 200
