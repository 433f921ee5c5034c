"""Memory of a process counts with all that descend from it, and with nothing else."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from reconstructor.processes.memory import resident_bytes

MIB = 1024 * 1024
TAKE = "data = bytearray(64 << 20); data[::4096] = b'x' * (len(data) // 4096)"
GRANDCHILD = f"{TAKE}; print('ready', flush=True); import sys; sys.stdin.read()"
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {GRANDCHILD!r}])"


@pytest.fixture
def family() -> Iterator[subprocess.Popen[bytes]]:
    """A small process whose child takes 64 MiB."""
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def test_a_childs_memory_counts(family: subprocess.Popen[bytes]) -> None:
    assert 64 * MIB < resident_bytes(family.pid) < 512 * MIB


def test_a_process_that_is_gone_takes_none() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(30)
    assert resident_bytes(gone.pid) == 0
