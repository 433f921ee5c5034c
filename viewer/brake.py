"""How fast may passwords be guessed? Per address: 30 wrong ones in a minute, then nothing is put to the broker for a while."""

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from aiohttp import web

WINDOW_S: Final = 60.0
MOST_WRONG: Final = 30
MOST_PENDING: Final = 30  # logins of one address under way: a wrong one counts only when the broker has answered
MOST_ADDRESSES: Final = 10_000
_IPV6_PREFIX: Final = 64  # what one customer of a provider has


@dataclass(slots=True)
class _Address:
    wrong_at_s: deque[float] = field(default_factory=deque)
    pending_count: int = 0


class Brake:
    """The wrong logins of each address, over HTTP and through the relay together."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._addresses: OrderedDict[str, _Address] = OrderedDict()

    def attempt(self, address: str | None) -> "Attempt":
        """Begin a login.

        Raises:
            web.HTTPTooManyRequests: too many wrong ones; the answer says how long to wait.
        """
        network = network_of(address)
        known = self._known(network)
        oldest_s = self._clock() - WINDOW_S
        while known.wrong_at_s and known.wrong_at_s[0] <= oldest_s:
            known.wrong_at_s.popleft()
        if len(known.wrong_at_s) >= MOST_WRONG:
            self._refuse(round(known.wrong_at_s[0] - oldest_s) + 1)
        if known.pending_count >= MOST_PENDING:
            self._refuse(1)
        return Attempt(network, known, self._clock)

    def _known(self, network: str) -> _Address:
        known = self._addresses.setdefault(network, _Address())
        self._addresses.move_to_end(network)
        while len(self._addresses) > MOST_ADDRESSES:
            self._addresses.popitem(last=False)
        return known

    def _refuse(self, wait_s: int) -> None:
        raise web.HTTPTooManyRequests(
            text=f"too many wrong logins from this address: wait {wait_s} s\n", headers={"Retry-After": str(wait_s)}
        )


class Attempt:
    """One login under way; a context manager."""

    def __init__(self, network: str, known: _Address, clock: Callable[[], float]) -> None:
        self.network = network
        self._known, self._clock = known, clock
        self._is_open = False

    def __enter__(self) -> Self:
        self._is_open = True
        self._known.pending_count += 1
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.end()

    def end(self, *, is_wrong: bool = False) -> None:
        """The broker has answered; the second answer of one attempt is ignored."""
        if not self._is_open:
            return
        self._is_open = False
        self._known.pending_count -= 1
        if is_wrong:
            self._known.wrong_at_s.append(self._clock())


def network_of(address: str | None) -> str:
    """What is braked together: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
    return str(found)
