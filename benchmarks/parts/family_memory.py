"""How much memory do this process and its children have at one time, at most? Looked at five times a second."""

import os
import threading
from pathlib import Path
from typing import Final, Self

import psutil

_LOOK_S: Final = 0.2


class FamilyMemory:
    """Looks at the resident sizes while its context is open; a page that two processes share counts for both."""

    def __init__(self) -> None:
        self._family_bytes = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    @property
    def peak_mb(self) -> float:
        """The largest sum so far; no less than what this process alone ever had, which the system knows exactly."""
        return max(self._family_bytes, peak_bytes(os.getpid())) / 2**20

    def _look(self) -> None:
        process = psutil.Process()
        while not self._is_over.wait(_LOOK_S):
            self._family_bytes = max(self._family_bytes, _resident_bytes([process, *process.children(recursive=True)]))


def _resident_bytes(processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:  # it ended meanwhile
            continue
    return total


def peak_bytes(process_id: int) -> int:
    """The most memory that a process was resident with until now; 0 when it has ended, or where the system does not tell."""
    try:
        lines = Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
