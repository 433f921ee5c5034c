"""How are the rows of a PLY file read? In pieces, only the wanted properties kept, whatever stands before and between them.

Rows without lists are read by numpy at once. Where a row has lists, its length is only known from the row itself, so such rows
are measured one after the other and their wanted numbers are then picked out by numpy.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from struct import Struct
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.lib import recfunctions
from numpy.typing import NDArray

from reconstructor.clouds.ply_errors import PlyTooLargeError, TruncatedPlyError, UnreadablePlyError
from reconstructor.clouds.ply_header import Element, Header

_STRUCT: Final = {
    order + kind: order + letter
    for order in "<>"
    for kind, letter in {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I"}.items()
}
_LEAST_ASCII_BYTES: Final = 2  # a digit and a blank
_MAX_LINE_BYTES: Final = 64 * 1024
_MAX_ROW_BYTES: Final = 1024 * 1024
_LINES_AT_ONCE: Final = 65_536
_BYTES_AT_ONCE: Final = 4 * 1024 * 1024


def least_bytes(header: Header) -> int:
    """How many bytes the rows have at least, up to the last vertex."""
    elements = [*header.before, header.vertices]
    if header.is_ascii:
        rows = sum(_LEAST_ASCII_BYTES * len(each.properties) * each.count for each in elements)
        return max(0, rows - 1)  # the last line may end without a newline
    return sum(each.count * sum(_least_size(each)) for each in elements)


def read_rows(file: BinaryIO, header: Header, wanted: Sequence[str], *, bytes_limit: int, name: str) -> NDArray[Any]:
    """Read the wanted properties of all vertices.

    Args:
        file: stands behind the header.
        header: what it said.
        wanted: names of plain properties of the vertices.
        bytes_limit: how much may be read.
        name: the file's name, for what is said of it.

    Returns:
        (N,) rows of the dtypes in the header (float32, float64, uint8 ...), one field for each wanted property; coordinates in world units.

    Raises:
        TruncatedPlyError: the file ends early, or a row does not fit the header.
        PlyTooLargeError: more than `bytes_limit`.
        UnreadablePlyError: a list of a negative or an absurd length.
    """
    if header.is_ascii:
        return _read_ascii(file, header, wanted, bytes_limit=bytes_limit, name=name)
    for element in header.before:
        if element.has_lists:
            for _ in _measured(file, element, (), bytes_limit=bytes_limit, name=name):
                pass
        else:
            file.seek(element.count * sum(_least_size(element)), 1)
    vertices = header.vertices
    if vertices.has_lists:
        parts = list(_measured(file, vertices, wanted, bytes_limit=bytes_limit, name=name))
    else:
        parts = list(_fixed(file, vertices, wanted, name=name))
    return np.concatenate(parts)


def _least_size(element: Element) -> Iterator[int]:
    """The bytes of each property in a row whose lists are empty."""
    return (np.dtype(each.count_kind or each.kind).itemsize for each in element.properties)


def _cut(name: str, announced: int, found: int) -> TruncatedPlyError:
    return TruncatedPlyError(f"{name} announces {announced} points and has {found}: it is cut")


def _fixed(file: BinaryIO, vertices: Element, wanted: Sequence[str], *, name: str) -> Iterator[NDArray[Any]]:
    row = np.dtype([(each.name, each.kind) for each in vertices.properties])
    left, rows_at_once = vertices.count, max(1, _BYTES_AT_ONCE // row.itemsize)
    while left > 0:
        rows = np.fromfile(file, row, min(left, rows_at_once))
        if not len(rows):
            raise _cut(name, vertices.count, vertices.count - left)
        yield recfunctions.repack_fields(rows[list(wanted)])
        left -= len(rows)


def _measured(
    file: BinaryIO, element: Element, wanted: Sequence[str], *, bytes_limit: int, name: str
) -> Iterator[NDArray[Any]]:
    """Rows with lists; one piece of the file after the other."""
    left, rest, used_bytes = element.count, b"", 0
    while left > 0:
        piece = file.read(_BYTES_AT_ONCE)
        if not piece:
            raise _cut(name, element.count, element.count - left)
        buffer = rest + piece
        starts, used = _measure(buffer, element, left, name)
        left -= len(starts)
        rest = buffer[used:]
        used_bytes += used
        if used_bytes > bytes_limit:
            raise PlyTooLargeError(f"{name} has more than {bytes_limit >> 10} KiB in lists: leave them out")
        if len(rest) > _MAX_ROW_BYTES:
            raise UnreadablePlyError(f"{name} has a row of more than {_MAX_ROW_BYTES >> 10} KiB: leave its lists out")
        if wanted and len(starts):
            yield _picked(buffer, np.array(starts), element, wanted)
    file.seek(-len(rest), 1)  # what belongs to the next element


def _measure(buffer: bytes, element: Element, most: int, name: str) -> tuple[list[list[int]], int]:
    """Where each property of each complete row begins, and where the last of these rows ends."""
    lengths = [Struct(_STRUCT[each.count_kind]) if each.count_kind else None for each in element.properties]
    sizes = [np.dtype(each.kind).itemsize for each in element.properties]
    steps = list(zip(sizes, lengths, strict=True))
    starts: list[list[int]] = []
    position, end = 0, len(buffer)
    while len(starts) < most:
        row, at = [], position
        for size, length_of in steps:
            row.append(at)
            if length_of is None:
                at += size
                continue
            if at + length_of.size > end:
                return starts, position
            (length,) = length_of.unpack_from(buffer, at)
            if not 0 <= length * size <= _MAX_ROW_BYTES:
                raise UnreadablePlyError(f"{name} has a list of {length} items: leave it out")
            at += length_of.size + length * size
        if at > end:
            return starts, position
        starts.append(row)
        position = at
    return starts, position


def _picked(buffer: bytes, starts: NDArray[np.intp], element: Element, wanted: Sequence[str]) -> NDArray[Any]:
    """(N,) rows of the wanted properties, whose first bytes are at `starts` (N, number of properties)."""
    content = np.frombuffer(buffer, np.uint8)
    columns = {each.name: (column, np.dtype(each.kind)) for column, each in enumerate(element.properties)}
    rows = np.empty(len(starts), [(each, columns[each][1]) for each in wanted])
    for each in wanted:
        column, kind = columns[each]
        found = content[starts[:, column, None] + np.arange(kind.itemsize)]
        rows[each] = np.ascontiguousarray(found).view(kind)[:, 0]
    return rows


def _read_ascii(file: BinaryIO, header: Header, wanted: Sequence[str], *, bytes_limit: int, name: str) -> NDArray[Any]:
    vertices = header.vertices
    lines = _rows_of_text(file, bytes_limit, name)
    for element in header.before:
        if element.properties:
            for _ in islice(lines, element.count):
                pass
    parts, left = [], vertices.count
    while left > 0:
        some = list(islice(lines, min(left, _LINES_AT_ONCE)))
        if not some:
            raise _cut(name, vertices.count, vertices.count - left)
        parts.append(_parse(some, vertices, wanted, name))
        left -= len(some)
    whole, kinds = np.concatenate(parts), {each.name: each.kind for each in vertices.properties}
    with np.errstate(invalid="ignore", over="ignore"):  # a NaN colour is black, a NaN coordinate is refused later
        values = [whole[:, column].astype(kinds[each]) for column, each in enumerate(wanted)]
    return np.rec.fromarrays(values, dtype=np.dtype([(each, kinds[each]) for each in wanted]))


def _rows_of_text(file: BinaryIO, bytes_limit: int, name: str) -> Iterator[str]:
    """The lines that are not blank."""
    left = bytes_limit
    while line := file.readline(_MAX_LINE_BYTES):
        left -= len(line)
        if left < 0:
            raise PlyTooLargeError(f"{name} has more than {bytes_limit >> 10} KiB of text: write it as binary")
        if not line.isspace():
            yield line.decode("latin-1")


def _parse(lines: list[str], vertices: Element, wanted: Sequence[str], name: str) -> NDArray[np.float64]:
    """(N, number of wanted properties) numbers."""
    width = len(vertices.properties)
    try:
        if vertices.has_lists:
            return np.array([_numbers(line.split(), vertices, wanted) for line in lines], np.float64)
        table = np.loadtxt(lines, dtype=np.float64, ndmin=2, comments=None)
    except (ValueError, IndexError) as exc:
        raise TruncatedPlyError(f"{name} has a row that is not {width} numbers: {exc}") from exc
    if table.shape != (len(lines), width):
        raise TruncatedPlyError(f"{name} has a row that is not {width} numbers")
    names = [each.name for each in vertices.properties]
    return table[:, [names.index(each) for each in wanted]]


def _numbers(words: list[str], vertices: Element, wanted: Sequence[str]) -> list[float]:
    """The wanted numbers of one row with lists; raises ValueError or IndexError when it does not fit the header."""
    found, at = {}, 0
    for each in vertices.properties:
        if each.count_kind is None:
            found[each.name] = float(words[at])
            at += 1
        else:
            length = int(words[at])
            if length < 0:
                raise ValueError(f"a list of {length} items")
            at += 1 + length
    if at != len(words):
        raise ValueError(f"{len(words)} words instead of {at}")
    return [found[each] for each in wanted]
