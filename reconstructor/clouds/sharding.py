"""Which points form one shard? Additive voxel levels of detail, each cut along the Morton curve into equal runs. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broker.envelope import Vector3
from broker.ids import Encoding
from broker.manifest import EncodedShard, ShardEntry
from broker.messages import Bounds
from broker.shards import MAX_POINTS, PointCloud, encode, morton_codes, sha256

LEVEL_COUNT: Final = 10
_CELL_BITS: Final = 16  # cells of the finest grid along an axis, as a power of two
_FIRST_BITS: Final = (6, 5, 4, 3)  # of level 0's grid along an axis: 64 cells, or 32, 16, 8
_FIRST_POINTS: Final = 8192  # about 55 kB packed: the whole object is visible soon, on a slow link, too
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


def cut(cloud: PointCloud, edge: float = 0.0) -> list[Shard]:
    """Cut a cloud into shards, coarse to fine; without the last shards it is a correct, coarser cloud.

    Level 0 holds the first point of each occupied voxel of a 64 x 64 x 64 grid, or of a coarser grid if these are more
    than 8,192. Level 1 holds the first point of each voxel of a grid twice as fine that has none yet, and so on; the last
    level takes all remaining points. When these fit into one shard there is no finer level; level 0 is the last one only
    with at most 8,192 points.

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
    shards: list[Shard], *, first_index: int, image_number: int | None = None, component: int = 0
) -> Iterator[ReadyShard]:
    """Encode shards and describe them for the manifest; their indexes start at `first_index`.

    Args:
        shards: as `cut` returns them.
        first_index: the first index.
        image_number: the image whose increment they are; None for a complete reference set.
        component: the component in whose frame the points lie.
    """
    for index, shard in enumerate(shards, start=first_index):
        payloads = {encoding: encode(shard.cloud, encoding) for encoding in Encoding}
        entry = ShardEntry(
            index=index,
            level=shard.level,
            kind="reference" if image_number is None else "incremental",
            image_number=image_number,
            component=component,
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
    first_bits = _first_bits(changes)
    for level in range(LEVEL_COUNT):
        is_member = _is_first(changes[left], first_bits + level)
        is_last = level == LEVEL_COUNT - 1 or len(left) <= (MAX_POINTS if level else _FIRST_POINTS)
        members = left if is_last else left[is_member]
        if len(members):
            yield level, members
        if is_last:
            return
        left = left[~is_member]
        if not len(left):
            return


def _first_bits(changes: NDArray[np.uint64]) -> int:
    """The bits of level 0's grid: the finest one, at most 64 x 64 x 64, with at most `_FIRST_POINTS` points."""
    fits = (bits for bits in _FIRST_BITS if np.count_nonzero(_is_first(changes, bits)) <= _FIRST_POINTS)
    return next(fits, _FIRST_BITS[-1])


def _is_first(changes: NDArray[np.uint64], bits: int) -> NDArray[np.bool_]:
    return np.asarray((changes >> np.uint64(_AXES * (_CELL_BITS - bits))) != 0)


def _runs(rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return np.array_split(rows, -(-len(rows) // MAX_POINTS))


def _vector(values: NDArray[np.floating]) -> Vector3:
    x, y, z = (float(value) for value in values)
    return x, y, z
