"""What is processed at the same time? The messages of different senders; those of one sender one after the other."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from broker.delivery import Incoming


class Lanes:
    """One queue for each sender that has messages waiting.

    Args:
        tasks: where the queues are worked off.
        process: processes one message; it must not raise.
    """

    def __init__(self, tasks: asyncio.TaskGroup, process: Callable[[Incoming], Awaitable[None]]) -> None:
        self._tasks, self._process = tasks, process
        self._waiting: dict[str, deque[Incoming]] = {}
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    def put(self, sender: str, message: Incoming) -> None:
        """Process a message after the earlier ones of this sender."""
        if sender in self._waiting:
            self._waiting[sender].append(message)
            return
        self._waiting[sender] = deque([message])
        self._is_idle.clear()
        self._tasks.create_task(self._work_off(sender), name=f"lane.{sender}")

    async def wait_idle(self) -> None:
        """Wait until no message is being processed."""
        await self._is_idle.wait()

    async def _work_off(self, sender: str) -> None:
        waiting = self._waiting[sender]
        while waiting:
            await self._process(waiting.popleft())
        del self._waiting[sender]
        if not self._waiting:
            self._is_idle.set()
