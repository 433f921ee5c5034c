"""Which bytes are a grid of coverage? Cells with a score each: a header, then gzip of byte planes."""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broker.coverage.messages import MOST_GRID_BYTES
from broker.errors import CairnError

MOST_CELLS: Final = 200_000
_MAGIC: Final = b"CVG1"
_HEADER: Final = struct.Struct("<4sI3dd3HBx")  # magic, cells, origin, side, shape, whether the cloud is a surface
_PLANE_COUNT: Final = 7  # four of the cell's difference, lowest byte first; score, photographs, degrees
HOLE_SCORE: Final = 0
_GZIP_WBITS: Final = 31
_GZIP_LEVEL: Final = 6


class BadCoverageError(CairnError):
    """Bytes that are not a grid of coverage."""

    code = "bad_coverage"
    remedy = "The next photograph brings a new one; if it stays so, restart the reconstructor."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverageGrid:
    """Cells with what is known of each, in the order of their index.

    Attributes:
        origin: (3,) float64, a corner of the first cell, world units.
        side: a cell's width, world units.
        shape: cells along x, y, z.
        is_dense: whether the cloud is a surface; else the scores say nothing, and no cell is a hole.
        cells: (C,) int64 flat index, x slowest, ascending.
        scores: (C,) uint8, `HOLE_SCORE` for a hole, else from 1 (bad) to 255.
        views: (C,) uint8, photographs that agree on the cell.
        angles_deg: (C,) uint8, the widest angle between two of them.
    """

    origin: NDArray[np.float64]
    side: float
    shape: tuple[int, int, int]
    is_dense: bool
    cells: NDArray[np.int64]
    scores: NDArray[np.uint8]
    views: NDArray[np.uint8]
    angles_deg: NDArray[np.uint8]


def pack(grid: CoverageGrid) -> bytes:
    """The grid's bytes.

    Raises:
        BadCoverageError: more cells or bytes than one may have.
    """
    count = len(grid.cells)
    header = _HEADER.pack(_MAGIC, count, *map(float, grid.origin), grid.side, *grid.shape, grid.is_dense)
    differences = np.diff(grid.cells, prepend=0).astype("<u4").view(np.uint8).reshape(count, 4)
    planes = [*differences.T, grid.scores, grid.views, grid.angles_deg]
    packer = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WBITS)
    payload = header + packer.compress(b"".join(plane.tobytes() for plane in planes)) + packer.flush()
    if count > MOST_CELLS or len(payload) > MOST_GRID_BYTES:
        raise BadCoverageError(f"a grid of {count} cells takes {len(payload)} bytes: {MOST_GRID_BYTES} are allowed")
    return payload


def unpack(payload: bytes) -> CoverageGrid:
    """The grid of `pack`'s bytes.

    Raises:
        BadCoverageError: the bytes are not such a grid, or larger than one may be.
    """
    if not _HEADER.size <= len(payload) <= MOST_GRID_BYTES or payload[:4] != _MAGIC:
        raise BadCoverageError("not a grid of coverage")
    _, count, x, y, z, side, *shape, is_dense = _HEADER.unpack_from(payload)
    if count > MOST_CELLS or not (side > 0 and np.isfinite([x, y, z, side]).all()):
        raise BadCoverageError("a grid of coverage whose header does not fit")
    planes = _inflated(payload[_HEADER.size :], count * _PLANE_COUNT).reshape(_PLANE_COUNT, count)
    differences = np.ascontiguousarray(planes[:4].T).view("<u4").ravel()
    cells = np.cumsum(differences, dtype=np.int64)
    if count and (cells[-1] >= np.prod(shape, dtype=np.int64) or (differences[1:] == 0).any()):
        raise BadCoverageError("a grid of coverage with cells outside of it or twice")
    return CoverageGrid(
        origin=np.array([x, y, z]),
        side=side,
        shape=(shape[0], shape[1], shape[2]),
        is_dense=bool(is_dense),
        cells=cells,
        scores=planes[4],
        views=planes[5],
        angles_deg=planes[6],
    )


def _inflated(squeezed: bytes, length: int) -> NDArray[np.uint8]:
    """Exactly this many bytes; a longer stream is not unpacked further, so that memory stays bounded."""
    unpacker = zlib.decompressobj(wbits=_GZIP_WBITS)
    try:
        planes = unpacker.decompress(squeezed, length + 1)
    except zlib.error as exc:
        raise BadCoverageError(f"a grid of coverage that does not unpack: {exc}") from exc
    if len(planes) != length or not unpacker.eof:
        raise BadCoverageError("a grid of coverage of another length than it says")
    return np.frombuffer(planes, np.uint8)
