"""The short form of `python -m benchmarks.slow_pull`: each shard takes longer than any silence that is tolerated."""

from pathlib import Path

import pytest

from benchmarks.slow_pull import pull
from broker import live
from viewer import fetch

SILENCE_S = 0.3


async def test_a_cloud_comes_whole_over_a_link_on_which_each_shard_takes_longer_than_a_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for silence in fetch._Silence:
        monkeypatch.setattr(silence, "_value_", SILENCE_S)
    monkeypatch.setattr(live, "ANSWER_SILENCE_S", SILENCE_S)
    points, rate_bytes_per_s = (1500,) * 10, 50_000.0
    assert min(points) * 15 / rate_bytes_per_s > 1.4 * SILENCE_S
    outcome = await pull(tmp_path, rate_bytes_per_s, points)
    assert outcome.is_equal
    assert outcome.resync_count == 0
