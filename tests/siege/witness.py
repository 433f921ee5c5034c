"""What does everybody hear during the siege? One operator's connection that keeps receipts, events and answers."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from broker.config import Connection
from broker.contract import EVENT, MISSING, RECEIPT, RECONSTRUCTOR_STATE, RESPONSE, match
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import EventType
from broker.live import Follower, LiveMessage, follow
from broker.messages import (
    EVENTS,
    Error,
    Event,
    ProcessingComplete,
    ReceiptStatus,
    ReconstructorPresence,
    ReconstructorState,
    UploadAcknowledged,
)
from broker.topics import TopicSpace

HEARD: Final = (RECEIPT, MISSING, EVENT, RESPONSE, RECONSTRUCTOR_STATE)


class Witness:
    """Everything that was said to senders and viewers of the projects, with the time when it was heard."""

    def __init__(self, follower: Follower, space: TopicSpace) -> None:
        self.receipts: dict[tuple[str, str], tuple[UploadAcknowledged, float]] = {}
        self.completed: dict[tuple[str, int], ProcessingComplete] = {}
        self.errors: list[tuple[str, Error]] = []
        self.states: dict[str, ReconstructorState] = {}
        self.stored_digests: set[str] = set()
        self.unreadable: list[str] = []
        self.answer_count = 0  # of requests, and lists of missing pieces
        self._follower, self._space = follower, space
        self._changed = asyncio.Condition()

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, connection: Connection, *projects: str) -> AsyncIterator["Witness"]:
        """Listen to these projects as an operator."""
        async with follow(connection) as follower:
            space = connection.space
            await follower.subscribe(*(space.filter(each.template, project) for project in projects for each in HEARD))
            witness = cls(follower, space)
            reading = asyncio.create_task(witness._read(), name="witness")
            try:
                yield witness
            finally:
                reading.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await reading

    async def until(self, is_so: Callable[[], bool], timeout_s: float) -> bool:
        """Whether something was heard in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(is_so)
        return is_so()

    def is_ready(self, project: str) -> bool:
        """Whether the reconstructor takes this project's images."""
        state = self.states.get(project)
        return state is not None and state.presence is ReconstructorPresence.READY

    async def _read(self) -> None:
        async for message in self._follower.messages():
            heard_s = time.monotonic()
            async with self._changed:
                try:
                    self._note(message, heard_s)
                except CairnError as exc:
                    self.unreadable.append(f"{message.topic}: {exc.sentence}")
                self._changed.notify_all()

    def _note(self, message: LiveMessage, heard_s: float) -> None:
        found = match(self._space, message.topic)
        if found.channel is RECEIPT:
            receipt = decode(message.payload, UploadAcknowledged)
            self.receipts[found.project, receipt.image_name] = receipt, heard_s
            if receipt.status is ReceiptStatus.STORED and receipt.sha256 is not None:
                self.stored_digests.add(receipt.sha256)
        elif found.channel is RECONSTRUCTOR_STATE:
            self.states[found.project] = decode(message.payload, ReconstructorState)
        elif found.channel is EVENT:
            self._note_event(found.project, found.event_type, message.payload)
        else:
            self.answer_count += 1

    def _note_event(self, project: str, event_type: EventType, payload: bytes) -> None:
        event: Event = decode(payload, EVENTS[event_type])
        if isinstance(event, Error):
            self.errors.append((project, event))
        elif isinstance(event, ProcessingComplete) and not event.is_refetch:
            self.completed[project, event.image_number] = event
