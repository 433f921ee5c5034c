"""The house's words: one per thing, the same in every file."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import PROGRAMS, ROOT, functions, nodes, place, python_files

VAGUE_MODULES = {"utils", "util", "common", "helpers", "helper", "core", "manager", "misc", "base", "types"}
VAGUE_CLASS = re.compile(r"(Manager|Handler|Helper|Impl)$")

# Words whose only use here would be for something that has a name already: shard, reference set, manifest, image.
# Words that have an honest second meaning (a torch device, an uploaded chunk, the epoch of a connection) cannot be told apart
# cheaply and are left to the reviewer.
FORBIDDEN_WORDS = {"keyframe", "keyframes", "tile", "tiles", "fragment", "fragments", "catalogue", "picture"}
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\ufe0f]")


def defined_names(path: Path) -> Iterator[tuple[int, str]]:
    """Name what the file itself defines: a library's names are not ours to choose."""
    for node in nodes(path):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id


def documents() -> list[Path]:
    """List the documents that people read first, and docs/."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")])


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [path for path in python_files() if {path.stem, path.parent.name} & VAGUE_MODULES]
    typescript = [
        path for path in (ROOT / "viewer/web/src").rglob("*.ts") if {path.stem, path.parent.name} & VAGUE_MODULES
    ]
    assert [place(path) for path in named + typescript] == []


def test_no_class_is_a_manager_handler_helper_or_impl() -> None:
    vague = [
        f"{place(path, node.lineno)} {node.name}"
        for path in python_files()
        for node in nodes(path)
        if isinstance(node, ast.ClassDef) and VAGUE_CLASS.search(node.name)
    ]
    assert vague == []


def test_nothing_has_a_second_name() -> None:
    renamed = [
        f"{place(path, line)} {name}"
        for path in python_files(*PROGRAMS)
        for line, name in defined_names(path)
        if {word.lower() for word in WORD.findall(name)} & FORBIDDEN_WORDS
    ]
    assert renamed == []


def test_documents_use_the_same_words() -> None:
    assert documents(), "no document found"
    said = [
        f"{place(path, number)} {word}"
        for path in documents()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for word in re.findall(r"[a-z]+", line.lower())
        if word in FORBIDDEN_WORDS
    ]
    assert said == []


def test_documents_carry_no_badge_and_no_emoji() -> None:
    decorated = [
        place(path)
        for path in documents()
        if EMOJI.search(text := path.read_text(encoding="utf-8")) or "badge" in text.lower()
    ]
    assert decorated == []


def test_test_names_are_sentences() -> None:
    terse = [
        f"{place(path, function.lineno)} {function.name}"
        for path in python_files("tests")
        for function in functions(path)
        if function.name.startswith("test_") and function.name.count("_") < 3
    ]
    assert terse == []


def test_every_unit_test_file_mirrors_a_module() -> None:
    unit = ROOT / "tests/unit"
    orphans = [path for path in unit.rglob("test_*.py") if not _tests_a_module(path.relative_to(unit))]
    assert [place(path) for path in orphans] == []


def _tests_a_module(test: Path) -> bool:
    """Accept test_<module>.py and test_<module>_<aspect>.py in the folder that has the module's name."""
    modules = {path.stem for path in (ROOT / test.parent).glob("*") if path.suffix == ".py" or path.is_dir()}
    subject = test.stem.removeprefix("test_")
    return any(subject == module or subject.startswith(f"{module}_") for module in modules)
