"""What does the broker retain of a project now? Asked once per connection: a broker may forget, or be another one."""

import contextlib
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from broker.config import Connection
from broker.contract import CAMERA_PAGE, MANIFEST_PAGE, REFERENCE, SHARD, match
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import Encoding, PageDigest, ProjectId
from broker.live import Follower, LiveMessage, follow
from broker.manifest import Manifest, ManifestPage, digest_of, read_page, shards_of
from broker.shards import sha256
from reconstructor.publishing.retained_messages import channel_filters, retained_at

_WINDOW: Final = 64  # topics of one subscription, each of which brings one message: below the 100 of rumqttd


@dataclass(frozen=True, slots=True)
class ShardKey:
    """Which shard, in which encoding."""

    generation: int
    encoding: Encoding
    index: int


@dataclass(slots=True, kw_only=True)
class Retained:
    """What the broker holds.

    A broker that is killed goes back to what it wrote last. One that comes back with the pointer which we published last
    has everything from before that pointer; what came after is noted here, to be published again.

    Attributes:
        digests: sha256 by shard.
        sizes: bytes by shard.
        pages: topics of pages whose bytes have the digest that the topic says.
        torn: topics of other pages.
        manifest: the pointer's bytes; empty without one.
        cleared: topics that were cleared after the pointer was published.
    """

    digests: dict[ShardKey, str] = field(default_factory=dict)
    sizes: dict[ShardKey, int] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)
    torn: set[str] = field(default_factory=set)
    manifest: bytes = b""
    cleared: set[str] = field(default_factory=set)
    _fresh: set[ShardKey] = field(default_factory=set)
    _sealed_pages: frozenset[str] = frozenset()

    def hold(self, key: ShardKey, digest: str, size_bytes: int) -> None:
        """Note a shard."""
        self.digests[key], self.sizes[key] = digest, size_bytes
        self._fresh.add(key)

    def seal(self, manifest: bytes) -> None:
        """Note that the broker has the pointer, and with it everything from before it."""
        self.manifest = manifest
        self._fresh, self._sealed_pages, self.cleared = set(), frozenset(self.pages), set()

    def reopen(self) -> None:
        """Note that the broker came back with the pointer: what came after it may be lost."""
        for key in self._fresh:
            self.drop(key)
        self._fresh = set()
        self.pages = (self.pages & self._sealed_pages) - self.cleared

    def drop(self, key: ShardKey) -> None:
        """Note that a shard is gone."""
        self.digests.pop(key, None)
        self.sizes.pop(key, None)


async def list_retained(connection: Connection, project: ProjectId) -> Retained:
    """Read the reference set that is retained; shards are digested and dropped as they come.

    What the retained manifest names and the broker kept back is asked for by its exact topic: rumqttd 0.4 answers a
    wildcard with 100 messages at most, ejabberd by default with 1,000.

    Raises:
        BrokerLostError: the broker went away, or fell silent.
    """
    listing = _Listing(connection, project)
    async with follow(connection) as follower:
        await listing.read(follower, channel_filters(connection, project, REFERENCE, MANIFEST_PAGE, CAMERA_PAGE, SHARD))
        await listing.read_named(follower, listing.unseen_pages())
        await listing.read_named(follower, listing.unseen_shards())
    return listing.retained


class _Listing:
    """What was read so far."""

    def __init__(self, connection: Connection, project: ProjectId) -> None:
        self._connection, self._project, self._space = connection, project, connection.space
        self.retained = Retained()
        self._manifest_pages: dict[PageDigest, bytes] = {}

    async def read(self, follower: Follower, filters: Iterable[str]) -> int:
        """Note what is retained there; returns how many messages came."""
        count = 0
        async with aclosing(retained_at(follower, self._connection, self._project, filters)) as messages:
            async for message in messages:
                self._note(message)
                count += 1
        return count

    async def read_named(self, follower: Follower, topics: list[str]) -> None:
        """Note what is retained at these topics, a window at a time; a window that brings nothing is the last."""
        for begin in range(0, len(topics), _WINDOW):
            if not await self.read(follower, topics[begin : begin + _WINDOW]):
                return

    def unseen_pages(self) -> list[str]:
        """Topics of the pages that the manifest names and that did not come."""
        manifest = self._manifest()
        if manifest is None:
            return []
        pages = ((MANIFEST_PAGE, manifest.shard_pages), (CAMERA_PAGE, manifest.camera_pages))
        topics = [
            self._space.topic(self._project, row.template, page=each) for row, digests in pages for each in digests
        ]
        return [topic for topic in topics if topic not in self.retained.pages | self.retained.torn]

    def unseen_shards(self) -> list[str]:
        """Topics of the shards that the manifest's pages name and that did not come."""
        manifest = self._manifest()
        if manifest is None:
            return []
        payloads = ((self._manifest_pages.get(digest), digest) for digest in manifest.shard_pages)
        pages = [read_page(payload, digest, ManifestPage) for payload, digest in payloads if payload is not None]
        keys = [
            ShardKey(manifest.generation, each.encoding, entry.index)
            for entry in shards_of(pages)
            for each in entry.encodings
        ]
        return [self._topic(key) for key in keys if key not in self.retained.digests]

    def _manifest(self) -> Manifest | None:
        with contextlib.suppress(CairnError):  # none, or one that is not ours to read
            return decode(self.retained.manifest, Manifest)
        return None

    def _topic(self, key: ShardKey) -> str:
        levels = {"generation": key.generation, "encoding": key.encoding.value, "index": key.index}
        return self._space.topic(self._project, SHARD.template, **levels)

    def _note(self, message: LiveMessage) -> None:
        retained, found = self.retained, match(self._space, message.topic)
        if found.channel is REFERENCE:
            retained.manifest = message.payload
        elif found.channel is SHARD:
            key = ShardKey(found.generation, found.encoding, found.index)
            retained.hold(key, sha256(message.payload), len(message.payload))
        elif digest_of(message.payload) != found.page:
            retained.torn.add(message.topic)
        else:
            retained.pages.add(message.topic)
            if found.channel is MANIFEST_PAGE:
                self._manifest_pages[found.page] = message.payload
