"""How fast may passwords be guessed? Wrong ones are counted per address, per name, and per name at one address.

- A name at one address: from the third wrong password on, a pause that doubles up to a minute; a right one ends it.
- An address: 30 wrong ones in a minute.
- A name: 30 wrong ones in a minute, from all addresses together.

What is held back is not put to the broker. A name that has logged in from an address before is held back there only by its
own pause, so neither a neighbour behind the same router nor a stranger can shut it out.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, TypeVar

from aiohttp import web

from viewer.network.addresses import network_of

K = TypeVar("K")
V = TypeVar("V")

WINDOW_S: Final = 60.0
MOST_WRONG: Final = 30
MOST_PENDING: Final = 30  # logins of one address under way: a wrong one counts only when the broker has answered
FREE_TRIES: Final = 3
LONGEST_PAUSE_S: Final = 60.0
FORGOTTEN_S: Final = 600.0
MOST_KNOWN: Final = 10_000


@dataclass(slots=True)
class _Wrong:
    """The wrong logins of the last minute; `is_known` after a right one."""

    at_s: deque[float] = field(default_factory=deque)
    pending_count: int = 0
    is_known: bool = False

    def wait_s(self, now_s: float) -> float:
        """How long nothing more is taken."""
        while self.at_s and self.at_s[0] <= now_s - WINDOW_S:
            self.at_s.popleft()
        return self.at_s[0] + WINDOW_S - now_s if len(self.at_s) >= MOST_WRONG else 0.0


@dataclass(slots=True)
class _Account:
    """One name at one address."""

    wrong_count: int = 0
    last_wrong_s: float = 0.0
    has_logged_in: bool = False

    def wait_s(self, now_s: float) -> float:
        """How long it is not taken."""
        if self.wrong_count < FREE_TRIES:
            return 0.0
        if now_s > self.last_wrong_s + FORGOTTEN_S:
            self.wrong_count = 0
            return 0.0
        pause_s = min(2.0 ** (self.wrong_count - FREE_TRIES), LONGEST_PAUSE_S)
        return max(0.0, self.last_wrong_s + pause_s - now_s)


class Brake:
    """The wrong logins over HTTP and through the relay together."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._addresses: OrderedDict[str, _Wrong] = OrderedDict()
        self._names: OrderedDict[str, _Wrong] = OrderedDict()
        self._accounts: OrderedDict[tuple[str, str], _Account] = OrderedDict()

    def check_address(self, address: str | None) -> None:
        """Refuse an address before it says who it is.

        Raises:
            web.HTTPTooManyRequests: too many wrong ones, and nobody has logged in from there.
        """
        known = _known(self._addresses, network_of(address), _Wrong)
        wait_s = known.wait_s(self._clock())
        if wait_s and not known.is_known:
            _refuse(wait_s)

    def attempt(self, address: str | None, name: str) -> "Attempt":
        """Begin a login.

        Raises:
            web.HTTPTooManyRequests: too many wrong ones; the answer says how long to wait.
        """
        network, now_s = network_of(address), self._clock()
        whole, named = _known(self._addresses, network, _Wrong), _known(self._names, name, _Wrong)
        account = _known(self._accounts, (network, name), _Account)
        wait_s = account.wait_s(now_s)
        if not account.has_logged_in:
            wait_s = max(wait_s, whole.wait_s(now_s), named.wait_s(now_s))
        if whole.pending_count >= MOST_PENDING:
            wait_s = max(wait_s, 1.0)
        if wait_s:
            _refuse(wait_s)
        return Attempt(self._clock, network, (whole, named), account)


class Attempt:
    """One login under way; a context manager."""

    def __init__(
        self, clock: Callable[[], float], network: str, counted: tuple[_Wrong, _Wrong], account: _Account
    ) -> None:
        self.network = network
        self._clock, self._counted, self._account = clock, counted, account
        self._is_open = False

    def __enter__(self) -> Self:
        self._is_open = True
        self._counted[0].pending_count += 1
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.end()

    def refused(self) -> None:
        """The broker has refused name and password."""
        if self.end():
            self._account.wrong_count += 1
            self._account.last_wrong_s = self._clock()
            for each in self._counted:
                each.at_s.append(self._clock())

    def accepted(self) -> None:
        """The broker has let the name in."""
        if self.end():
            self._account.wrong_count = 0
            self._account.has_logged_in = self._counted[0].is_known = True

    def end(self) -> bool:
        """End it without an answer; whether it was still open."""
        was_open, self._is_open = self._is_open, False
        self._counted[0].pending_count -= was_open
        return was_open


def _known(table: OrderedDict[K, V], key: K, make: Callable[[], V]) -> V:
    """What is remembered of a key; those asked for longest ago are forgotten."""
    found = table.setdefault(key, make())
    table.move_to_end(key)
    while len(table) > MOST_KNOWN:
        table.popitem(last=False)
    return found


def _refuse(wait_s: float) -> None:
    seconds = int(wait_s) + 1
    raise web.HTTPTooManyRequests(
        text=f"too many wrong logins from this address or for this name: wait {seconds} s\n",
        headers={"Retry-After": str(seconds)},
    )
