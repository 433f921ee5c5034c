"""How does the black box run on this machine? In one child process with time-outs; it is killed and replaced on failure."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from structlog.typing import FilteringBoundLogger

from broker.errors import CairnError
from reconstructor.black_box import BlackBoxNotFoundError
from reconstructor.executors.child import BlackBoxMemoryError, BlackBoxNotLoadedError, Child
from reconstructor.executors.slots import Lanes, Slots
from reconstructor.worker import Call, Problem, Reply


class BlackBoxFailedError(CairnError):
    """The black box raised an exception."""

    code = "black_box_failed"
    remedy = "Read the exception in the message and correct the function."


class BlackBoxTimeoutError(CairnError):
    """The black box did not return in time."""

    code = "black_box_timeout"
    remedy = "Make the function faster, or raise reconstructor.timeout_s."


class BlackBoxLoadTimeoutError(CairnError):
    """The black box's module was not imported in time."""

    code = "black_box_load_timeout"
    remedy = "Let the module load less when it is imported, or raise reconstructor.load_timeout_s."


_ERRORS: Final[dict[Problem, type[CairnError]]] = {
    "not_found": BlackBoxNotFoundError,
    "not_loaded": BlackBoxNotLoadedError,
    "failed": BlackBoxFailedError,
    "out_of_memory": BlackBoxMemoryError,
}


class LocalExecutor:
    """See `reconstructor.executors.Executor`.

    Args:
        black_box: package.module:function.
        folder: the child's working directory; it survives restarts.
        memory_limit_bytes: resident memory, of the child and its children, at which it is killed.
        load_timeout_s: longest time in which the child imports the black box, at each of its starts.
        log: carries the project; the black box's output goes there.
        environment: variables that the child finds if ours does not have them.
        slots: shared with the black boxes of other projects; None: it never waits for them.
        rest_s: after how long without a call the child ends, until the next call needs one; 0 for never.
    """

    def __init__(
        self,
        black_box: str,
        folder: Path,
        *,
        memory_limit_bytes: int,
        load_timeout_s: float,
        log: FilteringBoundLogger,
        environment: Mapping[str, str] | None = None,
        slots: Slots | None = None,
        rest_s: float = 0.0,
    ) -> None:
        self._black_box, self._folder = black_box, folder
        self._memory_limit_bytes, self._load_timeout_s = memory_limit_bytes, load_timeout_s
        self._log, self._environment = log, environment or {}
        self._slots, self._rest_s = slots, rest_s
        self._call_count = 0
        self._resting: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._child: Child | None = None
        self._starting, self._spawning = asyncio.Lock(), asyncio.Lock()
        self._is_started = False
        self._lanes = Lanes()
        self._is_concurrent = self._takes_previews = False
        self._reads_cloud = True

    @property
    def is_concurrent(self) -> bool:
        """See the protocol."""
        return self._is_concurrent

    @property
    def takes_previews(self) -> bool:
        """See the protocol."""
        return self._takes_previews

    @property
    def reads_cloud(self) -> bool:
        """See the protocol."""
        return self._reads_cloud

    @property
    def memory_bytes(self) -> int:
        """See the protocol."""
        return self._child.memory_bytes if self._child is not None else 0

    async def start(self) -> None:
        """Learn what the black box declares; one of the first of a service is loaded before its first image needs it.

        Raises:
            BlackBoxNotFoundError: the name does not lead to a function.
            BlackBoxNotLoadedError: its module raised an exception, or no process could be started.
            BlackBoxLoadTimeoutError: loading took too long.
            BlackBoxCrashedError: its process ended.
            BlackBoxMemoryError: it took too much memory.
        """
        async with self._awake(), self._starting:
            if not self._is_started:
                self._take(await (self._load() if self._slots is None else self._slots.loaded_early(self._load)))
                self._is_started = True

    async def call(self, call: Call, timeout_s: float) -> Path:
        """The folder that the black box returned.

        Raises:
            BlackBoxFailedError: it raised.
            BlackBoxTimeoutError: it took longer than `timeout_s`; its process was killed.
            CairnError: its process was started for this call and could not load it; see `start`.
            BlackBoxCrashedError: its process ended.
            BlackBoxMemoryError: it took too much memory; its process was killed.
            BlackBoxInterruptedError: its process ended or was killed while another call ran beside this one.
        """
        place = self._lanes.taken(self._slots, is_refetch=call.is_refetch, is_concurrent=self._is_concurrent)
        async with place, self._awake():  # while it waits for a slot it may be put to rest
            return Path((await self._reply(call, timeout_s)).folder)

    async def close(self) -> None:
        """Stop, also in the middle of calls."""
        if self._resting is not None:
            self._resting.cancel()
        if self._slots is not None:
            self._slots.note_awake(self)
        if self._ending is not None:
            await self._ending
        child, self._child = self._child, None
        if child is not None:
            await child.close()

    @asynccontextmanager
    async def _awake(self) -> AsyncIterator[None]:
        """Surround a call: the child is not put to rest before it, and is some time after the last one."""
        self._call_count += 1
        if self._resting is not None:
            self._resting.cancel()
        if self._slots is not None:
            self._slots.note_awake(self)
        try:
            if self._ending is not None:
                await asyncio.shield(self._ending)
            yield
        finally:
            self._call_count -= 1
            if self._call_count == 0:
                self._note_idle()

    def _note_idle(self) -> None:
        if self._rest_s > 0:
            self._resting = asyncio.get_running_loop().call_later(self._rest_s, self.put_to_rest)
        if self._slots is not None and self._child is not None:
            self._slots.note_idle(self)

    def put_to_rest(self) -> None:
        """End the child until the next call needs one."""
        if self._slots is not None:
            self._slots.note_awake(self)
        child, self._child = self._child, None
        if child is not None:
            self._log.info("black_box_at_rest", pid=child.pid)
            self._ending = asyncio.create_task(child.close(), name="black_box_ending")

    async def _load(self) -> Reply:
        """The first reply; kill the process when it does not come in time."""
        async with self._killed_unless_answered():
            _, first = await self._loaded()
        return first

    async def _reply(self, call: Call, timeout_s: float) -> Reply:
        """The reply to a call; kill the process when no reply comes in time."""
        async with self._killed_unless_answered():
            child, _ = await self._loaded()
            reply = await self._answer(child, call, timeout_s)
        return _checked(reply)

    @asynccontextmanager
    async def _killed_unless_answered(self) -> AsyncIterator[None]:
        is_answered = False
        try:
            yield
            is_answered = True
        finally:
            if not is_answered:
                await self._kill()

    async def _answer(self, child: Child, call: Call, timeout_s: float) -> Reply:
        try:
            async with asyncio.timeout(timeout_s):
                return await child.ask(call)
        except TimeoutError as exc:
            raise BlackBoxTimeoutError(f"the black box took longer than {timeout_s:g} s and was stopped") from exc

    async def _loaded(self) -> tuple[Child, Reply]:
        """The process with the black box loaded, and its first reply."""
        try:
            async with asyncio.timeout(self._load_timeout_s):
                async with self._spawning:
                    if self._child is None or not self._child.is_alive:
                        self._child = await self._spawn()
                    child = self._child
                first = _checked(await child.first_reply())
        except TimeoutError as exc:
            raise BlackBoxLoadTimeoutError(
                f"loading the black box {self._black_box} took longer than {self._load_timeout_s:g} s and was stopped"
            ) from exc
        self._take(first)
        return child, first

    def _take(self, first: Reply) -> None:
        self._is_concurrent, self._takes_previews = first.is_concurrent, first.takes_previews
        self._reads_cloud = first.reads_cloud

    async def _spawn(self) -> Child:
        child = await Child.spawn(self._black_box, self._folder, self._memory_limit_bytes, self._log, self._environment)
        self._log.info("black_box_started", black_box=self._black_box, pid=child.pid)
        return child

    async def _kill(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.kill()


def _checked(reply: Reply) -> Reply:
    if reply.problem:
        raise _ERRORS[reply.problem](reply.reason)
    return reply
