"""How are connections accepted? One place each; where the page speaks TLS, the first byte tells TLS from plain http.

Plain http on a TLS port gets a redirection (`viewer.server`), not an unreadable error: people type addresses without https.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from broker.clients.descriptors import descriptor_limit
from broker.logs import get_logger
from viewer.network import connections
from viewer.network.addresses import TrustedProxies, network_of
from viewer.network.certificate import Certificate
from viewer.network.connections import KEEP_ALIVE_S, Connections, Place, TimedConnection

BACKLOG: Final = 1024
WATCH_INTERVAL_S: Final = 5.0
_TLS_HANDSHAKE: Final = b"\x16"  # RFC 8446, section 5.1: the content type of a ClientHello
_PAUSE_S: Final = 0.5
_CLOSE_TIMEOUT_S: Final = 5.0
_EVERY_NETWORK: Final = "::"


class Listener:
    """Accepts connections for aiohttp's server."""

    def __init__(self, server: web.Server, proxies: TrustedProxies, certificate: Certificate | None) -> None:
        most = descriptor_limit() * 2 // 5  # a relayed connection has two, to the browser and to the broker
        self._connections = Connections(min(connections.MOST_CONNECTIONS, most))
        self._server, self._proxies, self._certificate = server, proxies, certificate
        self._opening: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
        """Accept while the block runs; gives the address. Raises OSError."""
        sockets = await _bind(host, port)
        tasks = [asyncio.create_task(self._accept(each), name="accept") for each in sockets]
        tasks.append(asyncio.create_task(self._watch_writes(), name="write watch"))
        if self._certificate is not None:
            tasks.append(asyncio.create_task(self._certificate.follow(), name="certificate"))
        try:
            yield sockets[0].getsockname()[:2]
        finally:
            for task in (*tasks, *self._opening):
                task.cancel()
            await asyncio.wait(tasks)
            for each in sockets:
                each.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, peer = await loop.sock_accept(listening)
            except OSError as exc:  # the peer is gone already, or there are no more descriptors
                get_logger().warning("not_accepted", reason=exc.strerror)
                await asyncio.sleep(_PAUSE_S)
                continue
            place = Place(None if peer[0] in self._proxies else network_of(peer[0]), accepted.close)
            if not self._connections.enter(place):
                accepted.close()
                continue
            task = asyncio.create_task(self._open(accepted, place), name="open")
            place.close = task.cancel
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, accepted: socket.socket, place: Place) -> None:
        """Hand a connection over to aiohttp, after its TLS handshake."""
        loop, certificate = asyncio.get_running_loop(), self._certificate

        def connection() -> TimedConnection:
            return TimedConnection(
                self._connections, place, self._server, loop=loop, access_log=None, keepalive_timeout=KEEP_ALIVE_S
            )

        try:
            async with asyncio.timeout(connections.REQUEST_TIMEOUT_S):
                is_tls = certificate is not None and await _first_byte(accepted) == _TLS_HANDSHAKE
                if certificate is None or not is_tls:
                    await loop.connect_accepted_socket(connection, accepted)
                else:
                    await loop.connect_accepted_socket(
                        connection, accepted, ssl=certificate.context, ssl_shutdown_timeout=_CLOSE_TIMEOUT_S
                    )
        except (OSError, asyncio.CancelledError):  # silent, gone, without TLS in common, or given up for another
            self._connections.leave(place)
            accepted.close()

    async def _watch_writes(self) -> None:
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            for each in list(self._server.connections):
                if isinstance(each, TimedConnection):
                    each.abort_if_stuck()


async def _bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets of every address of a host; `::` takes IPv4, too."""
    if host == _EVERY_NETWORK and socket.has_dualstack_ipv6():
        both = socket.create_server((host, port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True)
        both.setblocking(False)
        return [both]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            each = socket.create_server(address, family=socket.AddressFamily(family), backlog=BACKLOG)
        except OSError:
            for opened in sockets:
                opened.close()
            raise
        each.setblocking(False)
        sockets.append(each)
    return sockets


async def _first_byte(accepted: socket.socket) -> bytes:
    """The first byte that the peer sends, which stays to be read."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(accepted, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(accepted)
    return accepted.recv(1, socket.MSG_PEEK)
