"""Does every public function say shape, dtype, and unit or frame of its arrays? Docstrings are read from the syntax tree."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = [ROOT / "reconstructor" / "engine", ROOT / "reconstructor" / "clouds", ROOT / "broker" / "shards.py"]

ARRAY = re.compile(r"\b(NDArray|ndarray|Tensor)\b")
DTYPE = re.compile(r"\b(?:bool|u?int(?:8|16|32|64)|float(?:32|64)|any dtype)\b")
UNTYPED = re.compile(r"\bTensor\b|NDArray\[Any\]|\bndarray\b")  # annotations that leave the dtype open
SHAPE = re.compile(
    r"\((?:[A-Z0-9]\w*'?(?: [*/+-] \w+)*, ?)+(?:[A-Z0-9]\w*'?(?: [*/+-] \w+)*)?\)|\bscalar\b|\b\d ?x ?\d\b"
)

FRAME = r"\b(?:in|from) (?:world|camera|source|target)\b|\b(?:world|camera|source|target|each) frame\b|\bin pixels\b"
LENGTH = r"\bworld units\b|\bpixels?\b|\bpx\b|\bratio\b"
# What a name or a docstring mentions, and how it then says unit, frame or range; a suffix such as _px says it, too.
QUANTITIES = {
    r"\b(?:points|normals|(?<!pixel )cent(?:re|er)s?|poses?)\b": FRAME,
    r"\bangles?\b": r"\b(?:degrees|radians|deg|rad)\b",
    r"\binverse depths?\b": r"1 / world units",
    r"\bdistances?\b": LENGTH,
    r"\b(?:keypoints|intrinsics|errors)\b": r"\bpixels?\b|\bpx\b",
    r"\b(?:luma|gr[ae]y)\b": r"\b0 to 1\b",
    r"\bcorrelations\b": r"-1 to 1\b",
    r"\bcosts\b": r"\b0 to 1\b",
    r"\bquaternion\b": r"\bwxyz\b|\bw, x, y, z\b",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> list[Path]:
    return sorted(path for place in PLACES for path in ([place] if place.is_file() else place.rglob("*.py")))


def public_functions(tree: ast.Module) -> Iterator[tuple[str, Function, str]]:
    """Name, function, and the docstring of the class it belongs to."""
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node.name, node, ""
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for member in node.body:
                if isinstance(member, Function) and not member.name.startswith("_"):
                    yield f"{node.name}.{member.name}", member, ast.get_docstring(node) or ""


@cache
def aliases() -> dict[str, str]:
    """Each name that a module gives to an array type, such as `Matrix`, and that type."""
    return {
        node.targets[0].id: ast.unparse(node.value)
        for path in modules()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and ARRAY.search(ast.unparse(node.value))
    }


def array_annotations(function: Function, types: dict[str, str]) -> list[str]:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    annotations = [argument.annotation for argument in arguments] + [function.returns]
    written = [ast.unparse(one) for one in annotations if one is not None]
    resolved = [re.sub(r"\w+", lambda word: types.get(word.group(), word.group()), one) for one in written]
    return [one for one in resolved if ARRAY.search(one)]


def missing(name: str, function: Function, class_docstring: str, types: dict[str, str]) -> list[str]:
    """What the docstring of a function about arrays leaves out; units and frames may be the class's."""
    annotations = array_annotations(function, types)
    if not annotations:
        return []
    docstring = ast.get_docstring(function) or ""
    names = [argument.arg for argument in [*function.args.args, *function.args.kwonlyargs]]
    said = " ".join([name, *names, docstring.partition("Raises:")[0]]).replace("_", " ").replace("\n", " ")
    known = said + " " + class_docstring.replace("_", " ")
    left_out = [] if SHAPE.search(docstring) else ["shape"]
    if any(UNTYPED.search(one) for one in annotations) and not DTYPE.search(docstring):
        left_out.append("dtype")
    return left_out + [
        f"unit or frame of {found.group()!r}"
        for quantity, unit in QUANTITIES.items()
        if (found := re.search(quantity, said)) and not re.search(unit, known)
    ]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_public_array_function_says_shape_dtype_and_unit(path: Path) -> None:
    types = aliases()
    left_out = [
        f"{path.relative_to(ROOT)}:{function.lineno} {name}: {', '.join(missing(name, function, docstring, types))}"
        for name, function, docstring in public_functions(ast.parse(path.read_text(encoding="utf-8")))
        if missing(name, function, docstring, types)
    ]
    assert left_out == []


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("def f(a: Tensor) -> Tensor:\n    '(H, W) float32 luma, 0 to 1.'", []),
        ("def f(a: Tensor) -> Tensor:\n    '(H, W) luma, 0 to 1.'", ["dtype"]),
        ("def f(a: Tensor) -> Tensor:\n    '(H, W) float32 luma.'", ["unit or frame of 'luma'"]),
        ("def f(a: NDArray[np.uint8]) -> int:\n    'Count the rows.'", ["shape"]),
        ("def f(points_in_world: Matrix) -> None:\n    'Move points (N, 3).'", []),
        ("def f(points: Matrix) -> None:\n    'Move points (N, 3).'", ["unit or frame of 'points'"]),
        ("def f(a: Matrix) -> Matrix:\n    '(N,) angles.'", ["unit or frame of 'angles'"]),
        ("def f(a: Any) -> int:\n    'Nothing about arrays, luma or points.'", []),
    ],
)
def test_what_is_left_out_is_found(source: str, wanted: list[str]) -> None:
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert missing(function.name, function, "", {"Matrix": "NDArray[np.float64]"}) == wanted


def test_aliases_are_read_from_the_modules() -> None:
    assert aliases()["Matrix"] == "NDArray[np.float64]"
