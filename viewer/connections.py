"""How are the page server's connections bounded? A count, a count per address, and a time in which a request must come."""

import asyncio
from collections import Counter
from typing import Any, Final

from aiohttp import web

from broker.logs import get_logger
from viewer.brake import network_of

REQUEST_TIMEOUT_S: Final = 10.0
KEEP_ALIVE_S: Final = 15.0
BACKLOG: Final = 128
MOST_CONNECTIONS: Final = 1000
MOST_PER_ADDRESS: Final = 200  # a team behind one router; the relay has a limit of its own


class Connections:
    """What is connected now, by network."""

    def __init__(self) -> None:
        self._count_by_network: Counter[str] = Counter()

    def enter(self, network: str) -> bool:
        """Count a connection in; False when there is no room for it."""
        if self._count_by_network.total() >= MOST_CONNECTIONS or self._count_by_network[network] >= MOST_PER_ADDRESS:
            return False
        self._count_by_network[network] += 1
        return True

    def leave(self, network: str) -> None:
        """Count a connection out."""
        self._count_by_network[network] -= 1
        if not self._count_by_network[network]:
            del self._count_by_network[network]


class TimedConnection(web.RequestHandler):
    """One connection that is closed when no complete request has come in time."""

    __slots__ = ("_counted", "_network", "_request_timer")

    def __init__(self, connections: Connections, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._counted = connections
        self._network: str | None = None
        self._request_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it, or close it at once when there are too many."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        network = network_of(peer[0] if peer else None)
        if not self._counted.enter(network):
            self.force_close()
            return
        self._network = network
        self.await_request()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it out."""
        self.request_came()
        if self._network is not None:
            self._counted.leave(self._network)
            self._network = None
        super().connection_lost(exc)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer what is no request; neither answer nor log repeats a part of it, which may be a password."""
        del request, message
        get_logger().warning("bad_request", status=status, kind=type(exc).__name__)
        response = web.Response(status=status, text="this request is not valid HTTP\n", headers={"Server": ""})
        response.force_close()
        return response

    def await_request(self) -> None:
        """Close the connection unless a request comes in time."""
        self.request_came()
        self._request_timer = asyncio.get_running_loop().call_later(REQUEST_TIMEOUT_S, self.force_close)

    def request_came(self) -> None:
        """A request is complete: it takes the time that it takes."""
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None


async def listen(server: web.Server, host: str, port: int) -> asyncio.Server:
    """Listen with timed connections; raises OSError like `create_server`."""
    loop, connections = asyncio.get_running_loop(), Connections()

    def connection() -> TimedConnection:
        return TimedConnection(connections, server, loop=loop, access_log=None, keepalive_timeout=KEEP_ALIVE_S)

    return await loop.create_server(connection, host, port, backlog=BACKLOG)
