"""Tests stand alone: what several share lies in a named file that is not a test."""

import ast

from tests.architecture.sources import nodes, place, python_files


def test_no_test_module_imports_another_test_module() -> None:
    importing = [
        f"{place(path, node.lineno)} {node.module}"
        for path in python_files("tests")
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2].startswith("test_")
    ]
    assert importing == []
