"""Does a run of `benchmarks.folds` that goes on count the kept results of its own scenes, and no others?"""

import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.folds import SceneResult, measure_scenes, read_results
from benchmarks.parts.symmetric_scenes import COUNT


def result(*, seed: int = 0, is_twin: bool = False, placed: int = COUNT, wrong: int = 0) -> SceneResult:
    return SceneResult(
        name="building", seed=seed, is_twin=is_twin, placed=placed, wrong=wrong, wrong_steps=min(1, wrong), seconds=9.0
    )


def test_kept_results_are_not_measured_again(tmp_path: Path) -> None:
    kept = tmp_path / "results"
    every = [result(placed=12), result(seed=1, wrong=4), result(is_twin=True), result(seed=1, is_twin=True)]
    others = [result(seed=2, wrong=9), SceneResult(**asdict(result(wrong=9)) | {"name": "tower"})]
    kept.write_text("".join(json.dumps(asdict(each)) + "\n" for each in [*every, *others]), encoding="utf-8")
    before = kept.read_bytes()
    figures = measure_scenes(2, "building", None, kept)
    assert figures == {
        "wrong_sets": 1,
        "honest_share": 1 - 4 / (4 * COUNT),
        "placed_share": (12 + COUNT - 4) / (2 * COUNT),
        "twin_placed_share": 1.0,
        "scenes": 1,
        "seeds": 2,
    }
    assert kept.read_bytes() == before


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    assert read_results(None) == read_results(tmp_path / "none") == []
