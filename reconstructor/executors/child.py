"""How does the parent control one black box process? Numbered calls and replies over a socket, and a memory watchdog."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from structlog.typing import FilteringBoundLogger

from broker.errors import CairnError
from reconstructor.executors.output import Output
from reconstructor.processes.import_paths import import_paths
from reconstructor.processes.memory import resident_bytes
from reconstructor.worker import MAX_LINE_BYTES, Call, Reply

_WATCH_INTERVAL_S: Final = 0.2
_IDLE_WATCH_INTERVAL_S: Final = 10.0  # without a call it allocates little
_CLOSE_TIMEOUT_S: Final = 1.0
_ABOUT_BROKER: Final = re.compile(r"CAIRN_(\w+_)?BROKER(_|$)", re.IGNORECASE)  # pydantic reads both cases
_FIRST: Final = 0  # the number of the reply that nobody asks for: the black box is loaded


class BlackBoxCrashedError(CairnError):
    """The black box's process ended in the middle of a call."""

    code = "black_box_crashed"
    remedy = "Read the function's own output in the log and correct it."


class BlackBoxNotLoadedError(CairnError):
    """The black box's module raised an exception when it was imported, or no process could be started."""

    code = "black_box_not_loaded"
    remedy = "Correct what the module does when it is imported; the message names file and line."


class BlackBoxMemoryError(CairnError):
    """The black box took more memory than it may."""

    code = "black_box_out_of_memory"
    remedy = "Let the function use less memory, or raise reconstructor.memory_limit_bytes."


class BlackBoxInterruptedError(CairnError):
    """The black box's process ended during two concurrent calls; the cause may be either."""

    code = "black_box_interrupted"
    remedy = "Nothing: the call is run again, alone."


class Child:
    """One process and the calls that it has not answered.

    Attributes:
        memory_bytes: what it and all that it started had resident at the last look.
    """

    def __init__(
        self,
        process: Process,
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        output: Output,
        memory_limit_bytes: int,
    ) -> None:
        self._process, self._output, self._memory_limit_bytes = process, output, memory_limit_bytes
        self._reader, self._writer = connection
        self._replies: dict[int, asyncio.Future[Reply]] = {_FIRST: asyncio.get_running_loop().create_future()}
        self._number = _FIRST
        self._is_too_large = self._is_killed = False
        self._is_asked = asyncio.Event()
        self.memory_bytes = 0
        self._tasks = [
            asyncio.create_task(self._follow(), name="black_box_replies"),
            asyncio.create_task(self._watch_memory(), name="black_box_memory"),
        ]

    @classmethod
    async def spawn(
        cls,
        black_box: str,
        folder: Path,
        memory_limit_bytes: int,
        log: FilteringBoundLogger,
        given: Mapping[str, str],
    ) -> "Child":
        """Start a process that loads the black box; see `first_reply`, and `environment` for what is `given`.

        Raises:
            BlackBoxNotLoadedError: this machine cannot start a process.
        """
        try:
            process, connection, output_end = await _start_process(black_box, folder, given)
        except OSError as exc:
            raise BlackBoxNotLoadedError(f"cannot start a process in {folder}: {exc.strerror}") from exc
        output = Output(log.bind(pid=process.pid))
        await output.follow(output_end)
        return cls(
            process, await asyncio.open_connection(sock=connection, limit=MAX_LINE_BYTES), output, memory_limit_bytes
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def first_reply(self) -> Reply:
        """The reply that the black box is loaded, or why it is not; raises like `ask`."""
        return await asyncio.shield(self._replies[_FIRST])

    async def ask(self, call: Call) -> Reply:
        """Make a call and wait for its reply.

        Raises:
            BlackBoxCrashedError: the process ended.
            BlackBoxMemoryError: it took too much memory; it was killed.
            BlackBoxInterruptedError: either of these, while another call was under way.
        """
        self._number += 1
        number = self._number
        self._replies[number] = asyncio.get_running_loop().create_future()
        self._is_asked.set()
        try:
            with contextlib.suppress(ConnectionError):  # it ended just now: the missing reply says so
                self._writer.write(call.model_copy(update={"number": number}).model_dump_json().encode() + b"\n")
                await self._writer.drain()
            return await self._replies[number]
        finally:
            del self._replies[number]

    async def close(self) -> None:
        """Ask the process to end, also in the middle of calls; kill it if it does not."""
        self._is_killed = True
        self._writer.close()
        if self.is_alive:
            self._process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """Kill the process and all that it started; calls under way count as interrupted."""
        self._is_killed = True
        _kill_group(self.pid)
        await self._process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        """Pass each reply to its call until the process has ended; then fail all calls that wait."""
        reading = asyncio.create_task(self._pass_replies(), name="black_box_reading")
        ending = asyncio.create_task(self._process.wait(), name="black_box_ending")
        await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
        # The last reply may still be under way, and its connection closes a moment before a process ends.
        await asyncio.wait({reading, ending}, timeout=_CLOSE_TIMEOUT_S)
        is_stopped = not ending.done()
        _kill_group(self.pid)
        status = await ending
        self._is_asked.set()  # its memory need not be watched any more
        reading.cancel()
        await self._output.drain()
        self._writer.close()
        waiting_for = [each for each in self._replies.values() if not each.done()]
        for each in waiting_for:
            each.set_exception(self._reason(status, is_stopped=is_stopped, is_alone=len(waiting_for) == 1))
            each.exception()  # marks it as retrieved: its caller may be cancelled

    async def _pass_replies(self) -> None:
        with contextlib.suppress(ValueError, ConnectionError):  # no reply, a line without end, or the process is gone
            while line := await self._reader.readline():
                reply = Reply.model_validate_json(line)
                waiting = self._replies.get(reply.number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(reply)

    def _reason(self, status: int, *, is_stopped: bool, is_alone: bool) -> CairnError:
        when = "" if self._replies[_FIRST].done() else " while it was loaded"
        what = f"the black box's process {_ending(status)}{when}"
        if is_stopped:
            what = f"the black box's process closed its connection{when} and was stopped"
        if self._is_too_large:
            what = f"the black box took more than {self._memory_limit_bytes >> 20} MiB{when} and was stopped"
        if self._is_killed or not is_alone:
            return BlackBoxInterruptedError(f"{what} because of another call or of this one: it runs again, alone")
        if self._is_too_large:
            return BlackBoxMemoryError(what)
        words = self._output.last_words
        return BlackBoxCrashedError(f"{what}; {words}" if words else what)

    async def _watch_memory(self) -> None:
        """Kill the process when it uses too much memory; between calls, look at long intervals."""
        while self.is_alive:
            self.memory_bytes = await asyncio.to_thread(resident_bytes, self.pid)
            if self.memory_bytes > self._memory_limit_bytes:
                self._is_too_large = True
                _kill_group(self.pid)
                return
            if self._is_busy:
                await asyncio.sleep(_WATCH_INTERVAL_S)
            elif self.is_alive:  # it may have ended meanwhile
                self._is_asked.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_IDLE_WATCH_INTERVAL_S):
                        await self._is_asked.wait()

    @property
    def _is_busy(self) -> bool:
        return any(not each.done() for each in self._replies.values())


async def _start_process(black_box: str, folder: Path, given: Mapping[str, str]) -> tuple[Process, socket.socket, int]:
    """A process, our end of its connection, and the reading end of its output."""
    ours, theirs = socket.socketpair()
    read_end, write_end = os.pipe()
    try:
        with theirs, os.fdopen(write_end, "wb", buffering=0) as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "reconstructor.worker", black_box, str(theirs.fileno())),
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(theirs.fileno(),),
                cwd=folder,
                env=environment(given),
                start_new_session=True,  # a group of its own, to be killed with all that it starts
            )
    except BaseException:
        ours.close()
        os.close(read_end)
        raise
    return process, ours, read_end


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What a black box finds in its environment: ours, without how to reach the broker and as whom, and what is given."""
    passed_on = {name: value for name, value in os.environ.items() if not _ABOUT_BROKER.match(name)}
    return dict(given) | passed_on | {"PYTHONPATH": import_paths()}


def _ending(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended itself with status {status}"
    number = -status
    name = signal.Signals(number).name if number in {each.value for each in signal.Signals} else f"signal {number}"
    hint = ", as the system does when memory ends" if number == signal.SIGKILL else ""
    return f"was ended by {name} ({signal.strsignal(number)}){hint}"


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
