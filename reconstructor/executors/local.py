"""How does the black box run on this machine? In one long-lived child process, watched and replaced when it fails."""

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
from broker.logs import get_logger
from reconstructor.black_box import BlackBoxNotFoundError
from reconstructor.worker import MAX_LINE_BYTES, Call, Problem, Reply

_WATCH_INTERVAL_S: Final = 0.2
_CLOSE_TIMEOUT_S: Final = 2.0
_START_TIMEOUT_S: Final = 120.0  # torch from a cold disk


class BlackBoxFailedError(CairnError):
    """The black box raised an exception."""

    code = "black_box_failed"


class BlackBoxTimeoutError(CairnError):
    """The black box did not return in time."""

    code = "black_box_timeout"


class BlackBoxCrashedError(CairnError):
    """The black box's process ended in the middle of a call."""

    code = "black_box_crashed"


class BlackBoxMemoryError(CairnError):
    """The black box took more memory than it may."""

    code = "black_box_out_of_memory"


_ERRORS: Final[dict[Problem, type[CairnError]]] = {
    "not_found": BlackBoxNotFoundError,
    "failed": BlackBoxFailedError,
    "out_of_memory": BlackBoxMemoryError,
}


class LocalExecutor:
    """See `reconstructor.executors.Executor`.

    Args:
        black_box: package.module:function.
        folder: the child's working directory; it survives restarts.
        memory_limit_bytes: resident memory, of the child and its children, at which it is killed.
    """

    def __init__(self, black_box: str, folder: Path, memory_limit_bytes: int) -> None:
        self._black_box, self._folder, self._memory_limit_bytes = black_box, folder, memory_limit_bytes
        self._log = get_logger(black_box=black_box)
        self._process: Process | None = None
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Load the black box before the first image needs it.

        Raises:
            BlackBoxNotFoundError: the name does not lead to a function.
            BlackBoxTimeoutError: loading took too long.
            BlackBoxCrashedError: its process ended.
        """
        await self._run(None, _START_TIMEOUT_S)

    async def call(self, call: Call, timeout_s: float) -> Path:
        """The folder that the black box returned.

        Raises:
            BlackBoxFailedError: it raised.
            BlackBoxTimeoutError: it took longer than `timeout_s`; its process was killed.
            BlackBoxCrashedError: its process ended.
            BlackBoxMemoryError: it took too much memory; its process was killed.
        """
        return Path((await self._run(call, timeout_s)).folder)

    async def close(self) -> None:
        """Stop, also in the middle of a call."""
        process = self._process
        if process is not None and process.returncode is None and process.stdin is not None:
            process.stdin.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _CLOSE_TIMEOUT_S)
        await self._kill()

    async def _run(self, call: Call | None, timeout_s: float) -> Reply:
        async with self._lock:
            is_answered = False
            try:
                async with asyncio.timeout(timeout_s):
                    reply = await self._exchange(call)
                is_answered = True
            except TimeoutError as exc:
                raise BlackBoxTimeoutError(f"the black box took longer than {timeout_s:g} s and was stopped") from exc
            finally:
                if not is_answered:
                    await self._kill()
        if reply.problem:
            raise _ERRORS[reply.problem](reply.reason)
        return reply

    async def _exchange(self, call: Call | None) -> Reply:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await self._spawn()
            first = await self._reply(process)
            if first.problem:
                await self._kill()
                return first
        if call is None:
            return Reply()
        if process.stdin is not None:
            with contextlib.suppress(ConnectionError):  # it ended just now: the missing reply says so
                process.stdin.write(call.model_dump_json().encode() + b"\n")
                await process.stdin.drain()
        return await self._reply(process)

    async def _spawn(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "reconstructor.worker", self._black_box),
            stdin=PIPE,
            stdout=PIPE,
            cwd=self._folder,
            env=os.environ | {"PYTHONPATH": _import_paths()},
            start_new_session=True,  # a group of its own, to be killed with all that it starts
            limit=MAX_LINE_BYTES,
        )
        self._log.info("black_box_started", pid=process.pid)
        return process

    async def _reply(self, process: Process) -> Reply:
        watch = asyncio.create_task(self._watch_memory(process.pid), name="black_box_memory")
        try:
            line = await process.stdout.readline() if process.stdout is not None else b""
            return Reply.model_validate_json(line)
        except ValueError as exc:  # no line, no reply, or a line without end
            await self._kill()
            if watch.done():
                limit = self._memory_limit_bytes >> 20
                raise BlackBoxMemoryError(f"the black box took more than {limit} MiB and was stopped") from exc
            raise BlackBoxCrashedError(f"the black box's process ended with status {process.returncode}") from exc
        finally:
            watch.cancel()

    async def _watch_memory(self, pid: int) -> None:
        """Kill the child when it takes too much; ends only then."""
        while _resident_bytes(pid) <= self._memory_limit_bytes:  # noqa: ASYNC110 - a process tells nobody what it takes
            await asyncio.sleep(_WATCH_INTERVAL_S)
        _kill_group(pid)

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _kill_group(process.pid)
            await process.wait()


def _import_paths() -> str:
    """Where this process finds modules, for a child that works in another folder."""
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
