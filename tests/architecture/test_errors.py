"""Law 6: one root error, and one place per program that catches everything."""

import ast
from collections import Counter

from tests.architecture.sources import PROGRAMS, ROOT, nodes, place, python_files

BROAD = {"Exception", "BaseException"}


def test_a_program_catches_everything_in_one_place_at_most() -> None:
    catches = [
        (program, place(path, node.lineno))
        for program in PROGRAMS
        for path in python_files(program)
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name) and node.type.id in BROAD
    ]
    count_by_program = Counter(program for program, _ in catches)
    assert max(count_by_program.values(), default=0) <= 1, catches


def test_no_handler_catches_without_naming_an_error() -> None:
    bare = [
        place(path, node.lineno)
        for path in python_files()
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert bare == []


def test_every_error_of_ours_descends_from_the_root_error() -> None:
    """Read by name, so that no heavy module is imported to ask it."""
    bases_by_error = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for path in [*python_files(*PROGRAMS), ROOT / "cairn.py"]
        for node in nodes(path)
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    }
    ours = {"CairnError"}
    while grown := {name for name, bases in bases_by_error.items() if bases & ours} - ours:
        ours |= grown
    assert set(bases_by_error) - ours == set()
