"""Which PUBLISH messages wait for their PUBACK? One future for each packet identifier."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReason:
    """The reason code of a PUBACK and its name."""

    value: int
    name: str


DROPPED: Final = PublishReason(value=-1, name="dropped before an answer came")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """What the broker said of a PUBLISH: taken, and whether anybody subscribes."""

    has_subscribers: bool


class Publications:
    """Futures by packet identifier; used from the event loop only."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[PublishReason]] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether any message waits for its PUBACK; may be asked from other threads."""
        return bool(self._waiting)

    @contextmanager
    def expect(self, packet_id: int) -> Iterator[asyncio.Future[PublishReason]]:
        """Wait for one PUBACK: the future gets its reason."""
        answer: asyncio.Future[PublishReason] = asyncio.get_running_loop().create_future()
        self._waiting[packet_id] = answer
        try:
            yield answer
        finally:
            self._waiting.pop(packet_id, None)

    def resolve(self, packet_id: int, reason: PublishReason) -> None:
        """Hand a PUBACK to whatever waits for it."""
        answer = self._waiting.get(packet_id)
        if answer is not None and not answer.done():
            answer.set_result(reason)
