"""Reference sets for the page's benchmarks: coloured surfaces, cut and published as the contract says."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from broker.config import Connection
from broker.contract import RECONSTRUCTOR_STATE, SHARD
from broker.delivery import Delivery
from broker.ids import Encoding, ProjectId
from broker.manifest import EncodedShard, ShardEntry
from broker.messages import Bounds, ReconstructorPresence, ReconstructorState, WorldFrame
from broker.outgoing import Outgoing
from broker.shards import MAX_POINTS, PointCloud, encode, morton_codes, sha256
from reconstructor.clouds import sharding
from tests.manifests import paged

PROJECT: Final = ProjectId("bench")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shards:
    """Published shards of one generation."""

    generation: int
    revision: int
    entries: tuple[ShardEntry, ...]

    @property
    def point_count(self) -> int:
        """Points of all shards."""
        return sum(entry.point_count for entry in self.entries)

    @property
    def byte_count(self) -> int:
        """Bytes on the wire of all shards."""
        return sum(encoded.size_bytes for entry in self.entries for encoded in entry.encodings)


def surface(count: int, seed: int) -> PointCloud:
    """A weathered dome of points in stone colours, in Morton order as the reconstructor cuts it."""
    random = np.random.default_rng(seed)
    angle, height = random.uniform(0, 2 * np.pi, count), random.uniform(-1, 1, count)
    radius = np.sqrt(1 - height**2) * (1 + 0.02 * np.sin(9 * angle) * np.sin(13 * height))
    points = np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=1).astype(np.float32)
    tone = 150 + 40 * np.sin(11 * angle) * np.sin(17 * height) + random.normal(0, 5, count)
    colors = np.clip(tone[:, None] + np.array([18, 4, -20]), 0, 255).astype(np.uint8)
    cells = np.clip((points + 1.1) / 2.2 * 65_535, 0, 65_535).astype(np.uint16)
    order = np.argsort(morton_codes(cells), kind="stable")
    return PointCloud(points_in_world=points[order], colors_rgb=colors[order])


def coarse_to_fine(cloud: PointCloud) -> list[PointCloud]:
    """The levels that the reconstructor makes of a cloud, the coarsest first."""
    by_level: dict[int, list[PointCloud]] = {}
    for shard in sharding.cut(cloud):
        by_level.setdefault(shard.level, []).append(shard.cloud)
    return [PointCloud.join(parts) for _, parts in sorted(by_level.items())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One shard, ready to be published."""

    entry: ShardEntry
    body: bytes


async def publish_shards(
    delivery: Delivery,
    connection: Connection,
    levels: list[PointCloud],
    *,
    generation: int,
    encoding: Encoding = Encoding.PACKED,
) -> Shards:
    """Publish every level's shards as a generation."""
    nothing = Shards(generation=generation, revision=-1, entries=())
    return await publish_cut(delivery, connection, cut(levels, encoding=encoding), after=nothing)


def cut(
    levels: list[PointCloud], *, encoding: Encoding = Encoding.PACKED, after: Shards | None = None
) -> tuple[Cut, ...]:
    """Every level's shards, encoded; `after` has those that are out already."""
    parts = [
        (level, cloud.take(slice(begin, begin + MAX_POINTS)))
        for level, cloud in enumerate(levels)
        for begin in range(0, len(cloud), MAX_POINTS)
    ]
    first = len(after.entries) if after else 0
    bodies = [encode(part, encoding) for _, part in parts]
    return tuple(
        Cut(entry=_entry(part, index=first + place, level=level, encoding=encoding, body=body), body=body)
        for place, ((level, part), body) in enumerate(zip(parts, bodies, strict=True))
    )


async def publish_cut(delivery: Delivery, connection: Connection, ready: tuple[Cut, ...], *, after: Shards) -> Shards:
    """Publish shards under the generation of those that are out already."""
    for shard in ready:
        (encoded,) = shard.entry.encodings
        place = connection.space.topic(
            PROJECT,
            SHARD.template,
            generation=after.generation,
            encoding=encoded.encoding,
            index=shard.entry.index,
        )
        await delivery.publish(Outgoing(topic=place, payload=shard.body, is_retained=True))
    entries = (*after.entries, *(shard.entry for shard in ready))
    return Shards(generation=after.generation, revision=after.revision + 1, entries=entries)


async def publish_ready(delivery: Delivery, connection: Connection) -> None:
    """Say that a reconstructor serves the project: without that the page server lets nobody have its shards."""
    state = ReconstructorState(project=PROJECT, presence=ReconstructorPresence.READY, boot_id="bench")
    await delivery.publish(RECONSTRUCTOR_STATE.outgoing(connection.space, PROJECT, state))


async def publish_manifest(delivery: Delivery, connection: Connection, shards: Shards) -> None:
    """Point to these shards."""
    made = paged(
        PROJECT,
        shards.entries,
        generation=shards.generation,
        revision=shards.revision,
        image_count=10,
        frame=WorldFrame(up=(0.0, 1.0, 0.0)),
        bounds=Bounds(minimum=(-1.1, -1.1, -1.1), maximum=(1.1, 1.1, 1.1)),
    )
    for message in made.outgoing(connection.space):
        await delivery.publish(message)


def _entry(cloud: PointCloud, *, index: int, level: int, encoding: Encoding, body: bytes) -> ShardEntry:
    low, high = cloud.minimum.tolist(), cloud.maximum.tolist()
    return ShardEntry(
        index=index,
        level=level,
        kind="reference",
        point_count=len(cloud),
        bounds=Bounds(minimum=(low[0], low[1], low[2]), maximum=(high[0], high[1], high[2])),
        encodings=(EncodedShard(encoding=encoding, size_bytes=len(body), sha256=sha256(body)),),
    )
