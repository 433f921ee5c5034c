"""Which bytes are a shard? `PointCloud` and its two encodings, `ply` and `packed`."""

import hashlib
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from broker.errors import CairnError
from broker.ids import Encoding

MAX_POINTS: Final = 16_384
PLY_BYTES_PER_POINT: Final = 15
_PLY_DTYPE: Final = np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)])
_PLY_HEADER: Final = (
    "ply\nformat binary_little_endian 1.0\nelement vertex {count}\n"
    "property float x\nproperty float y\nproperty float z\n"
    "property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n"
)
_PLY_PATTERN: Final = re.compile(
    re.escape(_PLY_HEADER.format(count="COUNT")).replace("COUNT", "([0-9]{1,10})").encode()
)
_PACKED_HEADER: Final = struct.Struct("<4sI3ff")
_PACKED_MAGIC: Final = b"CRN1"
_PLANE_COUNT: Final = 9  # x, y, z low and high bytes, red, green, blue
_STEP_COUNT: Final = 65_535
_GZIP_WBITS: Final = 31
_GZIP_LEVEL: Final = 6

Points = NDArray[np.float32]
Colors = NDArray[np.uint8]


class BadShardError(CairnError):
    """Bytes or arrays that are not a shard."""

    code = "bad_shard"
    remedy = "Fetch the shard again; if it stays so, ask for a resync."


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCloud:
    """Coloured points.

    Attributes:
        points_in_world: (N, 3) float32, finite, world units, relative to the frame's offset.
        colors_rgb: (N, 3) uint8.

    Raises:
        BadShardError: a shape, dtype or value does not fit.
    """

    points_in_world: Points
    colors_rgb: Colors

    def __post_init__(self) -> None:
        points, colors = self.points_in_world, self.colors_rgb
        if points.dtype != np.float32 or points.ndim != 2 or points.shape[1] != 3:  # noqa: PLR2004 - three axes
            raise BadShardError(f"points must be (N, 3) float32, not {points.shape} {points.dtype}")
        if colors.dtype != np.uint8 or colors.shape != points.shape:
            raise BadShardError(f"colours must be {points.shape} uint8, not {colors.shape} {colors.dtype}")
        if not np.isfinite(points).all():
            raise BadShardError("points must be finite: remove NaN and infinity")

    def __len__(self) -> int:
        return len(self.points_in_world)

    @property
    def minimum(self) -> Points:
        """(3,) lower corner of the bounds; the cloud must not be empty."""
        return np.asarray(self.points_in_world.min(axis=0))

    @property
    def maximum(self) -> Points:
        """(3,) upper corner of the bounds; the cloud must not be empty."""
        return np.asarray(self.points_in_world.max(axis=0))

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Self:
        """Take some rows: indexes (M,), a mask (N,), or a slice of the N points."""
        return type(self)(points_in_world=self.points_in_world[rows], colors_rgb=self.colors_rgb[rows])

    @classmethod
    def empty(cls) -> Self:
        """A cloud without points."""
        return cls(points_in_world=np.empty((0, 3), np.float32), colors_rgb=np.empty((0, 3), np.uint8))

    @classmethod
    def join(cls, clouds: list[Self]) -> Self:
        """One cloud of all points, in order."""
        if not clouds:
            return cls.empty()
        return cls(
            points_in_world=np.concatenate([cloud.points_in_world for cloud in clouds]),
            colors_rgb=np.concatenate([cloud.colors_rgb for cloud in clouds]),
        )


def encode(cloud: PointCloud, encoding: Encoding) -> bytes:
    """A shard's bytes in one encoding."""
    return encode_ply(cloud) if encoding is Encoding.PLY else encode_packed(cloud)


def decode(payload: bytes, encoding: Encoding) -> PointCloud:
    """The cloud of a shard's bytes.

    Raises:
        BadShardError: the bytes are not such a shard.
    """
    return decode_ply(payload) if encoding is Encoding.PLY else decode_packed(payload)


def ply_header(count: int) -> bytes:
    """The fixed header before `count` points of 15 bytes each."""
    return _PLY_HEADER.format(count=count).encode()


def encode_ply(cloud: PointCloud) -> bytes:
    """Binary little-endian PLY: float32 x y z, uchar red green blue; opens everywhere."""
    return ply_header(len(cloud)) + ply_body(cloud)


def ply_body(cloud: PointCloud) -> bytes:
    """The rows alone, to be streamed after one `ply_header` of the total."""
    rows = np.empty(len(cloud), _PLY_DTYPE)
    rows["xyz"], rows["rgb"] = cloud.points_in_world, cloud.colors_rgb
    return rows.tobytes()


def decode_ply(payload: bytes) -> PointCloud:
    """Read exactly the layout that `encode_ply` writes; foreign PLYs are the reconstructor's to read.

    Raises:
        BadShardError: another header, or not as many bytes as the header says.
    """
    found = _PLY_PATTERN.match(payload)
    if not found:
        raise BadShardError("not a PLY shard of the fixed layout")
    count, body = int(found[1]), memoryview(payload)[found.end() :]
    if len(body) != count * PLY_BYTES_PER_POINT:
        raise BadShardError(f"a PLY shard of {count} points has {len(body)} bytes of rows: it is cut or too long")
    rows = np.frombuffer(body, _PLY_DTYPE)
    return PointCloud(points_in_world=rows["xyz"].copy(), colors_rgb=rows["rgb"].copy())


def morton_codes(cells: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """Interleave (N, 3) uint16 cells to (N,) codes of 48 bits (Morton 1966), x lowest."""
    spread = cells.astype(np.uint64)
    for shift, mask in (
        (32, 0xFFFF00000000FFFF),
        (16, 0x00FF0000FF0000FF),
        (8, 0xF00F00F00F00F00F),
        (4, 0x30C30C30C30C30C3),
        (2, 0x9249249249249249),
    ):
        spread = (spread | (spread << np.uint64(shift))) & np.uint64(mask)
    codes: NDArray[np.uint64] = spread[:, 0] | (spread[:, 1] << np.uint64(1)) | (spread[:, 2] << np.uint64(2))
    return codes


def encode_packed(cloud: PointCloud) -> bytes:
    """Quantise to 16 bits of the shard's own extent, order along the Morton curve, delta, split bytes, gzip.

    Raises:
        BadShardError: empty, or more points than one shard may hold.
    """
    count = len(cloud)
    if not 0 < count <= MAX_POINTS:
        raise BadShardError(f"a packed shard holds 1 to {MAX_POINTS} points, not {count}")
    origin = cloud.minimum
    extent = float((cloud.maximum.astype(np.float64) - origin).max())
    step = np.float32(np.nextafter(np.float32(extent / _STEP_COUNT), np.float32(np.inf))) if extent else np.float32(1)
    scaled = (cloud.points_in_world.astype(np.float64) - origin) / np.float64(step)
    cells = np.clip(np.rint(scaled), 0, _STEP_COUNT).astype(np.uint16)
    order = np.argsort(morton_codes(cells), kind="stable")
    deltas = np.diff(cells[order].T.astype(np.int32), axis=1, prepend=0).astype(np.int16)
    zigzag = ((deltas << 1) ^ (deltas >> 15)).astype(np.uint16)
    tints = np.diff(cloud.colors_rgb[order].T.astype(np.int16), axis=1, prepend=0).astype(np.int8)
    zigzag_tints = ((tints << 1) ^ (tints >> 7)).astype(np.uint8)
    planes = b"".join(
        [(zigzag & 0xFF).astype(np.uint8).tobytes(), (zigzag >> 8).astype(np.uint8).tobytes(), zigzag_tints.tobytes()]
    )
    squeezer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WBITS)
    header = _PACKED_HEADER.pack(_PACKED_MAGIC, count, *(float(v) for v in origin), float(step))
    return header + squeezer.compress(planes) + squeezer.flush()


def decode_packed(payload: bytes) -> PointCloud:
    """The inverse of `encode_packed`, points in Morton order, each within half a step of where it was.

    Raises:
        BadShardError: another magic, a bad header, or planes of another length.
    """
    count, origin, step = _packed_header(payload)
    planes = _inflate(payload[_PACKED_HEADER.size :], count * _PLANE_COUNT)
    low, high, tints = planes[: 3 * count], planes[3 * count : 6 * count], planes[6 * count :]
    zigzag = (low.astype(np.uint16) | (high.astype(np.uint16) << 8)).reshape(3, count)
    deltas = (zigzag >> 1) ^ (0 - (zigzag & 1)).astype(np.uint16)
    cells = np.cumsum(deltas, axis=1, dtype=np.uint16)
    zigzag_tints = tints.reshape(3, count)
    colors = np.cumsum((zigzag_tints >> 1) ^ (0 - (zigzag_tints & 1)).astype(np.uint8), axis=1, dtype=np.uint8)
    points = origin.astype(np.float64) + cells.T.astype(np.float64) * step
    return PointCloud(points_in_world=points.astype(np.float32), colors_rgb=np.ascontiguousarray(colors.T))


def sha256(payload: bytes) -> str:
    """The digest that manifests and receipts carry."""
    return hashlib.sha256(payload).hexdigest()


def _packed_header(payload: bytes) -> tuple[int, Points, float]:
    if len(payload) < _PACKED_HEADER.size or payload[:4] != _PACKED_MAGIC:
        raise BadShardError("not a packed shard")
    _, count, *numbers, step = _PACKED_HEADER.unpack_from(payload)
    origin = np.array(numbers, np.float32)
    if not 0 < count <= MAX_POINTS or not np.isfinite(origin).all() or not (np.isfinite(step) and step > 0):
        raise BadShardError(f"a packed shard's header does not fit: {count} points, step {step}")
    return count, origin, step


def _inflate(squeezed: bytes, length: int) -> Colors:
    reader = zlib.decompressobj(_GZIP_WBITS)
    try:
        planes = reader.decompress(squeezed, length + 1)  # never more memory than the header's count allows
    except zlib.error as exc:
        raise BadShardError(f"a packed shard's planes do not unpack: {exc}") from exc
    if len(planes) != length or not reader.eof or reader.unused_data:
        raise BadShardError("a packed shard's planes have another length than its header says")
    return np.frombuffer(planes, np.uint8)
