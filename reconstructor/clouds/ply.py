"""What does the PLY file of a black box contain? A tolerant reader: ascii and binary, any properties, lists and elements.

Only coordinates and colours of each row are kept, so the memory needed does not depend on the other properties.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from broker.shards import ply_header
from reconstructor.clouds.ply_errors import (
    EmptyPlyError,
    NotFinitePlyError,
    PlyTooLargeError,
    TruncatedPlyError,
    UnreadablePlyError,
)
from reconstructor.clouds.ply_header import Element, Header, read_header
from reconstructor.clouds.ply_rows import least_bytes, read_rows
from reconstructor.plain_files import open_plain_file

BYTES_PER_POINT: Final = 1024  # a Gaussian splat as text has about 700
_COLOR_NAMES: Final = (("red", "green", "blue"), ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"))
_SPLAT_NAMES: Final = ("f_dc_0", "f_dc_1", "f_dc_2")
_SH_DEGREE_0: Final = 0.28209479177387814  # 1 / (2 sqrt(pi)), the constant spherical harmonic
_FAR: Final = 8192.0  # from here on the steps of float32 are about 0.001
_GREY: Final = 192
_BYTE: Final = 255.0
_TWO_BYTES: Final = 65_535.0


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
            header = read_header(file, path.name)
            _check_size(header, os.fstat(file.fileno()).st_size - file.tell(), points_limit, path.name)
            color_names = _color_names(header.vertices)
            wanted, bytes_limit = ["x", "y", "z", *color_names], points_limit * BYTES_PER_POINT
            rows = read_rows(file, header, wanted, bytes_limit=bytes_limit, name=path.name)
    except OSError as exc:
        raise UnreadablePlyError(f"{path.name} cannot be read: {exc.strerror}") from exc
    points = np.stack([rows[axis].astype(np.float64) for axis in "xyz"], axis=1)
    if not np.isfinite(points).all():
        raise NotFinitePlyError(f"{path.name} has coordinates that are NaN or infinite: leave those points out")
    return WideCloud(points_in_world=points, colors_rgb=_colors(rows, color_names))


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


def _color_names(vertices: Element) -> tuple[str, ...]:
    """The three properties that hold the colour; none if the file has no colour."""
    present = {each.name for each in vertices.properties if each.count_kind is None}
    return next((names for names in (*_COLOR_NAMES, _SPLAT_NAMES) if present.issuperset(names)), ())


def _check_size(header: Header, body_bytes: int, points_limit: int, name: str) -> None:
    count = header.vertices.count
    if count == 0:
        raise EmptyPlyError(f"{name} has no points: write no file when there are none")
    if count > points_limit:
        raise PlyTooLargeError(f"{name} announces {count} points, {points_limit} are taken: thin the cloud")
    needed = least_bytes(header)
    if needed > points_limit * BYTES_PER_POINT:
        raise PlyTooLargeError(f"{name} has {needed >> 10} KiB in {count} points: leave other properties out")
    if body_bytes < needed:
        raise TruncatedPlyError(f"{name} announces {count} points and has {body_bytes} bytes: it is cut")


def _colors(rows: NDArray[Any], names: tuple[str, ...]) -> NDArray[np.uint8]:
    """(N, 3) bytes from numbers of any type: from 0 … 1, from 0 … 255, or from 16 bits, as their largest value says."""
    if not names:
        return np.full((len(rows), 3), _GREY, np.uint8)
    raw = np.stack([rows[name] for name in names], axis=1).astype(np.float64)
    raw[~np.isfinite(raw)] = 0.0  # one infinite value must not say how all others are meant
    is_whole = all(rows.dtype[name].kind in "iu" for name in names)
    if names == _SPLAT_NAMES:  # a Gaussian splat: the constant part of its colour, without the view-dependent part
        raw, largest = 0.5 + _SH_DEGREE_0 * raw, 1.0
    elif not is_whole and raw.max() <= 1:
        largest = 1.0
    else:
        largest = _BYTE if raw.max() <= _BYTE else _TWO_BYTES
    colors: NDArray[np.uint8] = np.rint(np.clip(raw / largest, 0, 1) * _BYTE).astype(np.uint8)
    return colors
