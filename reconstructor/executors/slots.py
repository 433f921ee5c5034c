"""How many black boxes work at once, and which idle ones stay? As many as there are slots, and as fit into some memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol


class Idle(Protocol):
    """A black box without a call."""

    @property
    def memory_bytes(self) -> int:
        """What it has resident."""
        ...

    def put_to_rest(self) -> None:
        """End its process until the next call needs one."""
        ...


class Slots:
    """What the black boxes of all projects share.

    A project waits with one image and one refetch at most, and the one that waits longest is next.
    Refetches take no more than half of the slots, so that new photographs do not wait for them.

    Args:
        count: how many work at the same time.
        idle_bytes: memory that those may keep which do not work; beyond it the one that is idle longest ends.
    """

    def __init__(self, count: int, idle_bytes: int) -> None:
        self._all = asyncio.Semaphore(count)
        self._refetches = asyncio.Semaphore(max(1, count // 2))
        self._idle_bytes = idle_bytes
        self._idle: dict[Idle, None] = {}  # in the order in which they became idle

    @asynccontextmanager
    async def taken(self, *, is_refetch: bool) -> AsyncIterator[None]:
        """Surround one call of a black box."""
        if not is_refetch:
            async with self._all:
                yield
            return
        async with self._refetches, self._all:
            yield

    def note_awake(self, one: Idle) -> None:
        """A black box has a call, or none of its processes runs."""
        self._idle.pop(one, None)

    def note_idle(self, one: Idle) -> None:
        """A black box has no call any more."""
        self._idle[one] = None
        while sum(each.memory_bytes for each in self._idle) > self._idle_bytes:
            oldest = next(iter(self._idle))
            del self._idle[oldest]
            oldest.put_to_rest()
