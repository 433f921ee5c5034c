"""Plain English: phrases that are not used, and names that were given up for the field's own."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import PROGRAMS, ROOT, nodes, place, python_files

# The one list of these phrases; they stand nowhere else in docstrings, comments and documents.
PHRASES = re.compile(
    r"\banew\b|\bwhoever\b|\bwhat came of\b|\btold anew\b|\bfor ever\b|\bnobody waits\b"
    r"|\bis told\b|\bare told\b|\bof it all\b",
    re.IGNORECASE,
)

# Names of files and classes that gave way to a term of the field (photogrammetry, MQTT, three.js).
GIVEN_UP = {
    "shelf", "recall", "succession", "reopened", "survey", "allocator", "turns",
    "darkroom", "desk", "voice", "tally", "bell", "telling", "announcements", "measures", "flight",
    "beside", "middle", "choosing", "following", "showing", "pace", "memory_of_images", "kept_depth", "slanted",
    "smoothing", "sweep", "island",
}  # fmt: skip
FILES_THAT_KEEP_A_WORD = {"plane_sweep"}  # the field's name for the technique


def comments_and_docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each comment and each docstring of a Python file, with its line."""
    text = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in nodes(path):
        if isinstance(node, documented) and (docstring := ast.get_docstring(node)):
            yield getattr(node, "lineno", 1), docstring


def typescript_comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments of a TypeScript file, with their lines."""
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"/\*.*?\*/|//[^\n]*", text, re.DOTALL):
        yield text.count("\n", 0, found.start()) + 1, found.group()


def page_files() -> list[Path]:
    web = ROOT / "viewer/web"
    return sorted(path for folder in ("src", "tests") for path in (web / folder).rglob("*.ts"))


def words_of(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def test_no_docstring_or_comment_uses_a_phrase_of_the_list() -> None:
    here = Path(__file__)
    python = [
        f"{place(path, line)} {found.group()}"
        for path in python_files()
        if path != here
        for line, text in comments_and_docstrings(path)
        for found in PHRASES.finditer(text)
    ]
    page = [
        f"{place(path, line)} {found.group()}"
        for path in page_files()
        for line, text in typescript_comments(path)
        for found in PHRASES.finditer(text)
    ]
    assert python + page == []


def test_no_document_or_settings_file_uses_a_phrase_of_the_list() -> None:
    paths = [
        *ROOT.glob("*.md"),
        *(path for folder in ("docs", "deploy", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.md")),
        *(ROOT / "deploy").glob("*.*"),
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
        ROOT / "mosquitto.conf",
    ]
    found = [
        f"{place(path, number)} {said.group()}"
        for path in paths
        if path.suffix != ".png"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for said in PHRASES.finditer(line)
    ]
    assert found == []


def test_no_help_text_error_or_log_event_uses_a_phrase_of_the_list() -> None:
    found = [
        f"{place(path, node.lineno)} {said.group()}"
        for path in python_files(*PROGRAMS)
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for said in PHRASES.finditer(node.value)
    ]
    assert found == []


def test_no_file_has_a_name_that_was_given_up() -> None:
    paths = [*python_files(*PROGRAMS), *page_files()]
    kept = [path for path in paths if path.stem.removeprefix("test_") not in FILES_THAT_KEEP_A_WORD]
    named = [place(path) for path in kept if GIVEN_UP & {path.stem.replace("-", "_"), *re.split(r"[-_]", path.stem)}]
    assert named == []


def test_no_class_has_a_name_that_was_given_up() -> None:
    named = [
        f"{place(path, node.lineno)} {node.name}"
        for path in python_files(*PROGRAMS)
        for node in nodes(path)
        if isinstance(node, ast.ClassDef) and words_of(node.name) & GIVEN_UP - {"sweep"}
    ]
    assert named == []
