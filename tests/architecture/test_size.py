"""Law 1: a file answers one question, a function fits on a screen."""

import ast
import re
import statistics
from collections import Counter
from pathlib import Path

from tests.architecture.sources import PROGRAMS, ROOT, Function, functions, nodes, place, python_files


def line_count(function: Function) -> int:
    """Count the lines from `def` to the last statement, without decorators."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def page_files() -> list[Path]:
    """List the page's sources, but for the generated contract."""
    return [path for path in (ROOT / "viewer/web/src").rglob("*.ts") if path.name != "contract.ts"]


def test_no_file_is_longer_than_400_lines() -> None:
    paths = [*python_files(), *page_files()]
    counts = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert counts, "no source file found"
    assert {name: count for name, count in counts.items() if count > 400} == {}


def test_no_folder_of_product_code_has_more_than_25_files() -> None:
    paths = [*python_files(*PROGRAMS), *page_files()]
    counts = Counter(str(path.parent.relative_to(ROOT)) for path in paths)
    assert {folder: count for folder, count in counts.items() if count > 25} == {}


def test_no_class_is_longer_than_250_lines() -> None:
    too_long = {
        f"{place(path, node.lineno)} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in python_files()
        for node in nodes(path)
        if isinstance(node, ast.ClassDef) and (node.end_lineno or 0) - node.lineno + 1 > 250
    }
    assert too_long == {}


def test_no_class_of_the_page_is_longer_than_250_lines() -> None:
    """Count from `class` to the brace that closes it in the first column, as prettier formats it."""
    too_long = {}
    for path in page_files():
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r"^(?:export )?(?:abstract )?class (\w+).*?^}", text, re.DOTALL | re.MULTILINE):
            if (count := found.group().count("\n") + 1) > 250:
                too_long[f"{place(path)} {found.group(1)}"] = count
    assert too_long == {}


def test_no_function_is_longer_than_60_lines() -> None:
    too_long = {
        f"{place(path, function.lineno)} {function.name}": line_count(function)
        for path in python_files()
        for function in functions(path)
        if line_count(function) > 60
    }
    assert too_long == {}


def test_half_of_the_functions_have_15_lines_or_fewer() -> None:
    lengths = [line_count(function) for path in python_files(*PROGRAMS) for function in functions(path)]
    assert statistics.median(lengths) <= 15


def test_the_roof_stays_under_120_lines() -> None:
    assert len((ROOT / "cairn.py").read_text(encoding="utf-8").splitlines()) < 120
