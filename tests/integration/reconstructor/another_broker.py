"""A relay before Mosquitto that delivers retained messages as other brokers do: late, and few of each subscription.

It takes retained messages from Mosquitto at once and acknowledges them itself. They go on after `late_s`, when a message
that is not retained has overtaken them. rumqttd 0.4 was seen to do both (2026-11-29), with 100 of each subscription.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

PUBLISH: Final = 3
PUBACK: Final = 4
SUBSCRIBE: Final = 8
RETAIN: Final = 0x01


@dataclass(slots=True)
class AnotherBroker:
    """Serves every connection to one Mosquitto."""

    target_port: int
    late_s: float = 0.05
    most_of_a_subscription: int = 10**6
    port: int = 0
    kept_back_count: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection."""
        upstream, to_broker = await asyncio.open_connection("127.0.0.1", self.target_port)
        ours: set[bytes] = set()  # packet identifiers that were acknowledged here
        room = [0]
        flows = {
            asyncio.create_task(self._up(reader, to_broker, ours, room)),
            asyncio.create_task(self._down(upstream, writer, to_broker, ours, room)),
        }
        self._tasks |= flows
        await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
        for task in flows:
            task.cancel()
        writer.close()
        to_broker.close()

    async def _up(
        self, reader: asyncio.StreamReader, to_broker: asyncio.StreamWriter, ours: set[bytes], room: list[int]
    ) -> None:
        while True:
            head, body = await read_packet(reader)
            if head[0] >> 4 == SUBSCRIBE:
                room[0] = self.most_of_a_subscription
            if head[0] >> 4 == PUBACK and body[:2] in ours:
                ours.remove(body[:2])
                continue
            to_broker.write(head + body)
            await to_broker.drain()

    async def _down(
        self,
        upstream: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        to_broker: asyncio.StreamWriter,
        ours: set[bytes],
        room: list[int],
    ) -> None:
        while True:
            head, body = await read_packet(upstream)
            if head[0] >> 4 != PUBLISH or not head[0] & RETAIN:
                writer.write(head + body)
                await writer.drain()
                continue
            place = 2 + int.from_bytes(body[:2])
            identifier = body[place : place + 2]
            to_broker.write(bytes((PUBACK << 4, 2)) + identifier)
            if room[0] <= 0:
                self.kept_back_count += 1
                continue
            room[0] -= 1
            self._tasks.add(asyncio.create_task(self._later(writer, head + body, identifier, ours)))

    async def _later(self, writer: asyncio.StreamWriter, packet: bytes, identifier: bytes, ours: set[bytes]) -> None:
        await asyncio.sleep(self.late_s)
        ours.add(identifier)
        writer.write(packet)


async def read_packet(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The fixed header and the rest of one MQTT packet."""
    head = await reader.readexactly(2)
    while head[-1] & 0x80:
        head += await reader.readexactly(1)
    size = sum((digit & 0x7F) << 7 * place for place, digit in enumerate(head[1:]))
    return head, await reader.readexactly(size)


@contextlib.asynccontextmanager
async def another_broker(target_port: int, **ways: float) -> AsyncIterator[AnotherBroker]:
    """Listen on `port` of what is yielded."""
    broker = AnotherBroker(target_port, **ways)  # type: ignore[arg-type]  # counts and seconds
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
        for task in broker._tasks:
            task.cancel()
        await asyncio.gather(*broker._tasks, return_exceptions=True)
