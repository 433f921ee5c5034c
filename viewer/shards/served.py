"""What answers at `/projects/{project}/shard/{sha256}`? The shard of that digest, for those who may see the project."""

import asyncio
from typing import Final

from aiohttp import web

from broker.clients.trouble import Trouble
from broker.config import Connection
from broker.ids import Generation, ProjectId
from broker.logs import get_logger
from viewer.config import Settings
from viewer.fetch import LoadedShard
from viewer.shards.earlier import EarlierShards
from viewer.shards.kept import KeptShards, NoRoomForShardsError
from viewer.shards.source import NoSuchShardError, ShardSource

_DIGEST_LENGTH: Final = 64
_HEX: Final = frozenset("0123456789abcdef")


class ServedShards:
    """The shards of one page server."""

    def __init__(self, settings: Settings) -> None:
        self._connection: Connection = settings.broker
        self._kept = KeptShards(settings.shard_cache_folder, settings.shard_cache_bytes)
        self._sources: dict[ProjectId, ShardSource] = {}
        self._earlier = EarlierShards()
        self._disk = Trouble(log=get_logger(), event="shards_not_kept")

    async def answer(
        self, project: ProjectId, sha256: str, asking: Connection, earlier: Generation | None = None
    ) -> web.StreamResponse:
        """The file of a shard of this project, which may be kept for good: its digest names it.

        Args:
            project: the project.
            sha256: the shard's name, from outside.
            asking: the broker, and the account of the person who asks.
            earlier: the generation before the present one that has the shard; None: the present one.

        Raises:
            NoSuchShardError: the project has none of this digest.
            Others like `ShardSource.get`, and `EarlierShards.get`.
        """
        if len(sha256) != _DIGEST_LENGTH or not set(sha256) <= _HEX:
            raise NoSuchShardError("a shard's name is its sha256: 64 small hexadecimal digits")
        name = f"{project}-{sha256}"  # a digest opens no shard of another project
        path = self._kept.path(name)
        if path is None:
            if earlier is None:
                await self._source(project).get(sha256)
            else:
                await self._earlier.get(
                    *(asking, project, earlier),
                    is_there=lambda: self._kept.path(name) is not None,
                    keep=lambda digest, payload: self._kept_as(project, digest, payload),
                )
            path = self._kept.path(name)
        if path is None and earlier is not None:
            raise NoSuchShardError(f"generation {earlier} of {project!r} has no shard {sha256}")
        if path is None:
            raise NoSuchShardError(f"the shard {sha256} had to give way to others: ask again")
        headers = {
            "Content-Type": "application/octet-stream",
            "Cache-Control": "private, max-age=31536000, immutable",
            "Vary": "Authorization",
        }
        return web.FileResponse(path, headers=headers)

    async def open(self) -> None:
        """Remove what page servers that were killed left on the disk."""
        await asyncio.to_thread(self._kept.remove_leftovers)

    async def close(self) -> None:
        """End every connection and remove what was kept."""
        for source in list(self._sources.values()):  # a late request may bring another one
            await source.close()
        self._kept.__exit__(None, None, None)

    def _source(self, project: ProjectId) -> ShardSource:
        for name in [name for name, source in self._sources.items() if source.is_idle and name != project]:
            del self._sources[name]
        if project not in self._sources:
            self._sources[project] = ShardSource(self._connection, project, lambda loaded: self._keep(project, loaded))
        return self._sources[project]

    async def _keep(self, project: ProjectId, loaded: LoadedShard) -> None:
        await self._kept_as(project, loaded.wanted.sha256, loaded.payload)

    async def _kept_as(self, project: ProjectId, sha256: str, payload: bytes) -> None:
        try:
            await self._kept.keep(f"{project}-{sha256}", payload)
        except NoRoomForShardsError as exc:
            self._disk.note(exc.code, exc.sentence)  # the person who asks gets it over MQTT instead
            raise
        self._disk.clear()
