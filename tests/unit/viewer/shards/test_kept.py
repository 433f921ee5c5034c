"""Are shards kept within their limit, and is nothing left at the end?"""

import asyncio
import errno
import sys
from pathlib import Path

import pytest

from viewer.shards.kept import KeptShards, NoRoomForShardsError


def names(folder: Path, pattern: str) -> list[str]:
    return [path.name for path in folder.glob(pattern)]


async def test_the_shard_asked_for_longest_ago_gives_way(tmp_path: Path) -> None:
    with KeptShards(tmp_path, 300) as kept:
        for name in ("a", "b", "c"):
            await kept.keep(name, bytes(100))
        assert kept.path("a") is not None  # asked for again
        await kept.keep("d", bytes(100))
        found = {name: kept.path(name) for name in "abcd"}
        assert [name for name, path in found.items() if path is not None] == ["a", "c", "d"]
        assert kept.size_bytes == 300
        assert all(path is None or path.read_bytes() == bytes(100) for path in found.values())
        assert len(names(tmp_path, "*/*")) == 3
    assert names(tmp_path, "*") == []


async def test_a_shard_above_the_limit_is_kept_until_the_next_one(tmp_path: Path) -> None:
    with KeptShards(tmp_path, 0) as kept:
        assert (await kept.keep("a", b"12")).read_bytes() == b"12"
        await kept.keep("b", b"3")
        assert (kept.path("a"), kept.size_bytes) == (None, 1)


async def test_the_same_shard_twice_counts_once(tmp_path: Path) -> None:
    with KeptShards(tmp_path, 100) as kept:
        await kept.keep("a", bytes(60))
        await kept.keep("a", bytes(60))
        assert kept.size_bytes == 60


async def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NoRoomForShardsError, match="cannot keep a shard"):
        await KeptShards(tmp_path / "file", 100).keep("a", b"1")


async def test_a_shard_that_somebody_reads_is_not_written_again(tmp_path: Path) -> None:
    with KeptShards(tmp_path, 100) as kept:
        path = await kept.keep("a", b"whole")
        path.write_bytes(b"being read")  # stands for the moment in which the file is open elsewhere
        assert await kept.keep("a", b"whole") == path
        assert path.read_bytes() == b"being read"


async def test_a_killed_programs_folder_goes_and_a_running_ones_stays(tmp_path: Path) -> None:
    killed = tmp_path / "cairn-shards-killed"
    killed.mkdir()
    (killed / "shard").write_bytes(bytes(100))
    (tmp_path / "others").mkdir()
    (tmp_path / "cairn-shards-link").symlink_to(tmp_path / "others")
    with KeptShards(tmp_path, 100) as running:
        path = await running.keep("a", b"1")
        KeptShards(tmp_path, 100).remove_leftovers()
        assert path.exists()
        assert not killed.exists()
        assert (tmp_path / "others").exists()


async def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, signal, sys\nfrom pathlib import Path\nfrom viewer.shards.kept import KeptShards\n"
        "kept = KeptShards(Path(sys.argv[1]), 100)\nasyncio.run(kept.keep('a', b'1'))\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(tmp_path))
    await killed.wait()
    assert names(tmp_path, "*/*") == ["a"]
    KeptShards(tmp_path, 100).remove_leftovers()
    assert names(tmp_path, "*") == []


async def test_half_a_shard_does_not_stay_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_half(path: Path, payload: bytes) -> int:
        with path.open("wb") as file:
            file.write(payload[: len(payload) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with KeptShards(tmp_path, 100) as kept:
        await kept.keep("a", b"1")
        monkeypatch.setattr(Path, "write_bytes", write_half)
        with pytest.raises(NoRoomForShardsError, match="No space"):
            await kept.keep("b", b"1234")
        assert names(tmp_path, "*/*") == ["a"]
        assert (kept.path("b"), kept.size_bytes) == (None, 1)
