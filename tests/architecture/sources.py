"""What the architecture tests read: this repository's own files."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = ("admin", "broker", "demo", "edge_agent", "reconstructor", "viewer")
FOLDERS = (*PROGRAMS, "tests", "benchmarks")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*folders: str) -> list[Path]:
    """List the Python files below the folders, and cairn.py and setup.py when no folder is named."""
    roofs = [] if folders else [path for path in (ROOT / "cairn.py", ROOT / "setup.py") if path.exists()]
    below = (path for folder in folders or FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return sorted(roofs + [path for path in below if "node_modules" not in path.parts])


def nodes(path: Path) -> Iterator[ast.AST]:
    """Walk the file's syntax tree."""
    return ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))


def functions(path: Path) -> list[Function]:
    """List the functions and methods that the file defines, nested ones too."""
    return [node for node in nodes(path) if isinstance(node, Function)]


def place(path: Path, line: int = 1) -> str:
    """Name a line so that an editor can open it."""
    return f"{path.relative_to(ROOT)}:{line}"
