"""How many black boxes work at once, and which idle ones stay? As many as there are slots, and as fit into some memory.

When a service starts, it loads as many as there are slots, and more of those that load quickly; the others are loaded when
their first image is there. What the first one declared holds for all of them, because a service has one black box for all
its projects.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Final, Protocol

from reconstructor.worker import Reply

EARLY_LOADS_S: Final = 20.0
_LEAST_LOAD_S: Final = 1e-3


class Idle(Protocol):
    """A black box without a call."""

    @property
    def memory_bytes(self) -> int:
        """What it has resident."""
        ...

    def put_to_rest(self) -> None:
        """End its process until the next call needs one."""
        ...


class Lanes:
    """One lane to add images and one to refetch: each lets one call of a project's black box through at a time."""

    def __init__(self) -> None:
        self._adding, self._refetching = asyncio.Lock(), asyncio.Lock()

    @asynccontextmanager
    async def taken(self, slots: "Slots | None", *, is_refetch: bool, is_concurrent: bool) -> AsyncIterator[None]:
        """Surround one call: first its lane, then a slot; without concurrency a refetch takes the lane of images."""
        lane = self._refetching if is_refetch and is_concurrent else self._adding
        slot = slots.taken(is_refetch=is_refetch) if slots is not None else nullcontext()
        async with lane, slot:
            yield


class Slots:
    """What the black boxes of all projects share.

    A project waits with one image and one refetch at most, and the one that waits longest is next.
    Refetches take no more than half of the slots, so that new photographs do not wait for them.

    Args:
        count: how many work at the same time.
        idle_bytes: memory that those may keep which do not work; beyond it the one that is idle longest ends.
        early_loads_s: time for loading at a start: as many are loaded as fit into it, if each takes as long as the first
            one did, but at least `count`.
    """

    def __init__(self, count: int, idle_bytes: int, *, early_loads_s: float = EARLY_LOADS_S) -> None:
        self._count, self._early_loads_s = count, early_loads_s
        self._all = asyncio.Semaphore(count)
        self._refetches = asyncio.Semaphore(max(1, count // 2))
        self._idle_bytes = idle_bytes
        self._idle: dict[Idle, None] = {}  # in the order in which they became idle
        self._left_to_load = 0
        self._first_load = asyncio.Lock()
        self._declared: Reply | None = None

    async def loaded_early(self, load: Callable[[], Awaitable[Reply]]) -> Reply:
        """What the black box declares; it is loaded for that if nobody knows it, or if it is among the first to start."""
        async with self._first_load:
            if self._declared is None:
                began_s = time.monotonic()
                self._declared = await load()
                took_s = max(time.monotonic() - began_s, _LEAST_LOAD_S)
                self._left_to_load = max(self._count, int(self._early_loads_s / took_s)) - 1
                return self._declared
        if self._left_to_load <= 0:
            return self._declared
        self._left_to_load -= 1
        return await load()

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
