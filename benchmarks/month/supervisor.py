"""Who starts a program again? A supervisor that does what systemd does with our units, and nothing more.

Restart=always, the watchdog of Type=notify, the end of everything that a program started (its control group), and a bound
on its log, as journald has one.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from broker.files import bound

ROOT: Final = Path(__file__).parents[2]
RESTART_S: Final = 0.5
STOP_S: Final = 15.0
LOG_BYTES: Final = 1024 * 1024
_MARK: Final = "CAIRN_MONTH_UNIT"  # in the environment of all that a unit starts: its control group


class Unit:
    """One supervised program."""

    def __init__(
        self, words: tuple[str, ...], environment: dict[str, str], log: Path, *, watchdog_s: float | None = None
    ) -> None:
        self._words, self._environment, self.log, self._watchdog_s = words, environment, log, watchdog_s
        self._mark = uuid.uuid4().hex
        self._process: subprocess.Popen[bytes] | None = None
        self._notify = _Notify() if watchdog_s else None
        self._ended_s: float | None = None
        self._alive_s: float | None = None  # when it was heard last; None before its first word, as it starts
        self._started_s = 0.0
        self.is_held = False
        self.restart_count = 0
        self.log_bytes = 0

    @property
    def pid(self) -> int | None:
        """The main process while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def up_s(self) -> float:
        """How long it has run; 0 while it does not."""
        return 0.0 if self.pid is None else time.monotonic() - self._started_s

    @property
    def process(self) -> psutil.Process | None:
        """The same, to look at."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return None if self.pid is None else psutil.Process(self.pid)
        return None

    def start(self, extra: dict[str, str] | None = None) -> None:
        """Start it; `extra` stands in its environment this once."""
        self._ended_s, self._alive_s, self._started_s = None, None, time.monotonic()
        environment = os.environ | {"PYTHONPATH": str(ROOT), _MARK: self._mark} | self._environment | (extra or {})
        if self._notify is not None and self._watchdog_s is not None:
            environment |= {"NOTIFY_SOCKET": self._notify.address, "WATCHDOG_USEC": str(int(self._watchdog_s * 1e6))}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._words], cwd=ROOT, env=environment, stdout=log, stderr=log
            )

    def tick(self) -> None:
        """Start it again when it has ended or was silent for too long."""
        self._watch()
        self._bound_log()
        if self.is_held or self.pid is not None:
            return
        if self._ended_s is None:
            self._ended_s = time.monotonic()
        elif time.monotonic() - self._ended_s > RESTART_S:
            self.end_group()
            self.restart_count += 1
            self.start()

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal to the main process; whether it ran."""
        if self._process is None or self.pid is None:
            return False
        self._process.send_signal(number)
        return True

    def stop(self) -> None:
        """End it in order, and what it left."""
        if self._process is not None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_S)
        self.end_group()

    def close(self) -> None:
        """End it for good."""
        self.stop()
        if self._notify is not None:
            self._notify.close()

    def children(self, module: str) -> list[psutil.Process]:
        """Its running children that run this module."""
        main, found = self.process, []
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in main.children(recursive=True) if main else []:
                with contextlib.suppress(psutil.NoSuchProcess):
                    if module in child.cmdline():
                        found.append(child)
        return found

    def end_group(self) -> None:
        """End what the program started and left behind."""
        for process in self._group():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _group(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if process.environ().get(_MARK) == self._mark:
                    yield process

    def _watch(self) -> None:
        if self._notify is None or self._watchdog_s is None:
            return
        if self._notify.heard():
            self._alive_s = time.monotonic()
        silent_s = 0.0 if self._alive_s is None else time.monotonic() - self._alive_s
        if self.pid is not None and silent_s > self._watchdog_s:
            self.signal(signal.SIGKILL)  # what a stopped process cannot catch

    def _bound_log(self) -> None:
        size_bytes = self.log.stat().st_size if self.log.exists() else 0
        if size_bytes > LOG_BYTES:
            self.log_bytes += size_bytes
            bound(self.log, LOG_BYTES)


class _Notify:
    """The socket to which a program says that it is alive."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        name = f"cairn-month-{uuid.uuid4().hex}"
        self._socket.bind(f"\0{name}")
        self.address = f"@{name}"

    def close(self) -> None:
        self._socket.close()

    def heard(self) -> bool:
        """Whether the program said something since the last call."""
        is_heard = False
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(256):
                is_heard = True
        return is_heard
