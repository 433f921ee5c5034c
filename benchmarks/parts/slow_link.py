"""How is a slow line put between a page and its server? A TCP relay on this machine that passes so many bytes a second."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Final

_PIECE_BYTES: Final = 4096
_BUFFERED_BYTES: Final = 16_384  # more would pass at once and then wait for nobody


class _Line:
    """One direction of the line, shared by all connections."""

    def __init__(self, bytes_per_s: float) -> None:
        self._bytes_per_s = bytes_per_s
        self._free_s = 0.0  # when the bytes so far are through
        self._turn = asyncio.Lock()

    async def passed(self, size: int) -> None:
        """Wait until so many bytes are through."""
        async with self._turn:
            self._free_s = max(self._free_s, time.monotonic()) + size / self._bytes_per_s
            await asyncio.sleep(self._free_s - time.monotonic())


@contextlib.asynccontextmanager
async def slow_link(port: int, bits_per_s: float) -> AsyncIterator[int]:
    """A port of this machine that leads to `port`, over a line of so many bits a second in each direction."""
    lines = [_Line(bits_per_s / 8), _Line(bits_per_s / 8)]
    tasks: set[asyncio.Task[None]] = set()

    async def carry(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", port)
        for way in ((client, to_server, lines[0]), (server, to_client, lines[1])):
            task = asyncio.create_task(_carry_one_way(*way), name="slow_link")
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    listening = await asyncio.start_server(carry, "127.0.0.1", 0, limit=_BUFFERED_BYTES)
    try:
        yield int(listening.sockets[0].getsockname()[1])
    finally:
        listening.close()
        left = list(tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _carry_one_way(source: asyncio.StreamReader, target: asyncio.StreamWriter, line: _Line) -> None:
    target.transport.set_write_buffer_limits(high=_BUFFERED_BYTES)
    with contextlib.suppress(ConnectionError):
        while piece := await source.read(_PIECE_BYTES):
            await line.passed(len(piece))
            target.write(piece)
            await target.drain()
    target.close()
