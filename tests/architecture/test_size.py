"""Law 1: a file answers one question, a function fits on a screen."""

import statistics

from tests.architecture.sources import PROGRAMS, ROOT, Function, functions, place, python_files


def line_count(function: Function) -> int:
    """Count the lines from `def` to the last statement, without decorators."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_no_file_is_longer_than_500_lines() -> None:
    counts = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert counts, "no Python file found"
    assert {name: count for name, count in counts.items() if count > 500} == {}


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


def test_the_architecture_document_stays_within_250_lines() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 250
