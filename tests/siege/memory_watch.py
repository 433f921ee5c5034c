"""How much memory does the service take? The peak of its own process, and of the largest decoder among its children.

Linux keeps a process's own peak (VmHWM in /proc), so nothing between two looks is missed but the last instant of a
process that was killed; elsewhere the resident memory at each look counts.
"""

import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil

DECODER: Final = "reconstructor.decoders"
_LOOK_S: Final = 0.1
_MB: Final = 1e6
_KIB: Final = 1024


class MemoryWatch:
    """Looks at a service and its decoders until it is left; use as a context manager."""

    def __init__(self, pid: int) -> None:
        self._service = psutil.Process(pid)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)
        self.service_mb = 0.0
        self.decoder_mb: float | None = None  # None until a decoder was seen

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(_LOOK_S):
            try:
                self.service_mb = max(self.service_mb, peak_mb(self._service))
                for child in self._service.children():
                    if any(DECODER in word for word in child.cmdline()):
                        self.decoder_mb = max(self.decoder_mb or 0.0, peak_mb(child))
            except psutil.Error:  # it ended just now; the siege notices by itself
                continue


def peak_mb(process: psutil.Process) -> float:
    """The most memory that a process had, in megabytes."""
    try:
        text = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return float(process.memory_info().rss) / _MB
    lines = [line for line in text.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * _KIB / _MB if lines else 0.0
