"""What is processed at the same time? The messages of different senders; those of one sender one after the other."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

Work = Callable[[], Awaitable[None]]


class Lanes:
    """One queue for each sender that has messages waiting.

    Args:
        tasks: where the queues are worked off.

    Attributes:
        waiting_bytes: how much the messages hold that are not processed.
    """

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._waiting: dict[str, deque[tuple[Work, int]]] = {}
        self.waiting_bytes = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    def put(self, sender: str, work: Work, size_bytes: int) -> None:
        """Process a message of this size after the earlier ones of this sender; the work must not raise."""
        self.waiting_bytes += size_bytes
        if sender in self._waiting:
            self._waiting[sender].append((work, size_bytes))
            return
        self._waiting[sender] = deque([(work, size_bytes)])
        self._is_idle.clear()
        self._tasks.create_task(self._work_off(sender), name=f"lane.{sender}")

    async def wait_idle(self) -> None:
        """Wait until no message is being processed."""
        await self._is_idle.wait()

    async def _work_off(self, sender: str) -> None:
        waiting = self._waiting[sender]
        while waiting:
            work, size_bytes = waiting.popleft()
            await work()
            self.waiting_bytes -= size_bytes
        del self._waiting[sender]
        if not self._waiting:
            self._is_idle.set()
