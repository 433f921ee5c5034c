"""Error codes are a table: unique, complete, and each says what to do."""

from collections import Counter

from broker.documents.error_table import error_rows
from tests.architecture.sources import ROOT

ROWS = error_rows(ROOT)


def test_every_error_code_is_unique() -> None:
    counts = Counter(row.code for row in ROWS)
    assert len(ROWS) > 100
    assert {code: count for code, count in counts.items() if count > 1} == {}


def test_every_error_says_what_it_means_and_what_to_do() -> None:
    assert [row.name for row in ROWS if not (row.meaning and row.remedy)] == []


def test_the_table_stands_in_the_document_of_the_wire() -> None:
    text = (ROOT / "docs/wire.md").read_text(encoding="utf-8")
    assert [row.code for row in ROWS if f"| `{row.code}` | `{row.module}` |" not in text] == []
