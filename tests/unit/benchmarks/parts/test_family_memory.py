"""Is the memory of a process and its children told for one time, not as a sum of peaks at different times?"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from benchmarks.parts import family_memory
from benchmarks.parts.family_memory import FamilyMemory, peak_bytes

MB = 2**20
SIZE_MB = 300
CHILD = f"held = bytearray({SIZE_MB} * {MB}); print('there', flush=True); input()"


@contextmanager
def child() -> Iterator[None]:
    """A process that holds memory while the context is open."""
    command = [sys.executable, "-c", CHILD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        yield
        process.communicate("\n", timeout=20)


def wait_for(memory: FamilyMemory, least_mb: float) -> None:
    deadline_s = time.monotonic() + 20.0
    while memory.peak_mb < least_mb and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert memory.peak_mb >= least_mb


def test_children_count_while_they_live_and_not_when_they_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family_memory, "peak_bytes", lambda _process_id: 0)  # of tests before in this process
    own_mb = psutil.Process().memory_info().rss / MB
    with FamilyMemory() as memory:
        with child():
            wait_for(memory, own_mb + 0.9 * SIZE_MB)
        once_mb = memory.peak_mb
        with child():
            time.sleep(1.0)  # five looks
        assert memory.peak_mb < once_mb + SIZE_MB / 2
        with child(), child():
            wait_for(memory, once_mb + SIZE_MB / 2)


def test_a_process_that_has_ended_has_no_peak() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    assert peak_bytes(process.pid) > 0
    process.wait(timeout=20)
    assert peak_bytes(process.pid) == 0
