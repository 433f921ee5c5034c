"""Are shards kept within their limit, and is nothing left at the end?"""

import errno
from pathlib import Path

import pytest

from viewer.shards.kept import KeptShards, NoRoomForShardsError


def test_the_shard_asked_for_longest_ago_gives_way(tmp_path: Path) -> None:
    with KeptShards(tmp_path, 300) as kept:
        for name in ("a", "b", "c"):
            kept.keep(name, bytes(100))
        assert kept.path("a") is not None  # asked for again
        kept.keep("d", bytes(100))
        found = {name: kept.path(name) for name in "abcd"}
        assert [name for name, path in found.items() if path is not None] == ["a", "c", "d"]
        assert kept.size_bytes == 300
        assert all(path is None or path.read_bytes() == bytes(100) for path in found.values())
        assert len(list(tmp_path.glob("*/*"))) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_shard_above_the_limit_is_kept_until_the_next_one(tmp_path: Path) -> None:
    with KeptShards(tmp_path, 0) as kept:
        assert kept.keep("a", b"12").read_bytes() == b"12"
        kept.keep("b", b"3")
        assert (kept.path("a"), kept.size_bytes) == (None, 1)


def test_the_same_shard_twice_counts_once(tmp_path: Path) -> None:
    with KeptShards(tmp_path, 100) as kept:
        kept.keep("a", bytes(60))
        kept.keep("a", bytes(60))
        assert kept.size_bytes == 60


def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NoRoomForShardsError, match="cannot keep a shard"):
        KeptShards(tmp_path / "file", 100).keep("a", b"1")


def test_a_shard_that_somebody_reads_is_not_written_again(tmp_path: Path) -> None:
    with KeptShards(tmp_path, 100) as kept:
        path = kept.keep("a", b"whole")
        path.write_bytes(b"being read")  # stands for the moment in which the file is open elsewhere
        assert kept.keep("a", b"whole") == path
        assert path.read_bytes() == b"being read"


def test_half_a_shard_does_not_stay_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_half(path: Path, payload: bytes) -> int:
        with path.open("wb") as file:
            file.write(payload[: len(payload) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with KeptShards(tmp_path, 100) as kept:
        kept.keep("a", b"1")
        monkeypatch.setattr(Path, "write_bytes", write_half)
        with pytest.raises(NoRoomForShardsError, match="No space"):
            kept.keep("b", b"1234")
        assert [path.name for path in tmp_path.glob("*/*")] == ["a"]
        assert (kept.path("b"), kept.size_bytes) == (None, 1)
