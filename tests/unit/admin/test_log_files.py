"""A full log moves on, an open writer goes on in the emptied one, and only some copies stay."""

import errno
import shutil
from pathlib import Path

import pytest

from admin.log_files import rotate


def test_a_full_log_is_copied_and_its_writer_goes_on_at_the_beginning(tmp_path: Path) -> None:
    log = tmp_path / "page.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"a" * 100)
        log.chmod(0o600)
        assert not rotate(log, full_bytes=101)
        assert rotate(log, full_bytes=100)
        writer.write(b"b")
    assert log.read_bytes() == b"b"
    copy = tmp_path / "page.log.1"
    assert copy.read_bytes() == b"a" * 100
    assert copy.stat().st_mode & 0o777 == 0o600


def test_the_oldest_copy_goes(tmp_path: Path) -> None:
    log = tmp_path / "page.log"
    for content in (b"1", b"2", b"3", b"4"):
        log.write_bytes(content)
        assert rotate(log, full_bytes=1, copies=2)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "page.log": b"",
        "page.log.1": b"4",
        "page.log.2": b"3",
    }


def test_a_full_disk_costs_no_older_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "page.log"
    for content in (b"1", b"2", b"3"):
        log.write_bytes(content)
        assert rotate(log, full_bytes=1, copies=2)
    log.write_bytes(b"4")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def no_room(_source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", no_room)
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            rotate(log, full_bytes=1, copies=2)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_log_that_is_not_there_is_left_alone(tmp_path: Path) -> None:
    assert not rotate(tmp_path / "none.log")
    assert list(tmp_path.iterdir()) == []
