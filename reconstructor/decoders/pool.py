"""How are hostile images kept away from the service? A few decoder processes, each replaced after it was stopped.

One process would do for speed (a 12-megapixel JPEG takes 0.08 s). There are several so that an image made to be slow
holds one of them for its few seconds while the others serve everybody else.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue
from subprocess import DEVNULL, PIPE, Popen
from threading import Timer
from types import TracebackType
from typing import IO, Final, Self

from broker.contract import MAX_PHOTO_BYTES, MAX_PHOTO_PX, MAX_THUMBNAIL_BYTES, MAX_THUMBNAIL_PX
from broker.logs import get_logger
from reconstructor.decoders.inspection import (
    DamagedImageError,
    ImageRefusedError,
    ImageTooCostlyError,
    ImageTooLargeError,
    Inspected,
    NotAnImageError,
    PixelLimits,
)
from reconstructor.decoders.likeness import Likeness
from reconstructor.decoders.protocol import (
    Answer,
    DecoderEndedError,
    DecoderNotStartedError,
    Limits,
    Request,
    Task,
    read,
    write,
)

_ATTEMPTS: Final = 2  # a process may have been ended by something else than the image
_START_PAUSES_S: Final = (0.2, 1.0, 3.0)  # before a process is started once more that the machine refused
_LONG_PAUSE_S: Final = 10.0  # after these, before an image is inspected again
_LONGEST_S: Final = 60.0  # by the clock, for a process that neither works nor ends
_PASSED_ON: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TZ")
_REFUSALS: Final = {each.code: each for each in (ImageTooLargeError, ImageTooCostlyError, NotAnImageError)}


class Decoders:
    """Decoder processes that all projects share. Use as an async context manager.

    Args:
        count: how many.
        limits: what one process may take.
        pixels: the largest images that are decoded.
    """

    def __init__(self, *, count: int, limits: Limits, pixels: PixelLimits) -> None:
        self._pixels, self._limits = pixels, limits
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="decoder")
        self._processes = [DecoderProcess(limits) for _ in range(count)]
        self._idle: SimpleQueue[DecoderProcess] = SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        self._is_closed = False
        self._one_reduced = asyncio.Semaphore(1)  # one at a time: receipts need the other decoders

    async def inspect(self, content: bytes, pixels: PixelLimits | None = None) -> Inspected:
        """Check a photograph, or with limits of its own a preview; it waits for as long as no process can be started.

        Raises:
            ImageRefusedError: it is not acceptable.
        """
        try:
            answer, copy = await self._ask_patiently("inspect", content, pixels)
        except DecoderEndedError as exc:
            raise DamagedImageError(f"the file itself is damaged, its decoder ended: {exc.sentence}") from exc
        if answer.inspected is None:
            raise _REFUSALS.get(answer.code or "", DamagedImageError)(answer.reason)
        readable = answer.inspected.readable
        return (
            answer.inspected
            if readable is None
            else replace(answer.inspected, readable=replace(readable, content=copy))
        )

    async def likeness(self, content: bytes) -> Likeness | None:
        """What is compared of a preview and its original, waiting as `inspect` does; None when it cannot be read."""
        try:
            answer, _ = await self._ask_patiently("likeness", content)
        except (DecoderEndedError, ImageRefusedError) as exc:
            get_logger().warning("likeness_not_made", code=exc.code, reason=exc.sentence)
            return None
        return answer.likeness

    async def thumbnail(self, content: bytes) -> bytes | None:
        """A small upright JPEG; None when the photograph cannot be read."""
        return await self._reduced("thumbnail", content, MAX_THUMBNAIL_PX, MAX_THUMBNAIL_BYTES)

    async def photograph(self, content: bytes, max_side_px: int) -> bytes | None:
        """An upright JPEG to look at, of at most so many pixels a side; None when the photograph cannot be read."""
        return await self._reduced("photograph", content, max_side_px, MAX_PHOTO_BYTES)

    async def _reduced(self, task: Task, content: bytes, max_side_px: int, max_bytes: int) -> bytes | None:
        async with self._one_reduced:
            try:
                _, jpeg = await self._ask(task, content, max_side_px=max_side_px)
            except (DecoderEndedError, ImageRefusedError) as exc:
                get_logger().warning("photograph_not_reduced", task=task, code=exc.code, reason=exc.sentence)
                return None
        return jpeg if 0 < len(jpeg) <= max_bytes else None

    async def __aenter__(self) -> Self:
        """Start the processes, so that no image waits for one, and none is taken for the cause if we are killed meanwhile."""
        starting = (asyncio.to_thread(process.start) for process in self._processes)
        for failed in await asyncio.gather(*starting, return_exceptions=True):
            if isinstance(failed, DecoderEndedError):  # tried again with the first image
                get_logger().warning("decoder_ended", task="start", reason=failed.sentence)
            elif failed is not None:
                raise failed
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._is_closed = True
        for process in self._processes:
            process.kill()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        for process in self._processes:
            process.end()

    async def _ask_patiently(
        self, task: Task, content: bytes, pixels: PixelLimits | None = None
    ) -> tuple[Answer, bytes]:
        while True:
            try:
                return await self._ask(task, content, pixels)
            except DecoderNotStartedError as exc:
                if self._is_closed:
                    raise
                get_logger().error("decoder_not_started", reason=exc.sentence)
                await asyncio.sleep(_LONG_PAUSE_S)

    async def _ask(
        self, task: Task, content: bytes, pixels: PixelLimits | None = None, max_side_px: int = MAX_PHOTO_PX
    ) -> tuple[Answer, bytes]:
        limits = pixels or self._pixels
        request = Request(task=task, limits=limits, content_bytes=len(content), max_side_px=max_side_px)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._call, request, content)

    def _call(self, request: Request, content: bytes) -> tuple[Answer, bytes]:
        """Run in one of the pool's threads: there are as many threads as processes, so that one is idle."""
        process = self._idle.get()
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    return process.call(request, content)
                except DecoderEndedError as exc:
                    get_logger().warning("decoder_ended", task=request.task, reason=exc.sentence)
                    if attempt == _ATTEMPTS or self._is_closed:
                        raise
            raise AssertionError
        finally:
            self._idle.put(process)


class DecoderProcess:
    """One decoder process, started again when it ended. One thread at a time uses it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process if there is none, and wait until it is ready; raises DecoderEndedError."""
        if self._process is None:
            command = [sys.executable, "-P", "-m", "reconstructor.decoders.process", self._limits.model_dump_json()]
            environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}  # no password
            self._process = _started(command, environment)
            with self._watched():
                read(self._pipes()[1], Answer)

    def call(self, request: Request, content: bytes) -> tuple[Answer, bytes]:
        """Ask for one thing and wait for the answer.

        Raises:
            ImageTooCostlyError: the image took more processor time than it may.
            DecoderEndedError: the process ended for another reason.
        """
        self.start()
        with self._watched():
            requests, answers = self._pipes()
            write(requests, request, content)
            return read(answers, Answer)

    def kill(self) -> None:
        """Kill the process; a call that waits for its answer raises a DecoderEndedError."""
        if self._process is not None:
            self._process.kill()

    def end(self) -> int | None:
        """Kill the process, free what it held and return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        status = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)
        return status

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """End a process that neither works nor ends, and say why it ended."""
        watchdog = Timer(_LONGEST_S, self.kill)
        watchdog.start()
        try:
            yield
        except (OSError, DecoderEndedError) as exc:
            status = self.end()
            if status == -signal.SIGPROF:
                raise ImageTooCostlyError(
                    f"decoding this image takes more than {self._limits.cpu_s:g} s of processor time"
                ) from exc
            raise DecoderEndedError(f"the decoder's process ended with status {status}") from exc
        finally:
            watchdog.cancel()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            raise DecoderEndedError("the decoder's process did not start")
        return self._process.stdin, self._process.stdout


def _started(command: list[str], environment: dict[str, str]) -> Popen[bytes]:
    """A new process; too many processes, or too little memory, may be over a moment later."""
    for pause_s in (*_START_PAUSES_S, None):
        try:
            return Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment)
        except OSError as exc:
            if pause_s is None:
                raise DecoderNotStartedError(f"no decoder process can be started: {exc.strerror}") from exc
            time.sleep(pause_s)
    raise AssertionError


def _close(pipe: IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # bytes that nothing reads any more
        pipe.close()
