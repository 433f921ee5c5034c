"""How does a browser reach the broker? WebSocket frames in, the same bytes out to its TCP port, and back; no MQTT here.

MQTT over WebSocket is the MQTT byte stream cut into binary frames, wherever it pleases. Mosquitto 2.0's own listener
sends one 4 KB piece per 100 ms once a packet is large (eclipse/mosquitto#1390, measured 2026-11-23: 25 s for 1 MB).
Only the login is looked at (`viewer.mqtt_login`), because wrong ones are counted.
"""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from broker.logs import get_logger
from viewer.config import Settings
from viewer.mqtt_login import CONNACK_BYTES, Login
from viewer.network.addresses import network_of
from viewer.network.brake import Brake
from viewer.network.hosts import is_allowed_origin

SUBPROTOCOL: Final = "mqtt"
READ_BYTES: Final = 32 * 1024  # of a WebSocket frame, which a browser sees whole or not at all: 0.25 s at 1 Mbit/s
CLOSE_TIMEOUT_S: Final = 2.0
LOGIN_TIMEOUT_S: Final = 10.0
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
        self._brake.check_address(request.remote)
        with self._place(network_of(request.remote)):
            reader, writer = await self._connect()
            login = Login(self._brake, request.remote)
            too_late = asyncio.get_running_loop().call_later(LOGIN_TIMEOUT_S, writer.transport.abort)
            login.when_answered = too_late.cancel
            try:
                return await self._carry(request, reader, writer, login)
            finally:
                too_late.cancel()
                login.end()
                writer.transport.abort()

    async def close(self) -> None:
        """Tell every browser that the server goes away; they come back by themselves."""
        closing = [each.close(code=WSCloseCode.GOING_AWAY, message=b"server stops") for each in self._open]
        await asyncio.gather(*closing)

    def _check(self, request: web.Request) -> None:
        origin = request.headers.get("Origin")
        allowed = self._settings.allowed_origins
        if origin is not None and not is_allowed_origin(origin, request.host, allowed, is_secure=request.secure):
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
        self, request: web.Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, login: Login
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
        downward = asyncio.create_task(self._to_browser(reader, socket, login), name="relay to browser")
        try:
            await self._to_broker(socket, writer, login)
        finally:
            self._open.discard(socket)
            writer.close()  # after what the browser said last; ends `downward`, unless that is what ended us
            await asyncio.wait({downward}, timeout=2 * CLOSE_TIMEOUT_S)
            downward.cancel()
        return socket

    async def _to_broker(self, socket: web.WebSocketResponse, writer: asyncio.StreamWriter, login: Login) -> None:
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                await socket.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b"MQTT is binary")
                return
            carried = message.data if login.is_known else login.take(message.data)
            if login.held_back is not None:
                await socket.send_bytes(login.held_back)
                await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too many wrong logins")
                return
            try:
                writer.write(carried)
                await writer.drain()  # no more is read from a browser than the broker takes
            except OSError:
                return  # `_to_browser` sees the end too and tells the browser
            self.traffic.to_broker_bytes += len(carried)

    async def _to_browser(self, reader: asyncio.StreamReader, socket: web.WebSocketResponse, login: Login) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # the broker died, or the browser left
            answer = await reader.readexactly(CONNACK_BYTES)
            login.answered(answer)
            await socket.send_bytes(answer)
            self.traffic.to_browser_bytes += len(answer)
            while piece := await reader.read(READ_BYTES):
                await socket.send_bytes(piece)  # waits while a slow browser's buffer is full
                self.traffic.to_browser_bytes += len(piece)
        await socket.close(code=WSCloseCode.SERVICE_RESTART, message=b"the broker closed the connection")
