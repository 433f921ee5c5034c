"""A title is one line in any script; it stands in the store beside the service that has it open."""

from pathlib import Path

import pytest

from broker.envelope import MAX_TITLE_LENGTH
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.store import Store
from reconstructor.storage.title import BadTitleError, checked_title, is_title, write_title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  Kapelle St. Märgen ", "Kapelle St. Märgen"),
        ("Ma\u0308rgen", "M\u00e4rgen"),
        ("聖堂・第二期", "聖堂・第二期"),
        ("\u0645\u06cc\u200c\u0634\u0648\u062f", "\u0645\u06cc\u200c\u0634\u0648\u062f"),
        ("", ""),
        ("x" * MAX_TITLE_LENGTH, "x" * MAX_TITLE_LENGTH),
    ],
)
def test_any_script_is_a_title(text: str, title: str) -> None:
    assert checked_title(text) == title
    assert is_title(title)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\nb", r"U\+000A"),
        ("a\x1b[31m", r"U\+001B"),
        ("a\u202eb", r"U\+202E"),
        ("a\u200bb", r"U\+200B"),
        ("a\ud800b", r"U\+D800"),
        ("x" * (MAX_TITLE_LENGTH + 1), "at most 120 signs, this one has 121"),
    ],
)
def test_what_is_no_line_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(BadTitleError, match=said):
        checked_title(text)
    assert not is_title(text)


def test_a_title_is_written_beside_the_open_store_and_taken_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=10)
    assert store.identity.title == ""
    write_title(tmp_path / "chapel", "Kapelle")
    assert (store.identity.title, Store.read_only(tmp_path / "chapel").title()) == ("Kapelle", "Kapelle")
    write_title(tmp_path / "chapel", "")
    assert store.identity.title == ""
    store.close()


def test_a_project_that_is_not_there_gets_no_title(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no project 'tower'"):
        write_title(tmp_path / "tower", "Tower")
    assert not (tmp_path / "tower").exists()
