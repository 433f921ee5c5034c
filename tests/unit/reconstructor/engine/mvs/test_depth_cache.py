"""Depth maps come back from the cache as they were put there, and the file does not grow without end."""

import errno
import os
from pathlib import Path

import pytest
import torch

from reconstructor.engine.mvs.depth_cache import DepthCache
from reconstructor.engine.mvs.packed_depth import PackedDepth

SIZE_BYTES = 4 * 30 * 41


def kept(seed: int, shape: tuple[int, int] = (30, 41)) -> PackedDepth:
    random = torch.Generator().manual_seed(seed)
    return PackedDepth(
        inverse_depth=torch.randint(-32_768, 32_768, shape, generator=random).to(torch.int16),
        log_deviation=torch.randint(0, 256, shape, generator=random).to(torch.uint8),
        confidence=torch.randint(0, 256, shape, generator=random).to(torch.uint8),
        lowest=-1.5 - seed,
        octaves=6.25,
    )


def is_same(one: PackedDepth, other: PackedDepth) -> bool:
    are_equal = all(torch.equal(left, right) for left, right in zip(one.codes, other.codes, strict=True))
    return are_equal and (one.lowest, one.octaves) == (other.lowest, other.octaves)


@pytest.mark.parametrize("in_memory_bytes", [0, 2 * SIZE_BYTES, 100 * SIZE_BYTES])
def test_what_was_put_comes_back_whether_in_memory_or_not(tmp_path: Path, in_memory_bytes: int) -> None:
    cache = DepthCache(tmp_path, in_memory_bytes=in_memory_bytes)
    places = [cache.store(kept(seed)) for seed in range(6)] + [cache.store(kept(6, (7, 5)))]
    for seed in (3, 0, 5, 1, 2, 4, 0):
        assert is_same(places[seed].load(), kept(seed))
    assert is_same(places[6].load(), kept(6, (7, 5)))


def test_only_those_used_last_are_in_memory(tmp_path: Path) -> None:
    cache = DepthCache(tmp_path, in_memory_bytes=2 * SIZE_BYTES)
    places = [cache.store(kept(seed)) for seed in range(3)]
    assert places[0].load() is places[0].load()
    kept_0 = places[0].load()
    _ = places[1].load(), places[2].load()
    assert places[0].load() is not kept_0


def test_places_without_an_owner_are_used_again(tmp_path: Path) -> None:
    cache = DepthCache(tmp_path, in_memory_bytes=0)
    held = [cache.store(kept(seed)) for seed in range(4)]
    for seed in range(4, 40):
        held[seed % 4] = cache.store(kept(seed))
    assert [is_same(place.load(), kept(36 + index)) for index, place in enumerate(held)] == [True] * 4
    assert os.fstat(cache._file).st_size <= 5 * SIZE_BYTES


def test_a_full_disk_leaves_depth_maps_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = DepthCache(tmp_path, in_memory_bytes=0)

    def full(_file: int, _body: bytes, _offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    given = kept(1)
    assert cache.store(given).load() is given


def test_the_file_has_no_name(tmp_path: Path) -> None:
    DepthCache(tmp_path).store(kept(1))
    assert not list(tmp_path.iterdir())
