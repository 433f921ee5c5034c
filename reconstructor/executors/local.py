"""How does the black box run on this machine? In one child process with time-outs; it is killed and replaced on failure."""

import asyncio
from pathlib import Path
from typing import Final

from broker.errors import CairnError
from broker.logs import get_logger
from reconstructor.black_box import BlackBoxNotFoundError
from reconstructor.executors.child import BlackBoxMemoryError, Child
from reconstructor.worker import Call, Problem, Reply

_START_TIMEOUT_S: Final = 120.0  # torch from a cold disk


class BlackBoxFailedError(CairnError):
    """The black box raised an exception."""

    code = "black_box_failed"
    remedy = "Read the exception in the message and correct the function."


class BlackBoxTimeoutError(CairnError):
    """The black box did not return in time."""

    code = "black_box_timeout"
    remedy = "Make the function faster, or raise reconstructor.timeout_s."


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
        self._child: Child | None = None
        self._spawning = asyncio.Lock()
        self._adding, self._refetching = asyncio.Lock(), asyncio.Lock()
        self._is_concurrent = False

    @property
    def is_concurrent(self) -> bool:
        """See the protocol."""
        return self._is_concurrent

    async def start(self) -> None:
        """Load the black box before the first image needs it.

        Raises:
            BlackBoxNotFoundError: the name does not lead to a function.
            BlackBoxTimeoutError: loading took too long.
            BlackBoxCrashedError: its process ended.
        """
        await self._timed(None, _START_TIMEOUT_S)

    async def call(self, call: Call, timeout_s: float) -> Path:
        """The folder that the black box returned.

        Raises:
            BlackBoxFailedError: it raised.
            BlackBoxTimeoutError: it took longer than `timeout_s`; its process was killed.
            BlackBoxCrashedError: its process ended.
            BlackBoxMemoryError: it took too much memory; its process was killed.
            BlackBoxInterruptedError: its process ended or was killed while another call ran beside this one.
        """
        async with self._refetching if call.is_refetch and self._is_concurrent else self._adding:
            return Path((await self._timed(call, timeout_s)).folder)

    async def close(self) -> None:
        """Stop, also in the middle of calls."""
        child, self._child = self._child, None
        if child is not None:
            await child.close()

    async def _timed(self, call: Call | None, timeout_s: float) -> Reply:
        """The reply to a call, or the first reply without one; kill the process when no reply comes in time."""
        is_answered = False
        try:
            async with asyncio.timeout(timeout_s):
                child = await self._running()
                reply = await child.ask(call) if call is not None else Reply()
            is_answered = True
        except TimeoutError as exc:
            raise BlackBoxTimeoutError(f"the black box took longer than {timeout_s:g} s and was stopped") from exc
        finally:
            if not is_answered:
                await self._kill()
        return _checked(reply)

    async def _running(self) -> Child:
        """The process, with the black box loaded."""
        async with self._spawning:
            if self._child is None or not self._child.is_alive:
                self._child = await Child.spawn(self._black_box, self._folder, self._memory_limit_bytes)
                self._log.info("black_box_started", pid=self._child.pid)
            child = self._child
        first = _checked(await child.first_reply())
        self._is_concurrent = first.is_concurrent
        return child

    async def _kill(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.kill()


def _checked(reply: Reply) -> Reply:
    if reply.problem:
        raise _ERRORS[reply.problem](reply.reason)
    return reply
