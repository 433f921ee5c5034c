"""How does the parent control one black box process? Numbered calls and replies over pipes, and a memory watchdog."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Final

import psutil

from broker.errors import CairnError
from reconstructor.worker import MAX_LINE_BYTES, Call, Reply

_WATCH_INTERVAL_S: Final = 0.2
_CLOSE_TIMEOUT_S: Final = 1.0
_FIRST: Final = 0  # the number of the reply that nobody asks for: the black box is loaded


class BlackBoxCrashedError(CairnError):
    """The black box's process ended in the middle of a call."""

    code = "black_box_crashed"
    remedy = "Read the function's own output in the log and correct it."


class BlackBoxMemoryError(CairnError):
    """The black box took more memory than it may."""

    code = "black_box_out_of_memory"
    remedy = "Let the function use less memory, or raise reconstructor.memory_limit_bytes."


class BlackBoxInterruptedError(CairnError):
    """The black box's process ended during two concurrent calls; the cause may be either."""

    code = "black_box_interrupted"
    remedy = "Nothing: the call is run again, alone."


class Child:
    """One process and the calls that it has not answered."""

    def __init__(self, process: Process, memory_limit_bytes: int) -> None:
        self._process, self._memory_limit_bytes = process, memory_limit_bytes
        self._replies: dict[int, asyncio.Future[Reply]] = {_FIRST: asyncio.get_running_loop().create_future()}
        self._number = _FIRST
        self._is_too_large = self._is_killed = False
        self._tasks = [
            asyncio.create_task(self._read_replies(), name="black_box_replies"),
            asyncio.create_task(self._watch_memory(), name="black_box_memory"),
        ]

    @classmethod
    async def spawn(cls, black_box: str, folder: Path, memory_limit_bytes: int) -> "Child":
        """Start a process that loads the black box; see `first_reply`."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "reconstructor.worker", black_box),
            stdin=PIPE,
            stdout=PIPE,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": _import_paths()},
            start_new_session=True,  # a group of its own, to be killed with all that it starts
            limit=MAX_LINE_BYTES,
        )
        return cls(process, memory_limit_bytes)

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
        try:
            if self._process.stdin is not None:
                with contextlib.suppress(ConnectionError):  # it ended just now: the missing reply says so
                    self._process.stdin.write(call.model_copy(update={"number": number}).model_dump_json().encode())
                    self._process.stdin.write(b"\n")
                    await self._process.stdin.drain()
            return await self._replies[number]
        finally:
            del self._replies[number]

    async def close(self) -> None:
        """Ask the process to end, also in the middle of calls; kill it if it does not."""
        if self.is_alive and self._process.stdin is not None:
            self._process.stdin.close()
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

    async def _read_replies(self) -> None:
        """Pass each reply to its call; when the process has ended, fail all calls that wait."""
        try:
            while (reply := await self._next_reply()) is not None:
                waiting = self._replies.get(reply.number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(reply)
        finally:
            _kill_group(self.pid)  # it may have closed its pipe, or written a line without end, and live on
            status = await self._process.wait()
            waiting_for = [each for each in self._replies.values() if not each.done()]
            for each in waiting_for:
                each.set_exception(self._reason(status, is_alone=len(waiting_for) == 1))
                each.exception()  # marks it as retrieved: its caller may be cancelled

    async def _next_reply(self) -> Reply | None:
        try:
            return Reply.model_validate_json(await self._process.stdout.readline()) if self._process.stdout else None
        except ValueError:  # no line, no reply, or a line without end
            return None

    def _reason(self, status: int, *, is_alone: bool) -> CairnError:
        what = f"the black box's process ended with status {status}"
        if self._is_too_large:
            what = f"the black box took more than {self._memory_limit_bytes >> 20} MiB and was stopped"
        if self._is_killed or not is_alone:
            return BlackBoxInterruptedError(f"{what} because of another call or of this one: it runs again, alone")
        return BlackBoxMemoryError(what) if self._is_too_large else BlackBoxCrashedError(what)

    async def _watch_memory(self) -> None:
        """Kill the process when it uses too much memory."""
        while self.is_alive:
            if await asyncio.to_thread(_resident_bytes, self.pid) > self._memory_limit_bytes:
                self._is_too_large = True
                _kill_group(self.pid)
                return
            await asyncio.sleep(_WATCH_INTERVAL_S)


def _import_paths() -> str:
    """This process's import paths, for a child that works in another folder."""
    return os.pathsep.join(str(Path(each).absolute()) for each in sys.path)


def _resident_bytes(pid: int) -> int:
    """Resident memory of a process and its children; 0 when it is gone."""
    try:
        parent = psutil.Process(pid)
        return sum(_own_resident_bytes(each) for each in [parent, *parent.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def _own_resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
