"""Which error codes are there? A table read from the source of every subclass of `CairnError`, for docs/wire.md.

The syntax tree is read instead of the modules being imported: the engine's would need torch and pycolmap.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker import errors
from broker.errors import CairnError

PROGRAMS: Final = ("broker", "edge_agent", "reconstructor", "viewer", "demo", "admin")


class IncompleteErrorClassError(CairnError):
    """An error class without a code or without advice."""

    code = "incomplete_error_class"
    remedy = "Write `code` and `remedy` into the class that the message names, then run `make generate`."


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """One error class: its code, where it is declared, what it means and what to do about it."""

    name: str
    code: str
    module: str
    meaning: str
    remedy: str


def error_rows(root: Path) -> tuple[ErrorRow, ...]:
    """List every error class below the programs' folders, sorted by code.

    Raises:
        IncompleteErrorClassError: an error class lacks its `code` or `remedy`.
    """
    classes = {each.name: (module, each) for module, each in _classes(root)}
    ours = {CairnError.__name__}
    while grown := {name for name, (_, node) in classes.items() if _bases(node) & ours} - ours:
        ours |= grown
    rows = (_row(module, node) for name, (module, node) in classes.items() if name in ours and name != "CairnError")
    return tuple(sorted(rows, key=lambda row: (row.code, row.name)))


def error_table(rows: Iterable[ErrorRow]) -> str:
    """Format the rows as a Markdown table."""
    head = "| code | said by | meaning | what to do |\n|---|---|---|---|"
    return "\n".join([head, *(f"| `{row.code}` | `{row.module}` | {row.meaning} | {row.remedy} |" for row in rows)])


def _classes(root: Path) -> Iterator[tuple[str, ast.ClassDef]]:
    for program in PROGRAMS:
        for path in sorted((root / program).rglob("*.py")):
            if "node_modules" in path.parts:
                continue
            module = ".".join(path.relative_to(root).with_suffix("").parts)
            tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
            yield from ((module, node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _bases(node: ast.ClassDef) -> set[str]:
    return {base.id for base in node.bases if isinstance(base, ast.Name)}


def _row(module: str, node: ast.ClassDef) -> ErrorRow:
    words = dict(_words(node))
    if not {"code", "remedy"} <= words.keys():
        raise IncompleteErrorClassError(f"{module}.{node.name} lacks `code` or `remedy`: write what to do about it")
    meaning = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
    return ErrorRow(name=node.name, code=words["code"], module=module, meaning=meaning, remedy=words["remedy"])


def _words(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            value = statement.value
            if isinstance(value, ast.Constant):
                yield statement.targets[0].id, str(value.value)
            elif isinstance(value, ast.Name):  # a constant of broker.errors
                yield statement.targets[0].id, str(getattr(errors, value.id))
