"""What does the PLY file of a black box contain? A tolerant reader: ascii and binary, float and double, any properties.

Only coordinates and colours of each row are kept, so the memory needed does not depend on the other properties.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.lib import recfunctions
from numpy.typing import NDArray

from broker.errors import CairnError
from broker.shards import ply_header
from reconstructor.plain_files import open_plain_file

BYTES_PER_POINT: Final = 1024  # a Gaussian splat as text has about 700
_MAX_HEADER_BYTES: Final = 64 * 1024
_NUMPY_TYPE: Final = {
    "char": "i1",
    "int8": "i1",
    "uchar": "u1",
    "uint8": "u1",
    "short": "i2",
    "int16": "i2",
    "ushort": "u2",
    "uint16": "u2",
    "int": "i4",
    "int32": "i4",
    "uint": "u4",
    "uint32": "u4",
    "float": "f4",
    "float32": "f4",
    "double": "f8",
    "float64": "f8",
}
_BYTE_ORDER: Final = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "="}
_COLOR_NAMES: Final = (("red", "green", "blue"), ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"))
_SPLAT_NAMES: Final = ("f_dc_0", "f_dc_1", "f_dc_2")
_SH_DEGREE_0: Final = 0.28209479177387814  # 1 / (2 sqrt(pi)), the constant spherical harmonic
_FAR: Final = 8192.0  # from here on the steps of float32 are about 0.001
_GREY: Final = 192
_LEAST_ASCII_BYTES: Final = 2  # a digit and a blank
_MAX_LINE_BYTES: Final = 64 * 1024
_LINES_AT_ONCE: Final = 65_536
_BYTES_AT_ONCE: Final = 4 * 1024 * 1024


class UnreadablePlyError(CairnError):
    """Not a PLY, or not one with a point cloud."""

    code = "ply_unreadable"
    remedy = "Let the function write a point cloud as PLY; docs/black_box.md says which kinds are read."


class TruncatedPlyError(CairnError):
    """The file has fewer rows than the header announces."""

    code = "ply_truncated"
    remedy = "Let the function finish its file before it returns."


class EmptyPlyError(CairnError):
    """The file has no points."""

    code = "ply_empty"
    remedy = "Let the function leave a file out rather than write one without points."


class NotFinitePlyError(CairnError):
    """NaN or infinity among the coordinates."""

    code = "ply_not_finite"
    remedy = "Remove points with NaN or infinite coordinates."


class PlyTooLargeError(CairnError):
    """More points than `reconstructor.points_limit`."""

    code = "ply_too_large"
    remedy = "Write fewer points, or raise reconstructor.points_limit."


@dataclass(frozen=True, slots=True, kw_only=True)
class WideCloud:
    """Points as a black box wrote them.

    Attributes:
        points_in_world: (N, 3) float64, finite, N > 0, world units.
        colors_rgb: (N, 3) uint8; grey where the PLY has no colour.
    """

    points_in_world: NDArray[np.float64]
    colors_rgb: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.points_in_world)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    format: str
    count: int
    fields: tuple[tuple[str, str], ...]  # name and numpy type, in order

    @property
    def dtype(self) -> np.dtype[Any]:
        """One row of a binary file."""
        order = _BYTE_ORDER[self.format]
        return np.dtype([(name, order + kind) for name, kind in self.fields])

    @property
    def color_names(self) -> tuple[str, ...]:
        """The three properties that hold the colour; none if the file has no colour."""
        present = {name for name, _ in self.fields}
        return next((names for names in (*_COLOR_NAMES, _SPLAT_NAMES) if present.issuperset(names)), ())

    @property
    def kept(self) -> list[str]:
        """The properties that are read."""
        return ["x", "y", "z", *self.color_names]


def read_ply(path: Path, points_limit: int) -> WideCloud:
    """Read the vertices of a PLY; the header is checked against the file's size before memory is allocated.

    Raises:
        NotPlainFileError: a link, a pipe, a device or a folder.
        UnreadablePlyError: not a PLY with x, y and z, or it cannot be opened.
        TruncatedPlyError: the file ends early.
        EmptyPlyError: it has no vertex.
        PlyTooLargeError: it announces more vertices than `points_limit`, or more than `BYTES_PER_POINT` bytes for
            each of them.
        NotFinitePlyError: a coordinate is NaN or infinite.
    """
    try:
        with open_plain_file(path) as file:
            header = _read_header(file, path.name)
            _check_size(header, os.fstat(file.fileno()).st_size - file.tell(), points_limit, path.name)
            read = _read_ascii if header.format == "ascii" else _read_binary
            rows = read(file, header, points_limit, path.name)
    except OSError as exc:
        raise UnreadablePlyError(f"{path.name} cannot be read: {exc.strerror}") from exc
    points = np.stack([rows[axis].astype(np.float64) for axis in "xyz"], axis=1)
    if not np.isfinite(points).all():
        raise NotFinitePlyError(f"{path.name} has coordinates that are NaN or infinite: leave those points out")
    return WideCloud(points_in_world=points, colors_rgb=_colors(rows, header.color_names))


def write_ply(cloud: WideCloud, path: Path) -> None:
    """Write a binary PLY atomically; with float64 if a coordinate is too large for float32."""
    is_far = bool(np.abs(cloud.points_in_world).max() >= _FAR)
    rows = np.empty(len(cloud), [("xyz", "<f8" if is_far else "<f4", 3), ("rgb", "u1", 3)])
    rows["xyz"], rows["rgb"] = cloud.points_in_world, cloud.colors_rgb
    header = ply_header(len(cloud))
    unfinished = path.with_name(f"{path.name}.tmp")
    with unfinished.open("wb") as file:
        file.write(header.replace(b"float", b"double") if is_far else header)
        file.write(rows.tobytes())
    unfinished.replace(path)


def _read_header(file: BinaryIO, name: str) -> _Header:
    lines = list(_header_lines(file, name))
    if not lines or lines[0] != ["ply"]:
        raise UnreadablePlyError(f"{name} does not begin with 'ply'")
    form = next((words[1] for words in lines if words[0] == "format" and len(words) > 1), "")
    if form not in _BYTE_ORDER:
        raise UnreadablePlyError(f"{name} has the unknown format {form[:40]!r}")
    body = [words for words in lines if words[0] in {"element", "property"}]
    if not body or body[0][:2] != ["element", "vertex"]:
        raise UnreadablePlyError(f"{name} must have its vertices first")
    count = body[0][2] if len(body[0]) == 3 and body[0][2].isdecimal() else ""  # noqa: PLR2004 - element vertex N
    if not count:
        raise UnreadablePlyError(f"{name} does not say how many vertices it has")
    return _Header(format=form, count=int(count), fields=tuple(_vertex_fields(body[1:], name)))


def _header_lines(file: BinaryIO, name: str) -> Iterator[list[str]]:
    left = _MAX_HEADER_BYTES
    while left > 0:
        line = file.readline(left)
        left -= len(line)
        words = line.decode("latin-1").split()
        if words == ["end_header"]:
            return
        if not line:
            break
        if words:
            yield words
    raise UnreadablePlyError(f"{name} has no end of header")


def _vertex_fields(body: list[list[str]], name: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for words in body:
        if words[0] == "element":
            break
        if len(words) != 3 or words[1] not in _NUMPY_TYPE or words[2] in seen:  # noqa: PLR2004 - property type name
            raise UnreadablePlyError(f"{name} has a vertex property that is no plain number: {' '.join(words)[:80]}")
        seen.add(words[2])
        yield words[2], _NUMPY_TYPE[words[1]]
    if not seen >= {"x", "y", "z"}:
        raise UnreadablePlyError(f"{name} has vertices without x, y and z")


def _check_size(header: _Header, body_bytes: int, points_limit: int, name: str) -> None:
    if header.count == 0:
        raise EmptyPlyError(f"{name} has no points: write no file when there are none")
    if header.count > points_limit:
        raise PlyTooLargeError(f"{name} announces {header.count} points, {points_limit} are taken: thin the cloud")
    is_ascii = header.format == "ascii"
    row_bytes = _LEAST_ASCII_BYTES * len(header.fields) if is_ascii else header.dtype.itemsize
    needed = header.count * row_bytes - is_ascii  # the last line may end without a newline
    if needed > points_limit * BYTES_PER_POINT:
        raise PlyTooLargeError(f"{name} has {needed >> 10} KiB in {header.count} points: leave other properties out")
    if body_bytes < needed:
        raise TruncatedPlyError(f"{name} announces {header.count} points and has {body_bytes} bytes: it is cut")


def _read_binary(file: BinaryIO, header: _Header, points_limit: int, name: str) -> NDArray[Any]:
    del points_limit  # the header's count was checked before
    parts, left = [], header.count
    rows_at_once = max(1, _BYTES_AT_ONCE // header.dtype.itemsize)
    while left > 0:
        rows = np.fromfile(file, header.dtype, min(left, rows_at_once))
        if not len(rows):
            raise TruncatedPlyError(f"{name} announces {header.count} points and has {header.count - left}: it is cut")
        parts.append(recfunctions.repack_fields(rows[header.kept]))
        left -= len(rows)
    return np.concatenate(parts)


def _read_ascii(file: BinaryIO, header: _Header, points_limit: int, name: str) -> NDArray[Any]:
    column_by_name = {each: column for column, (each, _) in enumerate(header.fields)}
    columns = [column_by_name[each] for each in header.kept]
    parts, left = [], header.count
    lines = _rows_of_text(file, points_limit * BYTES_PER_POINT, name)
    while left > 0:
        table = _parse(list(islice(lines, min(left, _LINES_AT_ONCE))), len(header.fields), name)
        if not len(table):
            raise TruncatedPlyError(f"{name} announces {header.count} points and has {header.count - left}: it is cut")
        parts.append(table[:, columns])
        left -= len(table)
    whole, kinds = np.concatenate(parts), dict(header.fields)
    with np.errstate(invalid="ignore", over="ignore"):  # a NaN colour is black, a NaN coordinate is refused later
        values = [whole[:, column].astype(kinds[each]) for column, each in enumerate(header.kept)]
    return np.rec.fromarrays(values, dtype=np.dtype([(each, kinds[each]) for each in header.kept]))


def _rows_of_text(file: BinaryIO, bytes_limit: int, name: str) -> Iterator[str]:
    """The lines that are not blank."""
    left = bytes_limit
    while line := file.readline(_MAX_LINE_BYTES):
        left -= len(line)
        if left < 0:
            raise PlyTooLargeError(f"{name} has more than {bytes_limit >> 10} KiB of text: write it as binary")
        if not line.isspace():
            yield line.decode("latin-1")


def _parse(lines: list[str], width: int, name: str) -> NDArray[np.float64]:
    """(N, width) numbers; raises TruncatedPlyError."""
    if not lines:
        return np.empty((0, width))
    try:
        table = np.loadtxt(lines, dtype=np.float64, ndmin=2, comments=None)
    except ValueError as exc:
        raise TruncatedPlyError(f"{name} has a row that is not {width} numbers: {exc}") from exc
    if table.shape != (len(lines), width):
        raise TruncatedPlyError(f"{name} has a row that is not {width} numbers")
    return table


def _colors(rows: NDArray[Any], names: tuple[str, ...]) -> NDArray[np.uint8]:
    if not names:
        return np.full((len(rows), 3), _GREY, np.uint8)
    raw = np.stack([rows[name] for name in names], axis=1)
    if names == _SPLAT_NAMES:  # a Gaussian splat: the constant part of its colour, without the view-dependent part
        raw = 0.5 + _SH_DEGREE_0 * raw.astype(np.float64)
    if raw.dtype.kind == "f":  # 0 … 1
        raw = np.rint(np.clip(np.nan_to_num(raw), 0, 1) * 255)
    elif raw.dtype.itemsize == 2:  # noqa: PLR2004 - 16 bits a channel
        raw = raw.astype(np.uint16) >> 8
    colors: NDArray[np.uint8] = np.clip(raw, 0, 255).astype(np.uint8)
    return colors
