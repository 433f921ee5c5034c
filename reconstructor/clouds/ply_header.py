"""What does the header of a PLY file say? Its format, and the elements up to the vertices, with lists among their properties."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from reconstructor.clouds.ply_errors import UnreadablePlyError

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
_MOST_DIGITS: Final = 18  # of a count: no file has more rows, and Python converts no more than 4,300
_PLAIN_WORDS, _LIST_WORDS = 3, 5  # property TYPE NAME; property list TYPE TYPE NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of an element.

    Attributes:
        name: as in the header.
        kind: numpy's name of its type, with the file's byte order; of a list, the type of its items.
        count_kind: of a list, the type of its length; None for a plain number.
    """

    name: str
    kind: str
    count_kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element: `count` rows, each with these properties."""

    name: str
    count: int
    properties: tuple[Property, ...]

    @property
    def has_lists(self) -> bool:
        """Whether its rows differ in length."""
        return any(each.count_kind is not None for each in self.properties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Format and elements of a PLY.

    Attributes:
        is_ascii: whether the rows are text.
        before: the elements before the vertices, whose rows are passed over.
        vertices: the points; every plain property stands there once, x, y and z among them.
    """

    is_ascii: bool
    before: tuple[Element, ...]
    vertices: Element


def read_header(file: BinaryIO, name: str) -> Header:
    """Read a header from the beginning of a file; raises UnreadablePlyError."""
    lines = list(_header_lines(file, name))
    if not lines or lines[0] != ["ply"]:
        raise UnreadablePlyError(f"{name} does not begin with 'ply'")
    form = next((words[1] for words in lines if words[0] == "format" and len(words) > 1), "")
    if form not in _BYTE_ORDER:
        raise UnreadablePlyError(f"{name} has the unknown format {form[:40]!r}")
    before: list[Element] = []
    for element in _elements(lines, _BYTE_ORDER[form], name):
        if element.name == "vertex":
            _check_vertices(element, name)
            return Header(is_ascii=form == "ascii", before=tuple(before), vertices=element)
        before.append(element)
    raise UnreadablePlyError(f"{name} has no vertices")


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


def _elements(lines: list[list[str]], order: str, name: str) -> Iterator[Element]:
    heads = [number for number, words in enumerate(lines) if words[0] == "element"]
    for head, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        words = lines[head]
        if len(words) != 3 or not words[2].isdecimal() or len(words[2]) > _MOST_DIGITS:  # noqa: PLR2004 - element NAME COUNT
            raise UnreadablePlyError(f"{name} does not say how many elements it has: {' '.join(words)[:80]}")
        properties = tuple(_property(each, order, name) for each in lines[head + 1 : end] if each[0] == "property")
        yield Element(name=words[1], count=int(words[2]), properties=properties)


def _property(words: list[str], order: str, name: str) -> Property:
    is_list = words[1:2] == ["list"]
    kinds = [_NUMPY_TYPE.get(word) for word in words[2 if is_list else 1 : -1]]
    if len(words) != (_LIST_WORDS if is_list else _PLAIN_WORDS) or None in kinds:
        raise UnreadablePlyError(f"{name} has a property of an unknown kind: {' '.join(words)[:80]}")
    if is_list and str(kinds[0])[0] == "f":
        raise UnreadablePlyError(f"{name} has a list whose length is no whole number: {' '.join(words)[:80]}")
    return Property(name=words[-1], kind=f"{order}{kinds[-1]}", count_kind=f"{order}{kinds[0]}" if is_list else None)


def _check_vertices(vertices: Element, name: str) -> None:
    names = [each.name for each in vertices.properties]
    if len(set(names)) != len(names):
        raise UnreadablePlyError(f"{name} has a vertex property twice")
    if not {each.name for each in vertices.properties if each.count_kind is None} >= {"x", "y", "z"}:
        raise UnreadablePlyError(f"{name} has vertices without x, y and z")
