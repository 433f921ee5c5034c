"""In which order are results published? Shards, their pages, then the manifest that names them; old ones go last.

There is one way to publish, reconciliation: make the broker's retained messages equal to the store. It serves a new increment, a new reference set,
a crash halfway through either, and a broker that forgot, so that no path exists which is only taken after a crash.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import Final

from broker.channel import clearing_of
from broker.config import Connection
from broker.contract import REFERENCE
from broker.delivery import Delivery
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.logs import get_logger
from broker.manifest import LeftOut, Manifest
from reconstructor.publishing.budget import Budget
from reconstructor.publishing.election import Election
from reconstructor.publishing.page_publisher import PagePublisher, publish_all
from reconstructor.publishing.retained import Retained, ShardKey, list_retained
from reconstructor.publishing.shard_publisher import ShardPublisher
from reconstructor.storage.reference_set import Claim, ReferenceSet
from reconstructor.storage.reference_sets import ReferenceSets

_CONNECT_TIMEOUT_S: Final = 10.0


class BudgetReachedError(CairnError):
    """The broker may not retain every point of the project."""

    code = "retained_budget_reached"
    remedy = "Raise reconstructor.retained_bytes_limit; the disk and exports have every point meanwhile."


class Publisher:
    """Keep what the broker retains of one project equal to its store.

    Args:
        project: the project.
        connection: to list what is retained.
        delivery: to publish.
        references: the store's reference sets.
        election: tells when this store may publish.
        claim: the store's name, which stands in the manifest.
        grace_s: for how long what was replaced stays retained.
        bytes_limit: how much of the project may be retained.
    """

    def __init__(
        self,
        *,
        project: ProjectId,
        connection: Connection,
        delivery: Delivery,
        references: ReferenceSets,
        election: Election,
        claim: Claim,
        grace_s: float,
        bytes_limit: int,
    ) -> None:
        self._project, self._connection, self._space = project, connection, connection.space
        self._delivery, self._references, self._grace_s = delivery, references, grace_s
        self._election, self._claim = election, claim
        self._budget = Budget(bytes_limit=bytes_limit)
        self._shards = ShardPublisher(project=project, space=self._space, delivery=delivery, references=references)
        self._pages = PagePublisher(project=project, space=self._space, delivery=delivery, grace_s=grace_s)
        self._log = get_logger(project=project)
        self._lock = asyncio.Lock()
        self._retained = Retained()
        self._listed_at = 0  # the connection at which the broker was asked what it retains
        self._old_since_s: dict[int, float] = {}
        self._left_out = LeftOut()
        self._remarks: list[CairnError] = []
        self._present_bytes = 0

    @property
    def retained_bytes(self) -> int:
        """Size of all shards that are retained, of every generation."""
        return sum(self._retained.sizes.values())

    def take_remarks(self) -> list[CairnError]:
        """What people have to know of the last publications; each remark is returned once."""
        remarks, self._remarks = self._remarks, []
        return remarks

    async def reconcile(self) -> int:
        """Publish what the broker lacks and clear old shards; returns how many shards were published.

        Raises:
            DeliveryTimeoutError, BrokerRefusedError, BrokerLostError: no broker in time; ask again.
            PublishRefusedError: the broker refuses a shard or the manifest.
            ShardGoneError: a file of the present reference set is damaged; the other shards were published.
        """
        async with self._lock:
            return await self._reconcile()

    async def resync(self, keys: Iterable[ShardKey] = ()) -> int:
        """Publish these shards again, or, without any, whatever the broker has lost; raises like `reconcile`."""
        async with self._lock:
            named = list(keys)
            for key in named:
                self._retained.drop(key)
            if not named:
                self._listed_at = 0
            self._shards.forget()
            self._retained.manifest = b""
            return await self._reconcile()

    async def clear_old(self) -> None:
        """Forget generations and clear pages whose grace time is over; raises like `reconcile`."""
        async with self._lock:
            kept = self._references.kept()
            old = set(kept) - {max(kept, default=0)}
            now_s = time.monotonic()
            self._old_since_s = {each: self._old_since_s.get(each, now_s) for each in old}
            due = [each for each, since_s in self._old_since_s.items() if now_s - since_s >= self._grace_s]
            for generation in due:
                await asyncio.to_thread(self._references.forget, generation)
            if due or self._pages.due():
                await self._reconcile()

    async def _reconcile(self) -> int:
        sent_count = 0
        while True:
            connected = await self._election.confirmed(self._delivery, _CONNECT_TIMEOUT_S)
            if connected.count != self._listed_at:
                await self._look_again()
                self._listed_at = connected.count
            reference = await asyncio.to_thread(self._present)
            if reference is not None:
                await self._make_room(reference.manifest.generation)
                sent_count += await self._shards.send(reference, self._retained)
                await self._pages.send(reference, self._retained)
            if not self._is_same_broker():
                continue  # another broker may be there now: look again what it retains before anything points to it
            if reference is not None:
                await self._send_pointer(reference.manifest)
            if self._is_same_broker():
                break
        if reference is not None:
            await self._shards.clear_unnamed(reference, self._retained)
            await self._pages.clear_due(self._retained)
        return sent_count

    def _is_same_broker(self) -> bool:
        return self._delivery.is_connected and self._delivery.connect_count == self._listed_at

    def _present(self) -> ReferenceSet | None:
        """The part of the store's reference set that the broker is to retain, claimed by this store."""
        stored = self._references.present()
        if stored is None:
            return None
        reference, self._present_bytes = self._budget.within(stored)
        return reference.claimed(self._claim)

    async def _look_again(self) -> None:
        """Learn what a broker retains that was away: all of it is read, unless it still has our pointer."""
        if not self._retained.manifest or self._election.retained_manifest != self._retained.manifest:
            await self._list()
            return
        self._retained.reopen()
        self._shards.forget()
        await publish_all(self._delivery, [clearing_of(topic) for topic in sorted(self._retained.cleared)])
        self._log.info("retained_kept", shards=len(self._retained.digests), cleared=len(self._retained.cleared))

    async def _list(self) -> None:
        self._retained = await list_retained(self._connection, self._project)
        self._shards.forget()
        with contextlib.suppress(CairnError):  # none, or one that is not ours to read
            theirs = decode(self._retained.manifest, Manifest)
            self._left_out = theirs.left_out
            await asyncio.to_thread(self._references.raise_floor, theirs.generation)
        self._log.info(
            "retained_listed", shards=len(self._retained.digests), has_manifest=bool(self._retained.manifest)
        )

    async def _make_room(self, present: int) -> None:
        """Forget generations before the previous one early, as long as all together are above the budget."""
        older = sorted(self._references.kept())[:-2]
        sizes = self._retained.sizes
        while older and self._present_bytes + _bytes_of_others(sizes, present) > self._budget.bytes_limit:
            generation = older.pop(0)
            await asyncio.to_thread(self._references.forget, generation)
            keys = [key for key in self._retained.digests if key.generation == generation]
            await self._shards.clear(keys, self._retained)

    async def _send_pointer(self, manifest: Manifest) -> None:
        payload = manifest.encode()
        if self._retained.manifest == payload:
            return
        await self._delivery.publish(REFERENCE.outgoing(self._space, self._project, payload))
        self._retained.seal(payload)
        if manifest.left_out.point_count and not self._left_out.point_count:
            self._remarks.append(
                BudgetReachedError(
                    "the broker's room for this project is full: the finest points are not shown live from now on, "
                    "the newest image is, and exports have every point; raise retained_bytes_limit to show all"
                )
            )
        self._left_out = manifest.left_out
        self._log.info(
            "manifest_published",
            generation=manifest.generation,
            revision=manifest.revision,
            shards=manifest.shard_count,
            points=manifest.point_count,
            left_out=manifest.left_out.point_count,
            bytes=len(payload),
        )


def _bytes_of_others(sizes: dict[ShardKey, int], generation: int) -> int:
    return sum(size_bytes for key, size_bytes in sizes.items() if key.generation != generation)
