"""Foreign PLYs: what is read, and what is refused with which code."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from broker.errors import CairnError
from broker.shards import PointCloud, encode_ply
from reconstructor.clouds.ply import (
    EmptyPlyError,
    NotFinitePlyError,
    PlyTooLargeError,
    TruncatedPlyError,
    UnreadablePlyError,
    read_ply,
)

POINTS = np.array([[0.5, -1.25, 3.0], [2.0, 4.0, -8.0], [1e-3, 0.0, 7.0]])
COLORS = np.array([[255, 0, 10], [1, 2, 3], [200, 100, 50]], np.uint8)
LIMIT = 1000


def write(tmp_path: Path, header: str, body: bytes) -> Path:
    path = tmp_path / "cloud.ply"
    path.write_bytes(f"ply\n{header}end_header\n".encode() + body)
    return path


def header(form: str, properties: str, count: int = 3) -> str:
    lines = "".join(f"property {each}\n" for each in properties.split(", "))
    return f"format {form} 1.0\nelement vertex {count}\n{lines}"


@pytest.mark.parametrize(("form", "order"), [("binary_little_endian", "<"), ("binary_big_endian", ">")])
@pytest.mark.parametrize(("word", "size"), [("float", "f4"), ("float32", "f4"), ("double", "f8"), ("float64", "f8")])
def test_binary_of_either_byte_order_and_precision_is_read(
    tmp_path: Path, form: str, order: str, word: str, size: str
) -> None:
    body = POINTS.astype(order + size).tobytes()
    cloud = read_ply(write(tmp_path, header(form, f"{word} x, {word} y, {word} z"), body), LIMIT)
    np.testing.assert_allclose(cloud.points_in_world, POINTS, rtol=1e-7)
    assert (cloud.colors_rgb == cloud.colors_rgb[0, 0]).all()


def test_ascii_with_normals_colours_and_faces_behind_is_read(tmp_path: Path) -> None:
    rows = "".join(f"{x} {y} {z} 0 0 1 {r} {g} {b}\n" for (x, y, z), (r, g, b) in zip(POINTS, COLORS, strict=True))
    properties = "float x, float y, float z, float nx, float ny, float nz, uchar red, uchar green, uchar blue"
    faces = "element face 1\nproperty list uchar int vertex_indices\n"
    path = write(tmp_path, header("ascii", properties) + faces, f"{rows}3 0 1 2\n".encode())
    cloud = read_ply(path, LIMIT)
    np.testing.assert_allclose(cloud.points_in_world, POINTS)
    np.testing.assert_array_equal(cloud.colors_rgb, COLORS)


def test_our_own_shards_are_read_back(tmp_path: Path) -> None:
    cloud = PointCloud(points_in_world=POINTS.astype(np.float32), colors_rgb=COLORS)
    path = tmp_path / "shard.ply"
    path.write_bytes(encode_ply(cloud))
    np.testing.assert_array_equal(read_ply(path, LIMIT).colors_rgb, COLORS)


@pytest.mark.parametrize(
    ("word", "dtype", "scale"), [("float", "<f4", 1 / 255), ("ushort", "<u2", 256), ("int", "<i4", 1)]
)
def test_colours_of_other_types_become_bytes(tmp_path: Path, word: str, dtype: str, scale: float) -> None:
    layout = np.dtype([("xyz", "<f4", 3), ("rgb", dtype, 3)])
    rows: NDArray[np.void] = np.zeros(3, layout)
    rows["xyz"], rows["rgb"] = POINTS, COLORS.astype(np.float64) * scale
    properties = f"float x, float y, float z, {word} r, {word} g, {word} b"
    path = write(tmp_path, header("binary_little_endian", properties), rows.tobytes())
    np.testing.assert_array_equal(read_ply(path, LIMIT).colors_rgb, COLORS)


XYZ = "float x, float y, float z"
BINARY = "binary_little_endian"


@pytest.mark.parametrize(
    ("head", "body", "error"),
    [
        (header(BINARY, XYZ), b"\0" * 35, TruncatedPlyError),
        (header(BINARY, XYZ, count=4_000_000_000), b"\0" * 36, PlyTooLargeError),
        (header(BINARY, XYZ, count=900), b"\0" * 36, TruncatedPlyError),
        (header(BINARY, XYZ, count=0), b"", EmptyPlyError),
        (header(BINARY, XYZ), b"\xff" * 36, NotFinitePlyError),
        (header(BINARY, XYZ), np.full(9, np.inf, "<f4").tobytes(), NotFinitePlyError),
        (header("ascii", XYZ), b"1 2 3\n4 5 6\n", TruncatedPlyError),
        (header("ascii", XYZ), b"1 2 3\n4 5 6\n7 eight 9\n", TruncatedPlyError),
        (header("ascii", XYZ), b"1 2 3\n4 5\n7 8 9 0000\n", TruncatedPlyError),
        (header("ascii", XYZ), b"nan nan nan\n" * 3, NotFinitePlyError),
        (header(BINARY, "float x, float y"), b"\0" * 36, UnreadablePlyError),
        (header(BINARY, "float x, float y, float y"), b"\0" * 36, UnreadablePlyError),
        (header(BINARY, "list uchar int x, float y, float z"), b"\0" * 36, UnreadablePlyError),
        (header(BINARY, "float128 x, float y, float z"), b"\0" * 36, UnreadablePlyError),
        (header("morse", XYZ), b"\0" * 36, UnreadablePlyError),
        ("format ascii 1.0\nelement face 3\nelement vertex 3\n", b"", UnreadablePlyError),
        (header(BINARY, XYZ).replace("vertex 3", "vertex -3"), b"\0" * 36, UnreadablePlyError),
        ("", b"", UnreadablePlyError),
    ],
)
def test_what_is_no_cloud_is_refused_with_its_code(
    tmp_path: Path, head: str, body: bytes, error: type[CairnError]
) -> None:
    with pytest.raises(error) as caught:
        read_ply(write(tmp_path, head, body), LIMIT)
    assert caught.value.code == error.code


@pytest.mark.parametrize("payload", [b"", b"plymouth\n", b"ply\n", b"ply\n" + b"x" * 200_000, b"\x89PNG\r\n"])
def test_what_is_no_ply_is_refused_before_much_is_read(tmp_path: Path, payload: bytes) -> None:
    path = tmp_path / "cloud.ply"
    path.write_bytes(payload)
    with pytest.raises(UnreadablePlyError):
        read_ply(path, LIMIT)


def test_a_folder_called_ply_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "cloud.ply").mkdir()
    with pytest.raises(UnreadablePlyError, match="cannot be read"):
        read_ply(tmp_path / "cloud.ply", LIMIT)
