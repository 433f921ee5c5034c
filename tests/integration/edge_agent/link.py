"""A bad network between rig and broker: slow, far away, stalling, cut so that neither end notices."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

READ_BYTES = 2048  # small reads share the link fairly between connections
LAST_WORDS_S = 0.3


def chances(seed: int) -> dict[str, random.Random]:
    return {direction: random.Random(f"{seed} {direction}") for direction in ("up", "down")}  # noqa: S311


@dataclass(slots=True, kw_only=True)
class Link:
    """One uplink that every connection through it shares."""

    target_port: int
    rate_bytes_per_s: float
    round_trip_s: float = 0.0
    stall_ratio: float = 0.0
    stall_s: float = 1.0
    sent_up_bytes: int = 0
    port: int = 0
    _free_at_s: dict[str, float] = field(default_factory=lambda: {"up": 0.0, "down": 0.0})
    _chances: dict[str, random.Random] = field(default_factory=lambda: chances(7))
    _is_over: asyncio.Event = field(default_factory=asyncio.Event)
    _pairs: set[asyncio.Task[None]] = field(default_factory=set)

    def begin_stalls(self, seed: int) -> None:
        """From now on two links with the same seed stall at the same reads of each direction."""
        self._chances = chances(seed)

    async def cut(self) -> None:
        """Half-open: from now on what is connected gets nothing through, and no side notices."""
        for pair in list(self._pairs):
            pair.cancel()
        await asyncio.sleep(0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        flows = [
            asyncio.create_task(self._carry("up", reader, up_writer)),
            asyncio.create_task(self._carry("down", up_reader, writer)),
        ]
        self._pairs.update(flows)
        try:
            await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
            if any(flow.cancelled() for flow in flows):
                await self._is_over.wait()  # both sockets stay open and silent
        finally:
            for flow in flows:
                flow.cancel()
            for end in (writer, up_writer):
                end.close()

    async def _carry(self, direction: str, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Passes bytes on at the link's rate, each half a round trip late; what a closed end still had to say is lost."""
        waiting: asyncio.Queue[bytes] = asyncio.Queue()
        late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def queue_up() -> None:
            while data := await waiting.get():
                await self._take_turn(direction, len(data))
                late.put_nowait((time.monotonic() + self.round_trip_s / 2, data))

        async def deliver() -> None:
            while True:
                due_s, data = await late.get()
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                target.write(data)
                await target.drain()

        carrying = [asyncio.create_task(queue_up()), asyncio.create_task(deliver())]
        try:
            while data := await source.read(READ_BYTES):
                waiting.put_nowait(data)
            await asyncio.sleep(self.round_trip_s + LAST_WORDS_S)
        except OSError:
            return
        finally:
            for task in carrying:
                task.cancel()
            await asyncio.gather(*carrying, return_exceptions=True)

    async def _take_turn(self, direction: str, size_bytes: int) -> None:
        now_s = time.monotonic()
        start_s = max(now_s, self._free_at_s[direction])
        if self._chances[direction].random() < self.stall_ratio:
            start_s += self.stall_s
        self._free_at_s[direction] = start_s + size_bytes / self.rate_bytes_per_s
        if direction == "up":
            self.sent_up_bytes += size_bytes
        await asyncio.sleep(self._free_at_s[direction] - now_s)


@asynccontextmanager
async def bad_link(link: Link) -> AsyncIterator[Link]:
    """Listens; `link.port` is where the rig connects."""
    server = await asyncio.start_server(link.serve, "127.0.0.1", 0, limit=4 * READ_BYTES)
    link.port = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        server.close()
        await link.cut()
        link._is_over.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 1)
