"""Law 6: one root error, and one place per program that catches everything."""

import ast
from collections import Counter

from tests.architecture.sources import PROGRAMS, ROOT, nodes, place, python_files

BROAD = {"Exception", "BaseException"}
BLACK_BOX_PROCESS = ROOT / "reconstructor/worker.py"  # a process of its own, which runs foreign code


def swallows_everything(handler: ast.ExceptHandler) -> bool:
    """Tell a handler that ends all errors here from one that cleans up and passes them on."""
    return (
        isinstance(handler.type, ast.Name)
        and handler.type.id in BROAD
        and not (isinstance(last := handler.body[-1], ast.Raise) and last.exc is None)
    )


def bases_by_class() -> dict[str, set[str]]:
    """Read every class of ours by name, so that no heavy module is imported to ask it."""
    return {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for path in [*python_files(*PROGRAMS), ROOT / "cairn.py"]
        for node in nodes(path)
        if isinstance(node, ast.ClassDef)
    }


def test_a_program_catches_everything_in_one_place_at_most() -> None:
    catches = [
        (place(path) if path == BLACK_BOX_PROCESS else program, place(path, node.lineno))
        for program in PROGRAMS
        for path in python_files(program)
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler) and swallows_everything(node)
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
    bases = {name: names for name, names in bases_by_class().items() if any(map(is_error_name, names))}
    ours = {"CairnError"}
    while grown := {name for name, names in bases.items() if names & ours} - ours:
        ours |= grown
    assert len(ours) > 1
    assert set(bases) - ours == set()


def is_error_name(name: str) -> bool:
    """Python's naming is kept by lint: an exception ends in Error or is one of the two roots."""
    return name.endswith("Error") or name in BROAD


def test_nothing_new_is_raised_after_except_star() -> None:
    """Python 3.11.2, which Debian 12 has, raises it in a group, which nobody above expects."""
    raised = [
        place(path, inner.lineno)
        for path in python_files()
        for node in nodes(path)
        if isinstance(node, ast.TryStar)
        for handler in node.handlers
        for inner in ast.walk(handler)
        if isinstance(inner, ast.Raise) and inner.exc is not None
    ]
    assert raised == []
