"""Which points form one shard? Additive voxel levels of detail, each cut along the Morton curve into equal runs. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broker.envelope import Vector3
from broker.ids import Encoding
from broker.messages import Bounds, EncodedShard, ShardEntry
from broker.shards import MAX_POINTS, PointCloud, encode, morton_codes, sha256

LEVEL_COUNT: Final = 10
_CELL_BITS: Final = 16  # cells of the finest grid along an axis, as a power of two
_FIRST_BITS: Final = 7  # level 0 keeps the first point of each occupied voxel of 128 cubed
_AXES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Some points of one level."""

    level: int
    cloud: PointCloud


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyShard:
    """A shard ready to be published: its manifest entry and its bytes in every encoding."""

    entry: ShardEntry
    payloads: dict[Encoding, bytes]

    @property
    def size_bytes(self) -> int:
        """Size of all its encodings, bytes."""
        return sum(len(payload) for payload in self.payloads.values())


def cut(cloud: PointCloud, edge: float = 0.0) -> list[Shard]:
    """Cut a cloud into shards, coarse to fine; without the last shards it is a correct, coarser cloud.

    Level 0 holds the first point of each occupied voxel of a 128 x 128 x 128 grid, level 1 the first remaining point of
    each voxel of a 256 x 256 x 256 grid that has none yet, and so on; the last level takes all remaining points. When
    these fit into one shard there is no finer level.

    Args:
        cloud: the points, at least one.
        edge: the least edge of the grid's cube, world units: that of the whole reference set, so that the levels of an
            increment are as fine as those of the reference set.

    Returns:
        Shards of at most `MAX_POINTS` points, ordered by level and within a level in Morton order.
    """
    codes = _codes(cloud, edge)
    order = np.argsort(codes, kind="stable")
    return [
        Shard(level=level, cloud=cloud.take(rows))
        for level, members in _levels(codes[order])
        for rows in _runs(order[members])
    ]


def entries(
    shards: list[Shard], *, first_index: int, image_number: int | None, is_incremental: bool
) -> Iterator[ReadyShard]:
    """Encode shards and describe them for the manifest; their indexes start at `first_index`."""
    for index, shard in enumerate(shards, start=first_index):
        payloads = {encoding: encode(shard.cloud, encoding) for encoding in Encoding}
        entry = ShardEntry(
            index=index,
            level=shard.level,
            kind="incremental" if is_incremental else "reference",
            image_number=image_number,
            point_count=len(shard.cloud),
            bounds=bounds_of(shard.cloud),
            encodings=tuple(
                EncodedShard(encoding=encoding, size_bytes=len(payload), sha256=sha256(payload))
                for encoding, payload in payloads.items()
            ),
        )
        yield ReadyShard(entry=entry, payloads=payloads)


def bounds_of(cloud: PointCloud) -> Bounds:
    """The axis-aligned box around a cloud of at least one point, world units."""
    return Bounds(minimum=_vector(cloud.minimum), maximum=_vector(cloud.maximum))


def join_bounds(boxes: list[Bounds]) -> Bounds:
    """The axis-aligned box around at least one box, world units."""
    minimum = np.min([box.minimum for box in boxes], axis=0)
    maximum = np.max([box.maximum for box in boxes], axis=0)
    return Bounds(minimum=_vector(minimum), maximum=_vector(maximum))


def longest_edge(box: Bounds) -> float:
    """The longest edge of a box, world units."""
    return float(max(high - low for low, high in zip(box.minimum, box.maximum, strict=True)))


def _codes(cloud: PointCloud, edge: float) -> NDArray[np.uint64]:
    origin = cloud.minimum.astype(np.float64)
    edge = max(edge, float((cloud.maximum - origin).max())) or 1.0
    cells = (cloud.points_in_world - origin) * ((1 << _CELL_BITS) / edge)
    return morton_codes(np.clip(cells, 0, (1 << _CELL_BITS) - 1).astype(np.uint16))


def _levels(codes: NDArray[np.uint64]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Each level with its points, as positions in the sorted codes.

    A point is the first of its voxel when the voxel's bits of its code differ from those of the previous code. The first
    point of a voxel is also the first point of one of the voxel's eight parts, so finer levels add to coarser ones.
    """
    changes = np.empty_like(codes)
    changes[0] = np.iinfo(np.uint64).max
    changes[1:] = codes[1:] ^ codes[:-1]
    left = np.arange(len(codes))
    for level in range(LEVEL_COUNT):
        shift = _AXES * (_CELL_BITS - _FIRST_BITS - level)
        is_member = (changes[left] >> np.uint64(shift)) != 0
        is_last = level == LEVEL_COUNT - 1 or len(left) <= MAX_POINTS
        members = left if is_last else left[is_member]
        if len(members):
            yield level, members
        if is_last:
            return
        left = left[~is_member]
        if not len(left):
            return


def _runs(rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return np.array_split(rows, -(-len(rows) // MAX_POINTS))


def _vector(values: NDArray[np.floating]) -> Vector3:
    x, y, z = (float(value) for value in values)
    return x, y, z
