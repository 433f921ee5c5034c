"""Who may download a whole cloud now? A few at once, two per address; under pressure the slowest one ends."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from aiohttp import web

MOST: Final = 8  # each holds two windows of shards in memory
MOST_PER_ADDRESS: Final = 2
PATIENCE_S: Final = 10.0  # so long a download may be slow while others wait
SLOW_BYTES_PER_S: Final = 64 * 1024


@dataclass(slots=True, eq=False)
class Download:
    """One download under way."""

    network: str
    end: Callable[[], None]
    begin_s: float
    sent_bytes: int = 0

    def bytes_per_s(self, now_s: float) -> float:
        """Its speed since it began."""
        return self.sent_bytes / max(now_s - self.begin_s, 1e-3)


class Downloads:
    """The downloads of one page server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._running: list[Download] = []

    @contextlib.contextmanager
    def place(self, network: str, end: Callable[[], None]) -> Iterator[Download]:
        """One place while the block runs.

        Args:
            network: who downloads.
            end: ends the download at once; called when somebody else needs the place.

        Raises:
            web.HTTPTooManyRequests: this address has its share.
            web.HTTPServiceUnavailable: every place is taken by a download that makes progress.
        """
        if sum(each.network == network for each in self._running) >= MOST_PER_ADDRESS:
            raise web.HTTPTooManyRequests(
                text=f"{MOST_PER_ADDRESS} downloads from this address are under way: wait for one of them\n",
                headers={"Retry-After": "5"},
            )
        if len(self._running) >= MOST:
            self._end_slowest()
        download = Download(network=network, end=end, begin_s=self._clock())
        self._running.append(download)
        try:
            yield download
        finally:
            if download in self._running:
                self._running.remove(download)

    def _end_slowest(self) -> None:
        now_s = self._clock()
        slow = [each for each in self._running if now_s - each.begin_s > PATIENCE_S]
        slowest = min(slow, key=lambda each: each.bytes_per_s(now_s), default=None)
        if slowest is None or slowest.bytes_per_s(now_s) >= SLOW_BYTES_PER_S:
            raise web.HTTPServiceUnavailable(text="too many downloads: try again soon\n", headers={"Retry-After": "5"})
        self._running.remove(slowest)
        slowest.end()
