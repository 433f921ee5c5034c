"""How does a shard come from the broker that only its digest names? The manifest says where it is retained; then SUBSCRIBE.

One connection for each project that somebody asks for, made by the page server's own account and closed after a while
without questions. Questions that come meanwhile are answered together.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from broker.config import Connection
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.live import NoAnswerError, follow
from viewer.fetch import Fetch, LoadedShard
from viewer.wanted import WantedShard

IDLE_S: Final = 30.0
PATIENCE_S: Final = 5.0  # for the next shard; then viewers turn to MQTT
READ_AGAIN_S: Final = 0.5  # so long a manifest that does not name a shard is not read again


class NoSuchShardError(CairnError):
    """The project's present manifest names no such shard."""

    code = "no_such_shard"
    remedy = "Read the manifest again: shards of an earlier one are gone."


class ShardSource:
    """The shards of one project.

    Args:
        connection: the broker, and an account that may read the project.
        project: the project.
        keep: called with each shard that came, its length and digest checked.
    """

    def __init__(
        self, connection: Connection, project: ProjectId, keep: Callable[[LoadedShard], Awaitable[None]]
    ) -> None:
        self._connection, self._project, self._keep = connection, project, keep
        self._asked: dict[str, asyncio.Future[None]] = {}
        self._has_asked = asyncio.Event()
        self._working: asyncio.Task[None] | None = None
        self._places: dict[str, WantedShard] = {}
        self._read_at_s = -READ_AGAIN_S

    @property
    def is_idle(self) -> bool:
        """Whether nothing is asked for and no connection stands."""
        return self._working is None or self._working.done()

    async def get(self, sha256: str) -> None:
        """Have a shard kept.

        Raises:
            NoSuchShardError: the manifest does not name it.
            NoAnswerError, BrokerLostError, NoManifestError, …: it does not come.
        """
        if sha256 not in self._asked:
            answer = self._asked[sha256] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(_take_note)
            self._has_asked.set()
        if self.is_idle:
            self._working = asyncio.create_task(self._work(), name=f"{self._project}.shards")
        await asyncio.shield(self._asked[sha256])

    async def close(self) -> None:
        """End the connection."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait({self._working}, timeout=1)

    async def _work(self) -> None:
        try:
            while self._asked:  # somebody may ask while the connection closes
                await self._follow()
        except TimeoutError:
            self._fail(NoAnswerError(f"shards of {self._project!r} did not come in {PATIENCE_S:.0f} s"))
        except CairnError as exc:
            self._fail(exc)
        finally:
            self._fail(NoAnswerError("the page server ends"))

    async def _follow(self) -> None:
        """Answer over one connection until nobody has asked for a while."""
        self._places, self._read_at_s = {}, -READ_AGAIN_S
        async with follow(self._connection) as follower:
            fetch = Fetch(follower, self._connection, self._project)
            while await self._is_asked():
                async with asyncio.timeout(PATIENCE_S) as patience:
                    await self._answer(fetch, patience)

    async def _is_asked(self) -> bool:
        try:
            async with asyncio.timeout(IDLE_S):
                await self._has_asked.wait()
        except TimeoutError:
            return bool(self._asked)
        return True

    async def _answer(self, fetch: Fetch, patience: asyncio.Timeout) -> None:
        self._has_asked.clear()
        asked = list(self._asked)
        if any(each not in self._places for each in asked) and time.monotonic() - self._read_at_s >= READ_AGAIN_S:
            self._places = await _places(fetch)
            self._read_at_s = time.monotonic()
        for each in asked:
            if each not in self._places:
                self._settle(each, NoSuchShardError(f"{self._project!r} has no shard {each} now"))
        wanted = [self._places[each] for each in asked if each in self._places]
        joining = asyncio.create_task(self._join(fetch, set(asked)), name=f"{self._project}.shards_joining")
        joining.add_done_callback(_take_note)  # the loop ends by the same error
        try:
            async for loaded in fetch.shards(wanted):
                patience.reschedule(asyncio.get_running_loop().time() + PATIENCE_S)
                await self._keep(loaded)
                self._settle(loaded.wanted.sha256, None)
        finally:
            joining.cancel()
        if self._asked:
            self._has_asked.set()

    async def _join(self, fetch: Fetch, known: set[str]) -> None:
        """Let shards that are asked for meanwhile come beside the others; those of a newer manifest wait for its reading."""
        while True:
            await self._has_asked.wait()
            self._has_asked.clear()
            fresh = [each for each in self._asked if each in self._places and each not in known]
            known.update(fresh)
            await fetch.add([self._places[each] for each in fresh])

    def _fail(self, error: CairnError) -> None:
        for each in list(self._asked):
            self._settle(each, error)

    def _settle(self, sha256: str, error: CairnError | None) -> None:
        answer = self._asked.pop(sha256, None)
        if answer is None or answer.done():
            return
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(error)


async def _places(fetch: Fetch) -> dict[str, WantedShard]:
    """Every shard that the present manifest names, in all its encodings, by digest."""
    complete = await fetch.manifest()
    return {
        each.sha256: WantedShard(
            generation=complete.manifest.generation,
            index=entry.index,
            encoding=each.encoding,
            point_count=entry.point_count,
            size_bytes=each.size_bytes,
            sha256=each.sha256,
        )
        for entry in complete.shards
        for each in entry.encodings
    }


def _take_note(answer: asyncio.Future[None]) -> None:
    """Look at an error, so that asyncio does not report one whose asker has left."""
    if not answer.cancelled():
        answer.exception()
