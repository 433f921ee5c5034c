"""Foreign PLYs: what is read, and what is refused with which code."""

import os
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from broker.errors import CairnError
from broker.shards import PointCloud, encode_ply
from reconstructor.clouds.ply import read_ply
from reconstructor.clouds.ply_errors import (
    EmptyPlyError,
    NotFinitePlyError,
    PlyTooLargeError,
    TruncatedPlyError,
    UnreadablePlyError,
)
from reconstructor.plain_files import NotPlainFileError

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
    ("word", "dtype", "scale"),
    [
        ("float", "<f4", 1 / 255),
        ("float", "<f4", 1),
        ("double", "<f8", 1 / 255),
        ("uchar", "<u1", 1),
        ("ushort", "<u2", 257),
        ("ushort", "<u2", 1),
        ("int", "<i4", 1),
        ("uint", "<u4", 257),
    ],
)
def test_colours_of_other_types_become_bytes(tmp_path: Path, word: str, dtype: str, scale: float) -> None:
    layout = np.dtype([("xyz", "<f4", 3), ("rgb", dtype, 3)])
    rows: NDArray[np.void] = np.zeros(3, layout)
    rows["xyz"], rows["rgb"] = POINTS, COLORS.astype(np.float64) * scale
    properties = f"float x, float y, float z, {word} r, {word} g, {word} b"
    path = write(tmp_path, header("binary_little_endian", properties), rows.tobytes())
    np.testing.assert_array_equal(read_ply(path, LIMIT).colors_rgb, COLORS)


FORMS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": ""}


def row(form: str, *values: tuple[str, ArrayLike]) -> bytes:
    """One row: kinds as numpy names them, and numbers or lists of numbers."""
    if form == "ascii":
        return (" ".join(str(each) for _, value in values for each in np.ravel(value)) + "\n").encode()
    return b"".join(np.asarray(value, FORMS[form] + kind).tobytes() for kind, value in values)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ["behind", "between", "in front"])
def test_lists_of_vertices_are_passed_over(tmp_path: Path, form: str, place: str) -> None:
    views = [[], [4, 5, 6], [7]]
    body = b""
    for point, color, view in zip(POINTS, COLORS, views, strict=True):
        ids = (("u1", len(view)), ("u4", view))
        xyz, rgb = ("f4", point), ("u1", color)
        body += row(
            form, *{"behind": (xyz, rgb, *ids), "between": (xyz, *ids, rgb), "in front": (*ids, xyz, rgb)}[place]
        )
    colors, ids_word = "uchar red, uchar green, uchar blue", "list uchar uint view_indices"
    properties = {
        "behind": f"{XYZ}, {colors}, {ids_word}",
        "between": f"{XYZ}, {ids_word}, {colors}",
        "in front": f"{ids_word}, {XYZ}, {colors}",
    }[place]
    faces = "element face 2\nproperty list uchar int vertex_indices\n"
    cloud = read_ply(write(tmp_path, header(form, properties) + faces, body + b"\x03garbage behind"), LIMIT)
    np.testing.assert_allclose(cloud.points_in_world, POINTS, rtol=1e-7)
    np.testing.assert_array_equal(cloud.colors_rgb, COLORS)


@pytest.mark.parametrize("form", FORMS)
def test_elements_before_the_vertices_are_passed_over(tmp_path: Path, form: str) -> None:
    head = (
        f"format {form} 1.0\nelement camera 2\nproperty float focal\nproperty int id\n"
        "element face 2\nproperty list uchar int vertex_indices\nelement nothing 3\n"
        f"element vertex 3\n" + "".join(f"property {each}\n" for each in XYZ.split(", "))
    )
    body = row(form, ("f4", 1.5), ("i4", 1)) + row(form, ("f4", 2.5), ("i4", 2))
    body += row(form, ("u1", 3), ("i4", [0, 1, 2])) + row(form, ("u1", 4), ("i4", [0, 1, 2, 0]))
    body += b"".join(row(form, ("f4", point)) for point in POINTS)
    cloud = read_ply(write(tmp_path, head, body), LIMIT)
    np.testing.assert_allclose(cloud.points_in_world, POINTS, rtol=1e-7)


def test_rows_with_lists_are_read_across_the_pieces_of_a_large_file(tmp_path: Path) -> None:
    count = 300_000
    layout = np.dtype([("xyz", "<f4", 3), ("length", "u1"), ("ids", "<u4", 2)])
    rows: NDArray[np.void] = np.zeros(count, layout)
    rows["xyz"][:, 0], rows["length"] = np.arange(count), 2
    path = write(tmp_path, header(BINARY, f"{XYZ}, list uchar uint ids", count), rows.tobytes())
    np.testing.assert_array_equal(read_ply(path, count).points_in_world[:, 0], np.arange(count))


XYZ = "float x, float y, float z"
BINARY = "binary_little_endian"
POINT_LINES = "element vertex 3\nproperty float x\nproperty float y\nproperty float z\n"


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
        (header(BINARY, f"{XYZ}, list float int ids"), b"\0" * 48, UnreadablePlyError),
        (header(BINARY, f"{XYZ}, list char int ids"), b"\xff" * 60, UnreadablePlyError),
        (header(BINARY, f"{XYZ}, list uint int ids"), b"\xff" * 60, UnreadablePlyError),
        (header(BINARY, f"{XYZ}, list uchar int ids"), b"\0" * 38, TruncatedPlyError),
        (header(BINARY, f"{XYZ}, list uchar int ids"), b"\0" * 37 + b"\x09", TruncatedPlyError),
        (header("ascii", f"{XYZ}, list uchar int ids"), b"1 2 3 1 7\n4 5 6 2 7\n7 8 9 0\n", TruncatedPlyError),
        (header("ascii", f"{XYZ}, list uchar int ids"), b"1 2 3 -1\n" * 3, TruncatedPlyError),
        (header(BINARY, "float128 x, float y, float z"), b"\0" * 36, UnreadablePlyError),
        (header("morse", XYZ), b"\0" * 36, UnreadablePlyError),
        ("format ascii 1.0\nelement face 3\nelement vertex 3\n", b"", UnreadablePlyError),
        ("format ascii 1.0\nelement face 3\n", b"", UnreadablePlyError),
        (f"format {BINARY} 1.0\nelement pad 4000000000\nproperty double x\n{POINT_LINES}", b"", PlyTooLargeError),
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


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (Path.mkdir, "a folder"),
        (os.mkfifo, "a named pipe"),
        (lambda path: path.symlink_to("/dev/zero"), "a symbolic link"),
        (lambda path: path.symlink_to("/etc/passwd"), "a symbolic link"),
        (lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), "a socket"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_is_no_plain_file_is_refused_without_waiting(
    tmp_path: Path, make: Callable[[Path], None], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's address is short
    make(Path("cloud.ply"))
    with pytest.raises(NotPlainFileError, match=f"cloud.ply is {kind}"):
        read_ply(Path("cloud.ply"), LIMIT)


def test_a_device_is_refused_unopened() -> None:
    with pytest.raises(NotPlainFileError, match="zero is a device"):
        read_ply(Path("/dev/zero"), LIMIT)


def test_a_gaussian_splat_has_the_colour_of_its_constant_harmonic(tmp_path: Path) -> None:
    names = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "f_rest_0", "opacity", "scale_0", "rot_0"]
    rows: NDArray[np.void] = np.zeros(3, [(name, "<f4") for name in names])
    for axis, values in zip("xyz", POINTS.T, strict=True):
        rows[axis] = values
    wanted = COLORS / 255.0
    for channel in range(3):
        rows[f"f_dc_{channel}"] = (wanted[:, channel] - 0.5) / 0.28209479177387814
    rows["f_dc_0"][0], rows["f_dc_1"][0] = 40.0, -40.0  # beyond white and black
    rows["f_rest_0"] = 5.0
    path = write(tmp_path, header(BINARY, ", ".join(f"float {name}" for name in names)), rows.tobytes())
    cloud = read_ply(path, LIMIT)
    np.testing.assert_allclose(cloud.points_in_world, POINTS, rtol=1e-6)
    np.testing.assert_array_equal(cloud.colors_rgb, COLORS)


@pytest.mark.parametrize("odd", ["inf", "-inf", "nan"])
def test_a_colour_that_is_no_number_is_black_and_leaves_the_others_as_they_are(tmp_path: Path, odd: str) -> None:
    properties = ", ".join(f"float {each}" for each in ("x", "y", "z", "red", "green", "blue"))
    body = f"0 0 0 0.2 0.4 0.6\n1 1 1 {odd} {odd} {odd}\n2 2 2 1 1 1\n"
    cloud = read_ply(write(tmp_path, header("ascii", properties), body.encode()), LIMIT)
    assert cloud.colors_rgb.tolist() == [[51, 102, 153], [0, 0, 0], [255, 255, 255]]


def test_a_count_that_python_does_not_convert_is_refused(tmp_path: Path) -> None:
    head = header("ascii", "float x, float y, float z").replace("vertex 3", f"vertex {'9' * 5000}")
    with pytest.raises(UnreadablePlyError, match="how many elements"):
        read_ply(write(tmp_path, head, b"0 0 0\n"), LIMIT)


def test_colours_stand_above_a_splats_harmonics(tmp_path: Path) -> None:
    words = "float x, float y, float z, uchar red, uchar green, uchar blue, float f_dc_0, float f_dc_1, float f_dc_2"
    path = write(tmp_path, header("ascii", words, 1), b"1 2 3 10 20 30 0.9 0.9 0.9\n")
    np.testing.assert_array_equal(read_ply(path, LIMIT).colors_rgb, [[10, 20, 30]])


@pytest.mark.parametrize("form", [BINARY, "ascii"])
def test_many_rows_are_read_in_their_order(tmp_path: Path, form: str) -> None:
    count = 150_000  # more than are read at once
    points = np.arange(3 * count, dtype="<f4").reshape(-1, 3)
    body = points.tobytes() if form == BINARY else "\n".join(f"{x} {y} {z}" for x, y, z in points.tolist()).encode()
    cloud = read_ply(write(tmp_path, header(form, XYZ, count), body), count)
    np.testing.assert_array_equal(cloud.points_in_world, points)


def test_wide_rows_cost_no_memory(tmp_path: Path) -> None:
    names = ["x", "y", "z", *(f"f_rest_{number}" for number in range(60))]
    count = 200_000
    path = write(tmp_path, header(BINARY, ", ".join(f"double {name}" for name in names), count), b"")
    os.truncate(path, path.stat().st_size + count * 8 * len(names))  # 100 MB that are not on the disk
    tracemalloc.start()
    read_ply(path, count)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 64 * 1024 * 1024


def test_more_bytes_than_points_need_are_refused_unread(tmp_path: Path) -> None:
    words = ", ".join(["double x", "double y", "double z", *(f"double extra_{number}" for number in range(600))])
    path = write(tmp_path, header(BINARY, words, LIMIT), b"")
    os.truncate(path, path.stat().st_size + LIMIT * 8 * 603)
    with pytest.raises(PlyTooLargeError, match="leave other properties out"):
        read_ply(path, LIMIT)


@pytest.mark.parametrize("line", [b" ", b" \n"])
def test_text_without_end_is_refused(tmp_path: Path, line: bytes) -> None:
    path = write(tmp_path, header("ascii", XYZ, LIMIT), line * 3_000_000)
    with pytest.raises(PlyTooLargeError, match="of text"):
        read_ply(path, LIMIT)
