"""Documents are short, linked, and name files that exist."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import ROOT

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "tests/EYES.md", ROOT / "benchmarks/README.md"]
)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
NAMED_FILE = re.compile(
    r"`((?:broker|edge_agent|reconstructor|viewer|demo|tests|benchmarks|deploy|docs)/[\w./-]+\.\w+)`"
)
SHORT_NAME = re.compile(r"`([\w./-]+\.(?:py|ts))`")  # a file named by the end of its path, as `sfm/solver.py`
PIP_CAIRN = re.compile(r"(?:pipx?|uv) (?:tool )?install (?:-\S+ )*['\"]?cairn\b(?![-/])")
BUILT = {".venv", "node_modules", "dist"}


def walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, without those that were built or installed."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in BUILT:
            yield from walk(path)
        elif path.suffix in {".py", ".ts"}:
            yield path


def test_the_architecture_fits_into_120_lines() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_the_architecture_lists_the_floors_that_are_enforced() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    listed = {
        found["folder"].replace("/", "."): [
            set(floor.split(" | ")) for floor in " ".join(found["floors"].split()).split(" > ")
        ]
        for found in re.finditer(r"- Inside `(?P<folder>[\w/]+)`: `(?P<floors>[^`]+)`", text)
    }
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    enforced = {
        contract["containers"][0]: [set(re.sub(r"[()]", "", floor).split(" | ")) for floor in contract["layers"]]
        for contract in contracts
        if "containers" in contract
    }
    assert {"broker", "edge_agent", "reconstructor", "reconstructor.engine", "viewer"} == listed.keys()
    assert listed == {folder: enforced[folder] for folder in listed}


def test_the_readme_links_every_document() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = {str((ROOT / each).relative_to(ROOT)) for each in LINK.findall(readme)}
    expected = {
        str(path.relative_to(ROOT))
        for path in [*DOCUMENTS, *(path for path in (ROOT / "docs").iterdir() if path.is_file())]
        if path.name != "README.md" or path.parent.name == "benchmarks"
    }
    assert expected - linked == set()


def test_every_link_of_a_document_leads_to_a_file() -> None:
    lost = [
        f"{path.relative_to(ROOT)}: {each}"
        for path in DOCUMENTS
        for each in LINK.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / each).exists()
    ]
    assert lost == []


def test_an_alarm_sends_people_to_a_chapter_that_has_every_code() -> None:
    text = (ROOT / "deploy/prometheus/alarms.yml").read_text(encoding="utf-8")
    named = re.findall(r"(docs/[\w./]+\.md)#([\w-]+)", text)
    assert named == [("docs/wire.md", "error-codes")]
    for file, anchor in named:
        titles = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    chapter = (ROOT / "docs/wire.md").read_text(encoding="utf-8").partition("## Error codes")[2].partition("\n## ")[0]
    for code in ("disk_full", "disk_budget", "broker_full", "packet_too_large", "store_failed", "broker_lost"):
        assert f"| `{code}` |" in chapter


def test_every_file_that_a_document_names_exists() -> None:
    lost = [
        f"{path.relative_to(ROOT)}: {each}"
        for path in DOCUMENTS
        if path.name != "CHANGELOG.md"
        for each in NAMED_FILE.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / each).exists() and not Path(each).name.startswith(("index-", "dist"))
    ]
    assert lost == []


def test_every_short_name_of_a_file_is_the_end_of_a_path() -> None:
    folders = ("admin", "broker", "edge_agent", "reconstructor", "viewer", "demo", "tests", "benchmarks", "docs")
    paths = [*ROOT.glob("*.py"), *(path for folder in folders for path in walk(ROOT / folder))]
    known = ["/" + str(path.relative_to(ROOT)) for path in paths]
    lost = [
        f"{path.relative_to(ROOT)}: {each}"
        for path in DOCUMENTS
        if path.name != "CHANGELOG.md"
        for each in SHORT_NAME.findall(path.read_text(encoding="utf-8"))
        if not any(one.endswith("/" + each) for one in known)
    ]
    assert lost == []


def test_every_document_leads_back() -> None:
    alone = [
        path.name
        for path in (ROOT / "docs").glob("*.md")
        if not re.search(r"\]\(\.\./(README|ARCHITECTURE)\.md\)", path.read_text(encoding="utf-8"))
    ]
    assert alone == []


def test_every_decision_is_a_dated_paragraph_with_a_title() -> None:
    text = (ROOT / "docs/decisions.md").read_text(encoding="utf-8")
    paragraphs = [each for each in text.split("\n\n")[2:] if each.strip()]
    assert len(paragraphs) >= 20
    assert [
        each[:60]
        for each in paragraphs
        if not re.match(r"\*\*20\d\d-\d\d-\d\d [A-Z`].+?[.!]\*\* ", each.replace("\n", " "))
    ] == []


def test_the_guide_asks_at_least_24_questions() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("### Where is …?")[2].partition("\n## ")[0]
    assert sum(line.startswith("| ") and "`" in line for line in table.splitlines()) >= 24


def test_nobody_is_sent_to_the_stranger_who_has_our_name_on_pypi() -> None:
    files = [*DOCUMENTS, *walk(ROOT), *(path for path in (ROOT / "deploy").iterdir() if path.is_file())]
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in files
        if path != Path(__file__)
        for match in PIP_CAIRN.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == [], "say `deploy/setup.sh PART`, or the wheel's file: pip install ./cairn-VERSION-py3-none-any.whl"
    for phrase in ("pip install 'cairn[usb]'", "pip install --upgrade cairn", "pipx install cairn"):
        assert PIP_CAIRN.search(phrase)
    assert not PIP_CAIRN.search("pip install './cairn-0.1.0-py3-none-any.whl[usb]'")
