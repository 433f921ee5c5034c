"""Where is a program of Debian's found, and what is said when apt does not give it?"""

from pathlib import Path

import pytest

from benchmarks.parts import debian
from benchmarks.parts.debian import PackageMissingError, root_of


def test_an_installed_program_is_used_where_it_is() -> None:
    assert root_of("bash", "bin/sh") == Path("/")


def test_an_unpacked_program_is_not_downloaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "UNPACKED", tmp_path)
    monkeypatch.setenv("PATH", "")
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "program").touch()
    assert root_of("thing", "program") == tmp_path / "thing"


def test_without_apt_it_is_said_in_one_sentence_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "UNPACKED", tmp_path)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PackageMissingError, match=r"apt-get failed: .*run `apt-get update` first"):
        root_of("thing", "program")
    assert list(tmp_path.iterdir()) == []
