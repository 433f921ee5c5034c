"""Files are whole or not there, and in which order that is made sure."""

import errno
import os
from pathlib import Path

import pytest

from broker import files
from reconstructor.storage.durable_files import DiskFullError, StoreError, make_folder, remove_unfinished, write_durably


def test_every_file_is_synced_before_its_name_appears_and_the_folder_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    replace = os.replace
    monkeypatch.setattr(files, "sync", lambda path: steps.append(f"sync {path.name}"))

    def rename(source: Path, target: Path) -> None:
        steps.append(f"rename {target.name}")
        replace(source, target)

    monkeypatch.setattr(os, "replace", rename)
    write_durably(tmp_path, {"a": b"1", "b": b"2"})
    assert steps == ["sync a.tmp", "sync b.tmp", "rename a", "rename b", f"sync {tmp_path.name}"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"1", "b": b"2"}


def test_writing_again_replaces_the_whole_file(tmp_path: Path) -> None:
    write_durably(tmp_path, {"a": b"a long first version"})
    write_durably(tmp_path, {"a": b"short"})
    assert (tmp_path / "a").read_bytes() == b"short"


@pytest.mark.parametrize(
    ("number", "error", "code"),
    [
        (errno.ENOSPC, DiskFullError, "disk_full"),
        (errno.EDQUOT, DiskFullError, "disk_full"),
        (errno.EIO, StoreError, "store_failed"),
    ],
)
def test_trouble_with_the_disk_is_told_with_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[StoreError], code: str
) -> None:
    def fail(path: Path) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(files, "sync", fail)
    with pytest.raises(error) as caught:
        write_durably(tmp_path, {"a": b"1"})
    assert caught.value.code == code
    assert not (tmp_path / "a").exists()


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot use"):
        make_folder(tmp_path / "file" / "folder")


def test_only_what_a_crash_left_half_written_is_removed(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name in ("kept", "lost.tmp", "below/lost.tmp"):
        (tmp_path / name).touch()
    assert remove_unfinished(tmp_path) == 2
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["kept"]
