"""LatencySamples of a project that has just begun, and percentiles."""

from pathlib import Path

import pytest

from broker.ids import ProjectId
from broker.percentiles import percentile
from reconstructor.statistics import LatencySamples, collect
from reconstructor.storage.store import Store


@pytest.mark.parametrize(
    ("values", "ratio", "expected"),
    [([], 0.5, None), ([3.0], 0.95, 3.0), ([4, 1, 3, 2], 0.5, 2), (range(1, 101), 0.95, 95), ([1, 2], 1.0, 2)],
)
def test_a_percentile_is_one_of_the_values(values: list[float], ratio: float, expected: float | None) -> None:
    assert percentile(values, ratio) == expected


def test_an_empty_project_has_figures_too(tmp_path: Path) -> None:
    store = Store(tmp_path, refetch_every=10)
    store.count_rejected()
    figures = collect(ProjectId("chapel"), store, LatencySamples(), memory_bytes=7)
    assert (figures.stored_count, figures.shard_count, figures.rejected_count) == (0, 0, 1)
    assert (figures.generation, figures.stored_to_shard_p50_s) == (None, None)
    assert figures.disk_free_bytes > 0
    assert figures.memory_bytes == 7
    store.close()
