"""Is a file whole or absent, private when asked, and never a mixture of two versions?"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.files import UNFINISHED, append, bound, earlier, locked, write_durably


def test_several_files_are_written_synced_and_renamed_in_this_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def noted(name: str, function: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            steps.append(name)
            function(*arguments)

        return call

    monkeypatch.setattr(os, "fsync", noted("fsync", os.fsync))
    monkeypatch.setattr(os, "replace", noted("replace", os.replace))
    write_durably(tmp_path, {"a": b"1", "b": b"2"})
    assert steps == ["fsync", "fsync", "replace", "replace", "fsync"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"1", "b": b"2"}


def test_a_disk_that_fails_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_durably(tmp_path, {"a": b"the old version"})

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_durably(tmp_path, {"a": b"new"})
    assert (tmp_path / "a").read_bytes() == b"the old version"


def test_a_secret_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    write_durably(tmp_path, {"password": b"x"}, mode=0o600)
    assert (tmp_path / "password").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / f"password{UNFINISHED}").exists()


def test_a_log_that_grew_is_kept_aside_and_goes_on_empty(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab", buffering=0) as program:
        program.write(b"x" * 100)
        bound(log, 100)
        assert not earlier(log).exists()
        program.write(b"y")
        bound(log, 100)
        program.write(b"z")
    assert earlier(log).read_bytes() == b"x" * 100 + b"y"
    assert log.read_bytes() == b"z"


def test_a_log_stays_with_its_earlier_copy_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"newer" * 30)
    earlier(log).write_bytes(b"older")

    def fail(_source: Path, target: Path) -> None:
        target.write_bytes(b"ne")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copy", fail)
    with pytest.raises(OSError, match="No space"):
        bound(log, 100)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        log.name: b"newer" * 30,
        earlier(log).name: b"older",
    }


def test_what_a_power_cut_or_a_stranger_left_is_replaced_and_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("not ours")
    (tmp_path / f"a{UNFINISHED}").symlink_to(other)
    (tmp_path / f"b{UNFINISHED}").write_text("half")
    write_durably(tmp_path, {"a": b"1", "b": b"2"})
    assert other.read_text() == "not ours"
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"1", b"2")
    assert not (tmp_path / "a").is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write for others")
def test_what_root_writes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 61_001, 61_002)
    write_durably(tmp_path, {"a": b"1"}, mode=0o600)
    for line in (b"1\n", b"2\n"):
        append(tmp_path / "log", line)
    assert (tmp_path / "log").read_bytes() == b"1\n2\n"
    with locked(tmp_path / "lock"), locked(tmp_path / "other.lock"):
        found = [(tmp_path / name).stat() for name in ("a", "log", "lock", "other.lock")]
    assert {(each.st_uid, each.st_gid, each.st_mode & 0o777) for each in found} == {(61_001, 61_002, 0o600)}
