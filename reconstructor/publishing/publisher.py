"""In which order are results published? Shards, then the manifest that names them, then cameras; old ones go last.

There is one way to publish, reconciliation: make the broker's retained messages equal to the store. It serves a new increment, a new reference set,
a crash halfway through either, and a broker that forgot, so that no path exists which is only taken after a crash.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from typing import Final

from broker.channel import clearing_of
from broker.config import Connection
from broker.contract import CAMERAS, REFERENCE, SHARD, match
from broker.delivery import Delivery
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import Encoding, ProjectId
from broker.logs import get_logger
from broker.messages import Manifest, ShardEntry
from broker.topics import TopicSpace
from reconstructor.publishing.election import Election
from reconstructor.publishing.retained import Retained, list_retained
from reconstructor.storage.generation_files import ShardGoneError
from reconstructor.storage.identity import Run
from reconstructor.storage.reference_sets import ReferenceSet, ReferenceSets

_WINDOW: Final = 16  # shards under way: mosquitto.conf's max_inflight_messages
_CONNECT_TIMEOUT_S: Final = 10.0


class Publisher:
    """Keep what the broker retains of one project equal to its store."""

    def __init__(
        self,
        *,
        project: ProjectId,
        connection: Connection,
        delivery: Delivery,
        references: ReferenceSets,
        election: Election,
        run: Run,
        grace_s: float,
    ) -> None:
        self._project, self._connection, self._space = project, connection, connection.space
        self._delivery, self._references, self._grace_s = delivery, references, grace_s
        self._election, self._run = election, run
        self._log = get_logger(project=project)
        self._lock = asyncio.Lock()
        self._retained = Retained()
        self._listed_at = 0  # the connection at which the broker was asked what it retains
        self._old_since_s: dict[int, float] = {}

    async def reconcile(self) -> int:
        """Publish what the broker lacks and clear old shards; returns how many shards were published.

        Raises:
            DeliveryTimeoutError, BrokerRefusedError, BrokerLostError: no broker in time; ask again.
            PublishRefusedError: the broker refuses a shard or the manifest.
            ShardGoneError: a file of the present reference set is damaged; the other shards were published.
        """
        async with self._lock:
            return await self._reconcile()

    async def resync(self, topics: Iterable[str] = ()) -> int:
        """Publish these shards again, or, without any, whatever the broker has lost; raises like `reconcile`."""
        async with self._lock:
            named = list(topics)
            for topic in named:
                self._retained.digests.pop(topic, None)
            if not named:
                self._listed_at = 0
            self._retained.manifest = b""
            return await self._reconcile()

    async def clear_old(self) -> None:
        """Forget generations whose grace time is over; raises like `reconcile`."""
        async with self._lock:
            kept = self._references.kept()
            old = set(kept) - {max(kept, default=0)}
            now_s = time.monotonic()
            self._old_since_s = {each: self._old_since_s.get(each, now_s) for each in old}
            due = [each for each, since_s in self._old_since_s.items() if now_s - since_s >= self._grace_s]
            for generation in due:
                await asyncio.to_thread(self._references.forget, generation)
            if due:
                await self._reconcile()

    async def _reconcile(self) -> int:
        sent_count = 0
        while True:
            connected = await self._election.confirmed(self._delivery, _CONNECT_TIMEOUT_S)
            if connected.count != self._listed_at:
                await self._list()
                self._listed_at = connected.count
            reference = await asyncio.to_thread(self._references.newest)
            if reference is not None:
                sent_count += await self._send_shards(reference)
            if not self._is_same_broker():
                continue  # another broker may be there now: look again what it retains before anything points to it
            if reference is not None:
                await self._send_pointer(reference)
            await self._send_cameras()
            if self._is_same_broker():
                break
        if reference is not None:
            await self._clear_stale()
        return sent_count

    def _is_same_broker(self) -> bool:
        return self._delivery.is_connected and self._delivery.connect_count == self._listed_at

    async def _list(self) -> None:
        self._retained = await list_retained(self._connection, self._project)
        with contextlib.suppress(CairnError):  # none, or one that is not ours to read
            theirs = decode(self._retained.manifest, Manifest)
            await asyncio.to_thread(self._references.raise_floor, theirs.generation)
        self._log.info(
            "retained_listed", shards=len(self._retained.digests), has_manifest=bool(self._retained.manifest)
        )

    async def _send_shards(self, reference: ReferenceSet) -> int:
        """Send what is missing; a damaged file holds up the manifest and not the other shards."""
        generation = reference.manifest.generation
        missing = [
            (topic, entry, each.encoding, each.sha256)
            for entry in reference.manifest.shards
            for each in entry.encodings
            if self._retained.digests.get(
                topic := shard_topic(self._space, self._project, generation, each.encoding, entry.index)
            )
            != each.sha256
        ]
        gone: ShardGoneError | None = None
        for begin in range(0, len(missing), _WINDOW):
            window = missing[begin : begin + _WINDOW]
            results = await asyncio.gather(
                *(self._send_shard(generation, entry, encoding) for _, entry, encoding, _ in window),
                return_exceptions=True,
            )
            for (topic, _, _, digest), result in zip(window, results, strict=True):
                if isinstance(result, ShardGoneError):
                    gone = result
                elif isinstance(result, BaseException):
                    raise result
                else:
                    self._retained.digests[topic] = digest
        if gone is not None:
            raise gone
        return len(missing)

    async def _send_shard(self, generation: int, entry: ShardEntry, encoding: Encoding) -> None:
        began_s = time.monotonic()
        payload = await asyncio.to_thread(self._references.shard, generation, entry, encoding)
        properties = (("points", str(entry.point_count)), ("level", str(entry.level)))
        await self._delivery.publish(
            SHARD.outgoing(
                self._space,
                self._project,
                payload,
                user_properties=properties,
                generation=generation,
                encoding=encoding.value,
                index=entry.index,
            )
        )
        self._log.debug(
            "shard_published",
            generation=generation,
            shard=entry.index,
            encoding=encoding.value,
            points=entry.point_count,
            bytes=len(payload),
            duration_s=round(time.monotonic() - began_s, 4),
        )

    async def _send_pointer(self, reference: ReferenceSet) -> None:
        signature = {"store_id": self._run.store_id, "epoch": self._run.epoch}
        manifest = reference.manifest.model_copy(update=signature)
        payload = manifest.encode()
        if self._retained.manifest == payload:
            return
        await self._delivery.publish(REFERENCE.outgoing(self._space, self._project, payload))
        self._retained.manifest = payload
        self._log.info(
            "manifest_published",
            generation=manifest.generation,
            revision=manifest.revision,
            shards=len(manifest.shards),
            points=manifest.point_count,
        )

    async def _send_cameras(self) -> None:
        payload = await asyncio.to_thread(self._references.cameras)
        if payload is not None and payload != self._retained.cameras:
            await self._delivery.publish(CAMERAS.outgoing(self._space, self._project, payload))
            self._retained.cameras = payload

    async def _clear_stale(self) -> None:
        kept = self._references.kept()
        stale = [topic for topic in self._retained.digests if self._generation_of(topic) not in kept]
        async for topic in self._cleared(stale):
            del self._retained.digests[topic]
        if stale:
            self._log.info("generation_cleared", topics=len(stale), kept=sorted(kept))

    async def _cleared(self, topics: list[str]) -> AsyncIterator[str]:
        for begin in range(0, len(topics), _WINDOW):
            window = topics[begin : begin + _WINDOW]
            await asyncio.gather(*(self._delivery.publish(clearing_of(topic)) for topic in window))
            for topic in window:
                yield topic

    def _generation_of(self, topic: str) -> int | None:
        with contextlib.suppress(CairnError):
            return match(self._space, topic).generation
        return None


def shard_topic(space: TopicSpace, project: ProjectId, generation: int, encoding: Encoding, index: int) -> str:
    """Where one shard is retained."""
    return space.topic(project, SHARD.template, generation=generation, encoding=encoding.value, index=index)
