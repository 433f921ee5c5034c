"""What does a coverage grid look like in bytes? Keys of cells as varint differences, a score and a count of views each."""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broker.errors import CairnError

MAGIC: Final = b"CVG1"
MOST_BYTES: Final = 512 * 1024
MOST_CELLS: Final = 200_000
_HEADER: Final = struct.Struct("<4sI3dd3H")  # magic, cells, origin, side, shape
_DEGREES_A_STEP: Final = 4.0


class BadCoverageError(CairnError):
    """Bytes that are not a coverage grid."""

    code = "bad_coverage"
    remedy = "Ask the reconstructor for the coverage again; if it goes on, report it."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverageGrid:
    """Cells with what is known of each, in the order of their index.

    Attributes:
        origin: (3,) float64, a corner of the first cell, world units; side: a cell's width; shape: cells along x, y, z.
        cells: (C,) int64 flat index, x slowest.
        scores: (C,) uint8, 0 for a hole, else 1 (bad) to 255.
        views: (C,) uint8, photographs that agree, at most 15.
        angles: (C,) uint8, the widest angle between two of them in steps of 4 degrees, at most 15.
    """

    origin: NDArray[np.float64]
    side: float
    shape: tuple[int, int, int]
    cells: NDArray[np.int64]
    scores: NDArray[np.uint8]
    views: NDArray[np.uint8]
    angles: NDArray[np.uint8]


def pack(grid: CoverageGrid) -> bytes:
    """The grid's bytes: a header, then deflated columns."""
    header = _HEADER.pack(MAGIC, len(grid.cells), *map(float, grid.origin), grid.side, *grid.shape)
    differences = np.diff(grid.cells, prepend=0)
    seen = (np.minimum(grid.views, 15) << 4) | np.minimum(grid.angles, 15)
    columns = _varints(differences) + grid.scores.tobytes() + seen.astype(np.uint8).tobytes()
    return header + zlib.compress(columns, 6)


def unpack(payload: bytes) -> CoverageGrid:
    """The grid of `pack`'s bytes.

    Raises:
        BadCoverageError: the bytes are not such a grid, or larger than one may be.
    """
    if len(payload) > MOST_BYTES or len(payload) < _HEADER.size or payload[:4] != MAGIC:
        raise BadCoverageError("not a coverage grid")
    _, count, x, y, z, side, *shape = _HEADER.unpack_from(payload)
    if count > MOST_CELLS or not (side > 0 and np.isfinite([x, y, z, side]).all()):
        raise BadCoverageError("a coverage grid with impossible figures")
    decompressor = zlib.decompressobj()
    try:
        columns = decompressor.decompress(payload[_HEADER.size :], MOST_CELLS * 12)
    except zlib.error as error:
        raise BadCoverageError("a damaged coverage grid") from error
    bytes_ = np.frombuffer(columns, np.uint8)
    if len(bytes_) < 3 * count:
        raise BadCoverageError("a coverage grid that ends too early")
    cells = np.cumsum(_from_varints(bytes_[: len(bytes_) - 2 * count], count))
    if count and (cells[-1] >= int(np.prod(shape, dtype=np.int64)) or (np.diff(cells) <= 0).any()):
        raise BadCoverageError("a coverage grid with cells outside")
    scores, seen = bytes_[-2 * count : -count] if count else bytes_[:0], bytes_[-count:] if count else bytes_[:0]
    return CoverageGrid(
        origin=np.array([x, y, z]),
        side=side,
        shape=(shape[0], shape[1], shape[2]),
        cells=cells,
        scores=scores,
        views=(seen >> 4).astype(np.uint8),
        angles=(seen & 15).astype(np.uint8),
    )


def _varints(values: NDArray[np.int64]) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    out = bytearray()
    for value in values.tolist():
        rest = value
        while rest >= 128:  # noqa: PLR2004
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)
    return bytes(out)


def _from_varints(data: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    ends = np.flatnonzero(data < 128)  # noqa: PLR2004
    if len(ends) != count or (count and ends[-1] != len(data) - 1):
        raise BadCoverageError("a coverage grid whose cells do not fit their number")
    starts = np.concatenate([[0], ends[:-1] + 1]) if count else np.zeros(0, np.int64)
    if count and (ends - starts).max() > 4:  # noqa: PLR2004 - 32 bits are enough for any grid
        raise BadCoverageError("a coverage grid with a cell number of more than five bytes")
    place = np.arange(len(data)) - np.repeat(starts, np.diff(np.append(starts, len(data)))) if count else np.zeros(0)
    parts = (data & 127).astype(np.int64) << (7 * place).astype(np.int64)
    return np.asarray(np.add.reduceat(parts, starts) if count else np.zeros(0, np.int64))
