"""How do manifest and shards come from the broker? SUBSCRIBE is the GET: exact topics, in windows, each verified.

Shards may come over HTTP first, when a page server is known; those that do not come so come by SUBSCRIBE.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from broker import shards
from broker.config import Connection
from broker.contract import SHARD
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.live import Follower, LiveMessage
from broker.logs import get_logger
from broker.manifest import Manifest
from viewer.manifest_reader import MANIFEST_TIMEOUT_S, ManifestReader
from viewer.wanted import CompleteManifest, WantedShard

WINDOW: Final = 8  # exact topics in windows were measured as fast as a wildcard, and nothing unwanted comes
WINDOWS_UNDER_WAY: Final = 2


GetShard = Callable[[WantedShard], Awaitable[bytes | None]]  # its bytes, checked; None: it is not to be had so


class ManifestMovedError(CairnError):
    """The manifest names another cloud than the one being fetched: begin again."""

    code = "manifest_moved"
    remedy = "Nothing: fetch again."


class ShardMissingError(CairnError):
    """Shards did not come, even after a resync."""

    code = "shard_missing"
    remedy = "Ask for a resync; check that the reconstructor runs."


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedShard:
    """A shard whose length and digest are right."""

    wanted: WantedShard
    payload: bytes


class _Silence(Enum):
    """What we do when not a byte of a message comes for so many seconds.

    The manifest read again comes in order behind whatever is still under way on a slow link, so when it is here, a
    shard that is not here is missing.
    """

    LOADING = 3.0
    READING_MANIFEST = 60.0
    RESYNCING = 15.0


class Fetch:
    """Reads one project's retained cloud over one connection; one task at a time.

    Args:
        follower: the connection.
        connection: how it was made.
        project: whose cloud.
        by_http: gets a shard from a page server; None: all come from the broker.
    """

    def __init__(
        self, follower: Follower, connection: Connection, project: ProjectId, by_http: GetShard | None = None
    ) -> None:
        self._by_http = by_http
        self._follower, self._connection, self._project = follower, connection, project
        self._space = connection.space
        self._log = get_logger(project=project)
        self._aside: deque[LiveMessage] = deque()
        self._reader = ManifestReader(follower, connection, project, self._aside)
        self._waiting: deque[WantedShard] = deque()
        self._under_way: dict[str, WantedShard] = {}
        self._windows: list[list[str]] = []
        self._silence = _Silence.LOADING

    async def manifest(self, timeout_s: float = MANIFEST_TIMEOUT_S) -> CompleteManifest:
        """The present manifest with its pages; raises like `ManifestReader.read`."""
        return await self._reader.read(timeout_s)

    async def shards(self, wanted: Iterable[WantedShard]) -> AsyncGenerator[LoadedShard, None]:
        """Every wanted shard of one generation, once, in the order of arrival.

        Raises:
            ManifestMovedError: another generation is current and these shards are being cleared.
            ShardMissingError: some did not come, even after a resync.
            BrokerLostError: the connection is gone.
        """
        waiting = deque(wanted)
        if self._by_http is not None:
            async for each in self._over_http(waiting, self._by_http):
                yield each
        self._waiting.extend(waiting)
        while self._waiting or self._under_way:
            await self._open_windows()
            message = await self._next_message()
            if message is None:
                await self._break_silence()
            elif message.topic == self._reader.pointer_topic:
                await self._check_manifest(message)
            elif (loaded := self._verify(message)) is not None:
                self._silence = _Silence.LOADING
                yield loaded
                await self._close_windows()

    async def add(self, wanted: Iterable[WantedShard]) -> None:
        """Let more shards come by the `shards` that runs; a lost one does not keep them back."""
        self._waiting.extend(wanted)
        await self._open_windows()

    async def _over_http(self, waiting: deque[WantedShard], get: GetShard) -> AsyncGenerator[LoadedShard, None]:
        """What the page server has of the waiting shards, which leave the queue; ends at a window of which it has none."""
        missed: list[WantedShard] = []
        while waiting:
            window = [waiting.popleft() for _ in range(min(WINDOW, len(waiting)))]
            payloads = await asyncio.gather(*(get(each) for each in window))
            for wanted, payload in zip(window, payloads, strict=True):
                if payload is None:
                    missed.append(wanted)
                else:
                    yield LoadedShard(wanted=wanted, payload=payload)
            if not any(payload is not None for payload in payloads):
                break
        waiting.extendleft(reversed(missed))

    async def _open_windows(self) -> None:
        waiting = self._waiting
        while waiting and len(self._windows) < WINDOWS_UNDER_WAY:
            await self._open_window([waiting.popleft() for _ in range(min(WINDOW, len(waiting)))])

    async def _open_window(self, window: list[WantedShard]) -> None:
        topics = {self._topic(each): each for each in window}
        self._under_way.update(topics)
        self._windows.append(list(topics))
        await self._follower.subscribe(*topics)

    async def _close_windows(self) -> None:
        for window in [each for each in self._windows if not self._under_way.keys() & set(each)]:
            self._windows.remove(window)
            await self._follower.unsubscribe(*window)

    async def _next_message(self) -> LiveMessage | None:
        if self._aside:
            return self._aside.popleft()
        return await self._follower.next_message(self._silence.value)

    def _verify(self, message: LiveMessage) -> LoadedShard | None:
        wanted = self._under_way.get(message.topic)
        if wanted is None or not message.payload:  # an empty payload clears a shard: it is no news for us
            return None
        if len(message.payload) != wanted.size_bytes or shards.sha256(message.payload) != wanted.sha256:
            self._log.warning("shard_damaged", topic=message.topic, bytes=len(message.payload))
            return None
        del self._under_way[message.topic]
        return LoadedShard(wanted=wanted, payload=message.payload)

    async def _break_silence(self) -> None:
        if self._silence is not _Silence.LOADING:
            names = ", ".join(str(each.index) for each in itertools.islice(self._under_way.values(), 8))
            raise ShardMissingError(
                f"{len(self._under_way)} shards of {self._project!r} do not come (index {names}): "
                "is the reconstructor running, which republishes what the broker lost, "
                f"and may user {self._connection.username!r} read shards?"
            )
        self._silence = _Silence.READING_MANIFEST
        await self._follower.subscribe(self._reader.pointer_topic)

    async def _check_manifest(self, message: LiveMessage) -> None:
        """Shards are late: either the manifest names others by now, or they must be published again."""
        if self._silence is not _Silence.READING_MANIFEST or not message.payload:
            return
        await self._follower.unsubscribe(self._reader.pointer_topic)
        complete = await self._reader.complete(decode(message.payload, Manifest))
        generation = complete.manifest.generation
        digests = {(each.index, one.sha256) for each in complete.shards for one in each.encodings}
        late = tuple(self._under_way.values())
        if any(each.generation != generation or (each.index, each.sha256) not in digests for each in late):
            raise ManifestMovedError(f"{self._project!r} moved on to generation {generation}: fetch it again")
        self._silence = _Silence.RESYNCING
        await self._reader.resync(generation, tuple(each.index for each in late))

    def _topic(self, wanted: WantedShard) -> str:
        return self._space.topic(
            self._project,
            SHARD.template,
            generation=wanted.generation,
            encoding=wanted.encoding,
            index=wanted.index,
        )
