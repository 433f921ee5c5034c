"""Shard entries and reference sets without any bytes behind them."""

from collections.abc import Iterable

from broker.ids import Encoding, ProjectId
from broker.manifest import EncodedShard, ShardEntry
from broker.messages import Bounds
from reconstructor.storage.reference_set import ReferenceSet

PROJECT = ProjectId("chapel")
BOX = Bounds(minimum=(0.0, 0.0, 0.0), maximum=(1.0, 1.0, 1.0))


def entry(
    index: int,
    *,
    level: int = 0,
    image_number: int | None = None,
    packed: int = 100,
    ply: int = 300,
    component: int = 0,
) -> ShardEntry:
    """A shard of 10 points."""
    sizes = {Encoding.PLY: ply, Encoding.PACKED: packed}
    return ShardEntry(
        index=index,
        level=level,
        kind="reference" if image_number is None else "incremental",
        image_number=image_number,
        component=component,
        point_count=10,
        bounds=BOX,
        encodings=tuple(
            EncodedShard(encoding=encoding, size_bytes=size, sha256=f"{index:064x}") for encoding, size in sizes.items()
        ),
    )


def reference_of(entries: Iterable[ShardEntry], *, generation: int = 1, revision: int = 0) -> ReferenceSet:
    """The reference set of these shards."""
    shards = tuple(entries)
    empty = ReferenceSet.empty(PROJECT).with_manifest(generation=generation, revision=revision)
    return empty.with_shards(shards).with_manifest(
        point_count=sum(each.point_count for each in shards),
        shard_count=len(shards),
        level_count=1 + max((each.level for each in shards), default=0),
    )
