"""A measured figure in the docs names its result and says what that says: `2.0 s<!-- figure: engine_latency.live_p50_s -->`."""

import re
from pathlib import Path

import pytest

from benchmarks.parts.results import Results, load
from tests.architecture.sources import ROOT

# decisions.md and CHANGELOG.md say what was measured on their dates; the table of benchmarks/README.md is written by `save`.
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
OF_THEIR_DATE = {"decisions.md"}
UNITS = r"(?:ms|s|MB/s|MB|KB|GB|%|Mbit/s)"
FIGURE = re.compile(rf"(?P<number>\d[\d,]*(?:\.\d+)?)(?: ?{UNITS}| \w+)?<!-- figure: (?P<source>[\w.]+) -->")
MARK = "<!-- figure:"
SPEED = re.compile(r"\d ?(?:MB/s|points/s|images/s|photographs/s)(?!\w)(?!<!-- figure)")


def wrong(text: str, results: Results) -> list[str]:
    """The figures that are not what was measured, rounded as they are written."""
    found = list(FIGURE.finditer(text))
    said = [] if len(found) == text.count(MARK) else ["a mark that follows no number"]
    for match in found:
        number, source = match["number"].replace(",", ""), match["source"]
        digits = len(number.partition(".")[2])
        value = results.figure(source)
        if not isinstance(value, (int, float)) or f"{value:.{digits}f}" != number:
            said.append(f"{match['number']} is written, {source} is {value}")
    return said


@pytest.mark.parametrize(
    "path", [each for each in DOCUMENTS if each.name not in OF_THEIR_DATE], ids=lambda path: path.name
)
def test_figures_are_those_of_the_results(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert wrong(text, load()) == []
    assert SPEED.findall(text) == []  # a speed is measured: mark it


def test_there_are_marked_figures() -> None:
    assert sum(path.read_text(encoding="utf-8").count(MARK) for path in DOCUMENTS) >= 3


def test_a_figure_that_differs_or_is_nowhere_is_found() -> None:
    results = Results.model_validate(
        {
            "results": [
                {
                    "name": "a",
                    "measured_at": "2026-11-29T00:00:00Z",
                    "machine": "m",
                    "figures": {"b": 2.04, "c": {"d": 1234}},
                }
            ]
        }
    )
    assert wrong("takes 2.0 s<!-- figure: a.b --> and 1,234 points<!-- figure: a.c.d -->", results) == []
    assert wrong("takes 2.1 s<!-- figure: a.b -->", results) == ["2.1 is written, a.b is 2.04"]
    assert wrong("takes long<!-- figure: a.b -->", results) == ["a mark that follows no number"]
    assert SPEED.findall("at 300 MB/s") == ["0 MB/s"]
