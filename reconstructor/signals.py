"""How do the tasks of one project wake each other? Condition signals: they carry no data, the store has it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class Signal:
    """A signal for any number of waiters; a waiter that remembers the count misses no notification."""

    def __init__(self) -> None:
        self.count = 0
        self._notified = asyncio.Event()

    def notify(self) -> None:
        """Wake all waiters."""
        self.count += 1
        self._notified.set()
        self._notified = asyncio.Event()

    async def wait_past(self, count: int) -> None:
        """Wait until there were more than `count` notifications."""
        while self.count == count:
            await self._notified.wait()


class Adding:
    """Whether the black box is adding images: `some` or `none` is set."""

    def __init__(self) -> None:
        self.some, self.none = asyncio.Event(), asyncio.Event()
        self.none.set()
        self._count = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Mark that one is being added, for as long as the context is open."""
        self._count += 1
        self._set()
        try:
            yield
        finally:
            self._count -= 1
            self._set()

    def _set(self) -> None:
        over, begun = (self.none, self.some) if self._count else (self.some, self.none)
        over.clear()
        begun.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """The signals of one project.

    Attributes:
        work: there may be a job to run; the job lanes wait for it.
        thumbnails: there may be a thumbnail to publish; the thumbnail task waits for it.
        history: an event came, or the broker may have lost the last ones; the task that publishes them waits for it.
        generations: there may be a new generation, or the broker may have lost the rows of all; their task waits for it.
        originals: an image, its original or the end of a job came; the task that follows originals waits for it.
        revised: a scale bar changed the manifest; the task that publishes revisions waits for it.
        annotations: a generation may have moved measures and notes, or the broker may have lost them.
        changing: held while the next manifest is made from the present one.
        adding: images that the black box is adding; what computes for people pauses meanwhile.
    """

    work: Signal = field(default_factory=Signal)
    thumbnails: asyncio.Event = field(default_factory=asyncio.Event)
    history: asyncio.Event = field(default_factory=asyncio.Event)
    generations: asyncio.Event = field(default_factory=asyncio.Event)
    originals: asyncio.Event = field(default_factory=asyncio.Event)
    revised: asyncio.Event = field(default_factory=asyncio.Event)
    annotations: asyncio.Event = field(default_factory=asyncio.Event)
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    adding: Adding = field(default_factory=Adding)

    def note_new_image(self) -> None:
        """Wake every task that works on an image which is stored."""
        self.work.notify()
        self.thumbnails.set()
        self.originals.set()
