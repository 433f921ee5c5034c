"""Is the table of error codes read from the source, and is an incomplete class refused in one line?"""

from pathlib import Path

import pytest

from broker.documents.error_table import IncompleteErrorClassError, error_rows, error_table

COMPLETE = """
class LensError(CairnError):
    \"\"\"The lens is dirty.

    More about lenses.
    \"\"\"

    code = "lens_dirty"
    remedy = "Clean it."


class SmearedLensError(LensError):
    \"\"\"It is smeared.\"\"\"

    code = WRONG_DIGEST
    remedy = "Clean it twice."


class NotOursError(ValueError):
    pass
"""


def test_every_subclass_is_listed_with_its_first_paragraph(tmp_path: Path) -> None:
    (tmp_path / "viewer").mkdir()
    (tmp_path / "viewer/lenses.py").write_text(COMPLETE, encoding="utf-8")
    rows = error_rows(tmp_path)
    assert [(row.code, row.module, row.meaning) for row in rows] == [
        ("lens_dirty", "viewer.lenses", "The lens is dirty."),
        ("wrong_digest", "viewer.lenses", "It is smeared."),
    ]
    assert "| `lens_dirty` | `viewer.lenses` | The lens is dirty. | Clean it. |" in error_table(rows)


def test_an_error_class_without_advice_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/lenses.py").write_text(COMPLETE.replace('remedy = "Clean it."', ""), encoding="utf-8")
    with pytest.raises(IncompleteErrorClassError, match=r"demo\.lenses\.LensError"):
        error_rows(tmp_path)
