"""Does every benchmark say what it is when it is asked? `--help` must not measure for minutes."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.parts.forms import SCRIPTS

FOLDER = Path(__file__).parents[2] / "benchmarks"


def source_of(script: str) -> Path:
    spec = find_spec(f"benchmarks.{script}.__main__") if (FOLDER / script).is_dir() else None
    spec = spec or find_spec(f"benchmarks.{script}")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_reads_its_options(script: str) -> None:
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(source_of(script).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert {"ArgumentParser", "parse_args"} <= called
