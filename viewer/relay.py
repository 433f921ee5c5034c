"""How does a browser reach the broker? WebSocket frames in, the same bytes out to its TCP port, and back; no MQTT here.

MQTT over WebSocket is the MQTT byte stream cut into binary frames, wherever it pleases. Mosquitto 2.0's own listener
sends one 4 KB piece per 100 ms once a packet is large (eclipse/mosquitto#1390, measured 2026-11-23: 25 s for 1 MB).
"""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web

from broker.logs import get_logger
from viewer.brake import Attempt, Brake
from viewer.config import Settings

SUBPROTOCOL: Final = "mqtt"
READ_BYTES: Final = 256 * 1024
CLOSE_TIMEOUT_S: Final = 2.0
CONNACK_BYTES: Final = 4  # type, remaining length (below 128), flags, reason code: MQTT 5, section 3.2
CONNACK: Final = 0x20
WRONG_LOGIN: Final = frozenset({0x04, 0x05, 0x86, 0x87})  # MQTT 3.1.1 and 5: bad name or password, not authorised
HEARTBEAT_S: Final = 60.0  # a phone that vanished while we were sending would else keep its place for a quarter hour


@dataclass(slots=True, kw_only=True)
class Traffic:
    """What the relay has carried since start."""

    to_broker_bytes: int = 0
    to_browser_bytes: int = 0


class Relay:
    """The `/mqtt` address of the page server."""

    def __init__(self, settings: Settings, brake: Brake) -> None:
        self._settings, self._brake = settings, brake
        self._tls = ssl.create_default_context(cafile=str(settings.broker.ca_file)) if settings.broker.ca_file else None
        self._count_by_address: Counter[str] = Counter()
        self._open: set[web.WebSocketResponse] = set()
        self._log = get_logger()
        self.traffic = Traffic()

    @property
    def connection_count(self) -> int:
        """Connections that are relayed now."""
        return self._count_by_address.total()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Check the request, connect to the broker, then carry bytes until either side ends."""
        self._check(request)
        with self._place(request.remote or "unknown"), self._brake.attempt(request.remote) as attempt:
            reader, writer = await self._connect()
            try:
                return await self._carry(request, reader, writer, attempt)
            finally:
                writer.transport.abort()

    async def close(self) -> None:
        """Tell every browser that the server goes away; they come back by themselves."""
        closing = [each.close(code=WSCloseCode.GOING_AWAY, message=b"server stops") for each in self._open]
        await asyncio.gather(*closing)

    def _check(self, request: web.Request) -> None:
        origin = request.headers.get("Origin")
        if origin is not None and not is_allowed_origin(origin, request.host, self._settings.allowed_origins):
            raise web.HTTPForbidden(
                text=f"pages of {origin[:200]} may not use this relay: see viewer.allowed_origins\n"
            )
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        if SUBPROTOCOL not in {each.strip() for each in offered.split(",")}:
            raise web.HTTPBadRequest(text="this address speaks MQTT over WebSocket: ask for the subprotocol 'mqtt'\n")

    @contextlib.contextmanager
    def _place(self, address: str) -> Iterator[None]:
        if self._count_by_address[address] >= self._settings.connections_per_address:
            raise web.HTTPTooManyRequests(text="too many connections from this address: close some\n")
        self._count_by_address[address] += 1
        try:
            yield
        finally:
            self._count_by_address[address] -= 1
            if not self._count_by_address[address]:
                del self._count_by_address[address]

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        broker = self._settings.broker
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                return await asyncio.open_connection(broker.host, broker.port, ssl=self._tls, limit=READ_BYTES)
        except (OSError, TimeoutError) as exc:
            self._log.warning("broker_unreachable", host=broker.host, port=broker.port, reason=str(exc))
            raise web.HTTPBadGateway(text="the broker does not answer: try again soon\n") from exc

    async def _carry(
        self, request: web.Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, attempt: Attempt
    ) -> web.StreamResponse:
        socket = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            max_msg_size=self._settings.message_bytes_limit,
            compress=False,  # shards are packed already, and deflate would cost more than the network
            timeout=CLOSE_TIMEOUT_S,
            heartbeat=HEARTBEAT_S,
        )
        await socket.prepare(request)
        self._open.add(socket)
        downward = asyncio.create_task(self._to_browser(reader, socket, attempt), name="relay to browser")
        try:
            await self._to_broker(socket, writer)
        finally:
            self._open.discard(socket)
            writer.close()  # after what the browser said last; ends `downward`, unless that is what ended us
            await asyncio.wait({downward}, timeout=2 * CLOSE_TIMEOUT_S)
            downward.cancel()
        return socket

    async def _to_broker(self, socket: web.WebSocketResponse, writer: asyncio.StreamWriter) -> None:
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                await socket.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b"MQTT is binary")
                return
            try:
                writer.write(message.data)
                await writer.drain()  # no more is read from a browser than the broker takes
            except OSError:
                return  # `_to_browser` sees the end too and tells the browser
            self.traffic.to_broker_bytes += len(message.data)

    async def _to_browser(self, reader: asyncio.StreamReader, socket: web.WebSocketResponse, attempt: Attempt) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # the broker died, or the browser left
            answer = await reader.readexactly(CONNACK_BYTES)
            attempt.end(is_wrong=answer[0] == CONNACK and answer[-1] in WRONG_LOGIN)
            await socket.send_bytes(answer)
            self.traffic.to_browser_bytes += len(answer)
            while piece := await reader.read(READ_BYTES):
                await socket.send_bytes(piece)  # waits while a slow browser's buffer is full
                self.traffic.to_browser_bytes += len(piece)
        await socket.close(code=WSCloseCode.SERVICE_RESTART, message=b"the broker closed the connection")


def is_allowed_origin(origin: str, host: str, allowed: tuple[str, ...]) -> bool:
    """Whether a page of this Origin may use a server that was addressed as `host`: its own pages, and those allowed."""
    own = urlsplit(origin).netloc.lower()
    return (own != "" and own == host.lower()) or origin.lower() in allowed
