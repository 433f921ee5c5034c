"""A stand-in for the reconstructor that keeps the contract: shards first, then the manifest, then the event."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from broker.config import Connection
from broker.contract import EVENT, RECONSTRUCTOR_STATE, RECONSTRUCTOR_STATISTICS, SHARD
from broker.delivery import Delivery
from broker.ids import Encoding, Generation, ImageId, ProjectId
from broker.manifest import EncodedShard, Manifest, ShardEntry
from broker.messages import (
    Bounds,
    ReconstructorPresence,
    ReconstructorState,
    ReconstructorStatistics,
    ShardUpdate,
    WorldFrame,
)
from broker.outgoing import Outgoing
from broker.shards import PointCloud, encode, sha256
from tests.manifests import paged

CHAPEL = ProjectId("chapel")
IMAGE_ID = ImageId("walk-000007-0123456789abcdef")
BOX = Bounds(minimum=(0.0, 0.0, 0.0), maximum=(1.0, 1.0, 1.0))


def random_cloud(count: int, seed: int = 0) -> PointCloud:
    """Points in the unit cube, in colours."""
    random = np.random.default_rng(seed)
    points = random.random((count, 3), dtype=np.float32)
    return PointCloud(points_in_world=points, colors_rgb=random.integers(0, 256, (count, 3), dtype=np.uint8))


class Publisher:
    """Publishes as the reconstructor's user over one connection."""

    def __init__(self, connection: Connection, delivery: Delivery) -> None:
        self._space, self._delivery = connection.space, delivery
        self.entries: list[ShardEntry] = []

    async def state(
        self, presence: ReconstructorPresence = ReconstructorPresence.READY, code: str | None = None
    ) -> None:
        """Say that the reconstructor is there, or what keeps it from its work."""
        known = {"project": CHAPEL, "presence": presence, "boot_id": "b", "has_manifest": True, "image_count": 7}
        state = ReconstructorState.model_validate(known | {"code": code, "reason": code and f"why it is {code}"})
        await self._retain(self._space.topic(CHAPEL, RECONSTRUCTOR_STATE.template), state.encode())

    async def statistics(self, preview_count: int = 0) -> None:
        """Say some figures."""
        statistics = ReconstructorStatistics(
            project=CHAPEL,
            stored_count=7,
            placed_count=6,
            waiting_count=1,
            preview_count=preview_count,
            rejected_count=0,
            queued_count=0,
            error_count=2,
            shard_count=3,
            point_count=300,
            retained_bytes=4500,
            disk_free_bytes=10**9,
            memory_bytes=10**8,
            uptime_s=12.5,
        )
        await self._retain(self._space.topic(CHAPEL, RECONSTRUCTOR_STATISTICS.template), statistics.encode())

    async def reference_set(
        self,
        clouds: list[PointCloud],
        *,
        generation: int = 1,
        revision: int = 0,
        withheld: tuple[int, ...] = (),
        offset: tuple[float, float, float] = (0.0, 0.0, 0.0),
        components: tuple[int, ...] = (),
        metres_per_unit: float | None = None,
    ) -> Manifest:
        """Publish shards (but for those withheld), then the manifest that names them all.

        `components` has the component of each cloud; by default all are of the leading one.
        """
        entries: list[ShardEntry] = []
        for index, cloud in enumerate(clouds):
            bodies = {encoding: encode(cloud, encoding) for encoding in Encoding}
            if index not in withheld:
                for encoding, body in bodies.items():
                    await self.shard(generation, encoding, index, body)
            encodings = tuple(
                EncodedShard(encoding=encoding, size_bytes=len(body), sha256=sha256(body))
                for encoding, body in bodies.items()
            )
            entries.append(
                ShardEntry(
                    index=index,
                    level=min(index, 3),
                    kind="reference",
                    component=components[index] if components else 0,
                    point_count=len(cloud),
                    bounds=BOX,
                    encodings=encodings,
                )
            )
        self.entries = entries
        return await self.pointer(
            entries,
            generation=generation,
            revision=revision,
            frame=WorldFrame(offset=offset, metres_per_unit=metres_per_unit),
        )

    async def shard(self, generation: int, encoding: Encoding, index: int, body: bytes) -> None:
        """Publish, or with an empty body clear, one encoding of one shard."""
        topic = self._space.topic(CHAPEL, SHARD.template, generation=generation, encoding=encoding, index=index)
        await self._retain(topic, body)

    async def pointer(
        self, entries: Sequence[ShardEntry], *, withheld_pages: tuple[int, ...] = (), **facts: Any
    ) -> Manifest:
        """Publish a manifest of these shards, its pages (but for those withheld) before it."""
        made = paged(CHAPEL, entries, **{"image_count": 7, **facts})
        lacking = {made.shard_pages[number].digest for number in withheld_pages}
        for message in made.outgoing(self._space):
            if message.topic.rpartition("/")[2] not in lacking:
                await self._delivery.publish(message)
        return made.manifest

    async def shard_update(self, manifest: Manifest) -> None:
        """Tell that the manifest is out."""
        event = ShardUpdate(
            project=CHAPEL,
            sent_at=datetime.now(UTC),
            image_id=IMAGE_ID,
            image_number=7,
            generation=Generation(manifest.generation),
            revision=manifest.revision,
            shards=(0,),
            point_count=manifest.point_count,
        )
        await self._delivery.publish(EVENT.outgoing(self._space, CHAPEL, event))

    async def _retain(self, topic: str, payload: bytes) -> None:
        await self._delivery.publish(Outgoing(topic=topic, payload=payload, is_retained=True))
