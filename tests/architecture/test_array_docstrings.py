"""Does every public function that takes or returns an array say its shape? The docstring is read from the syntax tree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = [ROOT / "reconstructor" / "engine", ROOT / "reconstructor" / "clouds", ROOT / "broker" / "shards.py"]

ARRAY = re.compile(r"\b(NDArray|ndarray|Tensor|Matrix|Cells)\b")
SHAPE = re.compile(
    r"\((?:[A-Z0-9]\w*'?(?: [*/+-] \w+)*, ?)+(?:[A-Z0-9]\w*'?(?: [*/+-] \w+)*)?\)|\bscalar\b|\b\d ?x ?\d\b"
)

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


def is_about_arrays(function: Function) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    annotations = [argument.annotation for argument in arguments] + [function.returns]
    return any(ARRAY.search(ast.unparse(one)) for one in annotations if one is not None)


def without_shape(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        f"{path.relative_to(ROOT)}:{function.lineno} {name}"
        for name, function, _ in public_functions(tree)
        if is_about_arrays(function) and not SHAPE.search(ast.get_docstring(function) or "")
    ]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_public_array_function_says_its_shape(path: Path) -> None:
    assert without_shape(path) == []


def test_a_missing_shape_is_found() -> None:
    assert not SHAPE.search("The points in the world.")
    assert SHAPE.search("The points (N, 3) in the world.")
    assert SHAPE.search("(H, W) bool, where a depth is known.")
