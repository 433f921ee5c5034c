"""Clouds as other programs write them, beside what Open3D reads of the same file: kinds 8 and 9 of the field's findings."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from reconstructor.clouds.ply import read_ply
from reconstructor.clouds.ply_errors import TruncatedPlyError, UnreadablePlyError

o3d = pytest.importorskip("open3d")

POINTS = np.array([[0.5, -1.25, 3.0], [2.0, 4.0, -8.0], [0.125, 0.0, 7.0]])
COLORS = np.array([[255, 0, 10], [1, 2, 3], [200, 100, 50]], np.uint8)
LETTERS = {"char": "b", "uchar": "B", "short": "h", "ushort": "H", "int": "i", "uint": "I", "float": "f", "double": "d"}
NAMES = {"char": "int8", "uchar": "uint8", "short": "int16", "ushort": "uint16", "int": "int32", "uint": "uint32"}
ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": ""}
XYZ = [("float", "x"), ("float", "y"), ("float", "z")]

Number = float | int
Value = Number | Sequence[Number]
Element = tuple[str, Sequence[str], Sequence[Sequence[Value]]]


def ply(path: Path, form: str, elements: Sequence[Element]) -> Path:
    """Write elements, each with its properties as the header has them (`list uchar int ids`) and its rows."""
    head, body = f"ply\nformat {form} 1.0\ncomment of another program\n", b""
    for name, properties, rows in elements:
        head += f"element {name} {len(rows)}\n" + "".join(f"property {each}\n" for each in properties)
        for row in rows:
            body += b"".join(_value(form, each.split(), value) for each, value in zip(properties, row, strict=True))
            body += b"\n" if form == "ascii" else b""
    path.write_bytes(head.encode() + b"end_header\n" + body)
    return path


def _value(form: str, words: list[str], value: Value) -> bytes:
    numbers = [value] if isinstance(value, float | int) else [len(value), *value]
    if form == "ascii":
        return (" ".join(f"{each:.9g}" for each in numbers) + " ").encode()
    by_name = {**{NAMES[word]: LETTERS[word] for word in NAMES}, **LETTERS, "float32": "f", "float64": "d"}
    kinds = [words[0]] if words[0] != "list" else [words[1], *[words[2]] * (len(numbers) - 1)]
    return b"".join(
        struct.pack(ORDERS[form] + by_name[kind], float(each) if by_name[kind] in "fd" else int(each))
        for kind, each in zip(kinds, numbers, strict=True)
    )


def vertices(
    color_kind: str, scale: float, *, more: Sequence[tuple[str, Sequence[Value]]] = (), first: bool = False
) -> Element:
    """The vertices with colours of this kind, and further properties behind or before them."""
    properties = [
        *(f"{kind} {name}" for kind, name in XYZ),
        *(f"{color_kind} {name}" for name in ("red", "green", "blue")),
    ]
    is_whole = color_kind not in {"float", "double"}
    rows: list[list[Value]] = []
    for index, (point, color) in enumerate(zip(POINTS.tolist(), COLORS.tolist(), strict=True)):
        shades: list[Value] = [round(each * scale) if is_whole else each * scale for each in color]
        own: list[Value] = [*point, *shades]
        added: list[Value] = [values[index] for _, values in more]
        rows.append([*added, *own] if first else [*own, *added])
    names = [name for name, _ in more]
    return "vertex", [*names, *properties] if first else [*properties, *names], rows


def check(path: Path, *, beside_open3d: bool = True) -> None:
    cloud = read_ply(path, 1000)
    np.testing.assert_allclose(cloud.points_in_world, POINTS)
    np.testing.assert_array_equal(cloud.colors_rgb, COLORS)
    if beside_open3d:
        theirs = o3d.io.read_point_cloud(str(path))
        np.testing.assert_allclose(np.asarray(theirs.points), POINTS)
        np.testing.assert_array_equal(np.rint(np.asarray(theirs.colors) * 255), COLORS)


@pytest.mark.parametrize("kind", ["uchar", "ushort", "short", "int", "uint", "float", "double"])
@pytest.mark.parametrize("form", ORDERS)
def test_colours_up_to_255_of_every_type_are_read_as_open3d_reads_them(tmp_path: Path, kind: str, form: str) -> None:
    check(ply(tmp_path / "a.ply", form, [vertices(kind, 1)]))


@pytest.mark.parametrize(("kind", "scale"), [("ushort", 257), ("uint", 257), ("float", 1 / 255), ("double", 1 / 255)])
@pytest.mark.parametrize("form", ORDERS)
def test_colours_of_16_bits_and_of_fractions_are_read_where_open3d_takes_them_for_black_or_white(
    tmp_path: Path, form: str, kind: str, scale: float
) -> None:
    check(ply(tmp_path / "a.ply", form, [vertices(kind, scale)]), beside_open3d=False)


@pytest.mark.parametrize("word", ["uchar alpha", "float alpha", "ushort alpha", "float quality", "double scalar_Class"])
@pytest.mark.parametrize("first", [False, True])
def test_alpha_and_other_numbers_change_no_colour(tmp_path: Path, word: str, *, first: bool) -> None:
    check(
        ply(tmp_path / "a.ply", "binary_little_endian", [vertices("uchar", 1, more=[(word, [0, 9, 0])], first=first)])
    )


@pytest.mark.parametrize("count_kind", ["uchar", "uint8", "char", "ushort", "int", "int32", "uint"])
@pytest.mark.parametrize("form", ORDERS)
def test_lists_with_lengths_of_every_type_are_passed_over(tmp_path: Path, form: str, count_kind: str) -> None:
    lists: list[tuple[str, Sequence[Value]]] = [(f"list {count_kind} uint view_indices", [[1, 2, 3], [], [70_000]])]
    lists += [(f"list {count_kind} float view_weights", [[0.5], [], [0.25, 0.75]])]
    for first in (False, True):
        check(ply(tmp_path / "a.ply", form, [vertices("uchar", 1, more=lists, first=first)]))


@pytest.mark.parametrize("form", ORDERS)
def test_only_empty_lists_are_lists_too(tmp_path: Path, form: str) -> None:
    check(ply(tmp_path / "a.ply", form, [vertices("uchar", 1, more=[("list uchar int ids", [[], [], []])])]))


@pytest.mark.parametrize("form", ORDERS)
def test_faces_edges_and_unknown_elements_stand_before_or_behind(tmp_path: Path, form: str) -> None:
    faces: Element = (
        "face",
        ["list uchar int vertex_indices", "list uchar float texcoord"],
        [[[0, 1, 2], []], [[2, 1, 0], [0.5]]],
    )
    edges: Element = ("edge", ["int vertex1", "int vertex2"], [[0, 1], [1, 2]])
    cameras: Element = ("camera", ["float view_px", "list ushort double matrix"], [[1.5, [1.0, 0.0]], [2.5, []]])
    check(ply(tmp_path / "a.ply", form, [vertices("uchar", 1), faces, edges, cameras]))
    check(ply(tmp_path / "b.ply", form, [cameras, edges, faces, vertices("uchar", 1)]))


def test_a_list_that_is_cut_or_of_a_negative_length_is_refused(tmp_path: Path) -> None:
    lists = [("list int int ids", [[1], [2], [3, 4, 5]])]
    path = ply(tmp_path / "a.ply", "binary_little_endian", [vertices("uchar", 1, more=lists)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    with pytest.raises(TruncatedPlyError):
        read_ply(path, 1000)
    path.write_bytes(whole[:-16] + struct.pack("<i", -1) + whole[-12:])
    with pytest.raises(UnreadablePlyError, match="a list of -1"):
        read_ply(path, 1000)
