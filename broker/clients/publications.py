"""Which PUBLISH messages wait for their PUBACK? One future for each packet identifier."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReason:
    """The reason code of a PUBACK and its name."""

    value: int
    name: str


class Publications:
    """Futures by packet identifier; used from the event loop only."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[PublishReason]] = {}

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
