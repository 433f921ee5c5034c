"""How are the page server's connections bounded? A count in all and per address, and a time for each request and write.

Where there is no place, the connection that has waited longest without a request gives up its own: idle sockets of strangers
never keep a request out.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from broker.logs import get_logger

REQUEST_TIMEOUT_S: Final = 10.0
KEEP_ALIVE_S: Final = 15.0
WRITE_TIMEOUT_S: Final = 30.0  # in which a reader takes at least one byte
MOST_CONNECTIONS: Final = 4000
MOST_PER_ADDRESS: Final = 200  # a team behind one router; the relay has a limit of its own


@dataclass(slots=True, eq=False)
class Place:
    """One connection that is counted.

    Attributes:
        network: what it counts for; None for a reverse proxy, which speaks for many.
        close: ends the connection at once.
    """

    network: str | None
    close: Callable[[], object]


class Connections:
    """What is connected now; `most` in all."""

    def __init__(self, most: int = MOST_CONNECTIONS) -> None:
        self._most = most
        self._places: set[Place] = set()
        self._count_by_network: Counter[str] = Counter()
        self._waiting: OrderedDict[Place, None] = OrderedDict()

    def enter(self, place: Place) -> bool:
        """Count a connection that waits for a request; False when every other one is at work."""
        is_too_many = place.network is not None and self._count_by_network[place.network] >= MOST_PER_ADDRESS
        if is_too_many and not self._make_room(place.network):
            return False
        if len(self._places) >= self._most and not self._make_room(None):
            return False
        self._places.add(place)
        self._waiting[place] = None
        if place.network is not None:
            self._count_by_network[place.network] += 1
        return True

    def at_work(self, place: Place) -> None:
        """A request has come: the connection keeps its place."""
        self._waiting.pop(place, None)

    def waits(self, place: Place) -> None:
        """A request is answered: the connection may have to give up its place."""
        if place in self._places:
            self._waiting[place] = None

    def leave(self, place: Place) -> None:
        """Count a connection out; a second time does nothing."""
        if place not in self._places:
            return
        self._places.remove(place)
        self._waiting.pop(place, None)
        if place.network is not None:
            self._count_by_network[place.network] -= 1
            if not self._count_by_network[place.network]:
                del self._count_by_network[place.network]

    def _make_room(self, network: str | None) -> bool:
        """Close the connection that has waited longest, of one network or of all."""
        for place in self._waiting:
            if network is None or place.network == network:
                self.leave(place)
                place.close()
                return True
        return False


class TimedConnection(web.RequestHandler):
    """One connection, closed when no complete request comes in time, or when its reader takes nothing."""

    __slots__ = ("_connections", "_place", "_progress_at_s", "_request_timer", "_transport", "_unsent_bytes")

    def __init__(self, connections: Connections, place: Place, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._connections, self._place = connections, place
        self._request_timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None  # aiohttp's own is gone once it wants to close
        self._progress_at_s = self._loop.time()
        self._unsent_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._place.close = transport.abort
        self._request_timer = self._loop.call_later(REQUEST_TIMEOUT_S, self.force_close)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it out."""
        self._cancel_timer()
        self._transport = None
        self._connections.leave(self._place)
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """The reader has taken most of what waited."""
        self._progress_at_s = self._loop.time()
        super().resume_writing()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer what is no request; neither answer nor log repeats a part of it, which may be a password."""
        del request, message
        get_logger().warning("bad_request", status=status, kind=type(exc).__name__)
        response = web.Response(status=status, text="this request is not valid HTTP\n", headers={"Server": ""})
        response.force_close()
        return response

    def request_came(self) -> None:
        """A request is complete: it takes the time that it takes."""
        self._cancel_timer()
        self._connections.at_work(self._place)

    def request_done(self) -> None:
        """It is answered; aiohttp closes the connection after `KEEP_ALIVE_S`."""
        self._connections.waits(self._place)

    def abort_if_stuck(self) -> None:
        """Close the connection when its reader has taken nothing for `WRITE_TIMEOUT_S`; called again and again."""
        if self._transport is None:
            return
        now_s, unsent_bytes = self._loop.time(), self._transport.get_write_buffer_size()
        if unsent_bytes == 0 or unsent_bytes < self._unsent_bytes:
            self._progress_at_s = now_s
        self._unsent_bytes = unsent_bytes
        if now_s - self._progress_at_s > WRITE_TIMEOUT_S:
            self._transport.abort()

    def _cancel_timer(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None
