"""When does the broker get and lose shards? Missing ones before the manifest, those that it does not name any more after it."""

import asyncio
import time
from dataclasses import dataclass, field

from broker.contract import SHARD
from broker.delivery import Delivery
from broker.ids import PageDigest, ProjectId
from broker.logs import get_logger
from broker.manifest import LeftOut, ShardEntry
from broker.topics import TopicSpace
from reconstructor.publishing.page_publisher import WINDOW, publish_all
from reconstructor.publishing.retained import Retained, ShardKey
from reconstructor.storage.generation_files import ShardGoneError
from reconstructor.storage.reference_set import ReferenceSet
from reconstructor.storage.reference_sets import ReferenceSets


@dataclass(slots=True, kw_only=True)
class ShardPublisher:
    """Publishes the shards of one project and clears old ones; the cost of an increment is that of its own pages."""

    project: ProjectId
    space: TopicSpace
    delivery: Delivery
    references: ReferenceSets
    _whole: set[PageDigest] = field(default_factory=set)  # pages all of whose shards are retained
    _swept: object = None  # what the retained shards were compared with last

    def forget(self) -> None:
        """Compare every shard again: the broker was asked what it retains."""
        self._whole, self._swept = set(), None

    async def send(self, reference: ReferenceSet, retained: Retained) -> int:
        """Publish what is missing; returns how many shards.

        Raises:
            ShardGoneError: a file is damaged, which holds up the manifest and not the other shards.
            Others like `Delivery.publish`.
        """
        generation = reference.manifest.generation
        unsure = [page for page in reference.shard_pages if page.digest not in self._whole]
        missing = [
            (key, entry, each.sha256)
            for page in unsure
            for entry in page.message.shards
            for each in entry.encodings
            if retained.digests.get(key := ShardKey(generation, each.encoding, entry.index)) != each.sha256
        ]
        gone: ShardGoneError | None = None
        for begin in range(0, len(missing), WINDOW):
            window = missing[begin : begin + WINDOW]
            results = await asyncio.gather(
                *(self._send_shard(key, entry) for key, entry, _ in window), return_exceptions=True
            )
            for (key, _, digest), result in zip(window, results, strict=True):
                if isinstance(result, ShardGoneError):
                    gone = result
                elif isinstance(result, BaseException):
                    raise result
                else:
                    retained.hold(key, digest, result)
        if gone is not None:
            raise gone
        self._whole = {page.digest for page in reference.shard_pages}
        return len(missing)

    async def _send_shard(self, key: ShardKey, entry: ShardEntry) -> int:
        began_s = time.monotonic()
        payload = await asyncio.to_thread(self.references.shard, key.generation, entry, key.encoding)
        properties = (("points", str(entry.point_count)), ("level", str(entry.level)))
        await self.delivery.publish(
            SHARD.outgoing(
                self.space,
                self.project,
                payload,
                user_properties=properties,
                generation=key.generation,
                encoding=key.encoding.value,
                index=key.index,
            )
        )
        get_logger(project=self.project).debug(
            "shard_published",
            generation=key.generation,
            shard=key.index,
            encoding=key.encoding.value,
            points=entry.point_count,
            bytes=len(payload),
            duration_s=round(time.monotonic() - began_s, 4),
        )
        return len(payload)

    async def clear_unnamed(self, reference: ReferenceSet, retained: Retained) -> None:
        """Clear shards of forgotten generations, and those of the present one that the manifest leaves out."""
        manifest, kept = reference.manifest, set(self.references.kept())
        shown = (sorted(kept), manifest.left_out, manifest.generation, manifest.left_out != LeftOut() and self._whole)
        if shown == self._swept:
            return
        named = {
            ShardKey(manifest.generation, each.encoding, entry.index)
            for entry in reference.shards
            for each in entry.encodings
        }
        old = [
            key
            for key in retained.digests
            if key.generation not in kept or (key.generation == manifest.generation and key not in named)
        ]
        await self.clear(old, retained)
        self._swept = shown
        if old:
            get_logger(project=self.project).info("shards_cleared", shards=len(old), kept=sorted(kept))

    async def clear(self, keys: list[ShardKey], retained: Retained) -> None:
        """Clear these shards; raises what `Delivery.publish` raises."""
        clears = [
            SHARD.clearing(
                self.space,
                self.project,
                generation=key.generation,
                encoding=key.encoding.value,
                index=key.index,
            )
            for key in keys
        ]
        retained.cleared.update(each.topic for each in clears)
        await publish_all(self.delivery, clears)
        for key in keys:
            retained.drop(key)
