"""What did the black box print? Its lines go to the service's log, under limits; the last ones explain a crash."""

import asyncio
import contextlib
import os
import re
import time
from collections import deque
from pathlib import Path
from typing import Final

from structlog.typing import FilteringBoundLogger

_LINE_BYTES: Final = 1000
_LINES_A_SECOND: Final = 100
_KEPT_LINES: Final = 100
_CHUNK_BYTES: Final = 64 * 1024
_DRAIN_S: Final = 0.5
_FAULT: Final = re.compile(r'File "(?P<path>.+)", line (?P<line>\d+)')  # as faulthandler writes it


class Output:
    """One process's standard output and standard error.

    Args:
        log: carries the fields that say whose output it is.
    """

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._kept: deque[str] = deque(maxlen=_KEPT_LINES)
        self._pending = b""
        self._second_began_s, self._said_count, self._left_out_count = time.monotonic(), 0, 0
        self._transport: asyncio.ReadTransport | None = None
        self._task: asyncio.Task[None] | None = None

    async def follow(self, descriptor: int) -> None:
        """Log what comes out of the reading end of a pipe, until `drain`; takes the descriptor over."""
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
        )
        self._task = asyncio.create_task(self._read(reader), name="black_box_output")

    async def drain(self) -> None:
        """Log the rest after the process has ended; a process that it started may still hold the pipe."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=_DRAIN_S)
            self._task.cancel()
        if self._transport is not None:
            self._transport.close()
        self._say(self._pending)
        self._pending = b""
        self._tell_left_out()

    @property
    def last_words(self) -> str:
        """The line of code in which the process was ended by a signal, or else its last line; empty if it said nothing."""
        lines = list(self._kept)
        fault = next((number for number, line in enumerate(lines) if line.startswith("Fatal Python error")), None)
        if fault is not None and (found := _FAULT.search("\n".join(lines[fault:]))):
            return f"in {Path(found['path']).name}, line {found['line']}"
        return f"its last words: {lines[-1][:300]}" if lines else ""

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                *lines, self._pending = re.split(rb"[\r\n]", self._pending + chunk)
                for line in lines:
                    self._say(line)
                while len(self._pending) > _LINE_BYTES:  # a line without end
                    self._say(self._pending[:_LINE_BYTES])
                    self._pending = self._pending[_LINE_BYTES:]

    def _say(self, line: bytes) -> None:
        for start in range(0, len(line), _LINE_BYTES):
            self._say_part(line[start : start + _LINE_BYTES].decode(errors="backslashreplace").rstrip())

    def _say_part(self, text: str) -> None:
        if not text:
            return
        self._kept.append(text)
        if time.monotonic() - self._second_began_s >= 1:
            self._tell_left_out()
        if self._said_count >= _LINES_A_SECOND:
            self._left_out_count += 1
            return
        self._said_count += 1
        self._log.info("black_box_output", line=text)

    def _tell_left_out(self) -> None:
        if self._left_out_count:
            self._log.warning("black_box_output_left_out", line_count=self._left_out_count)
        self._second_began_s, self._said_count, self._left_out_count = time.monotonic(), 0, 0
