"""Does a run of `benchmarks.folds` that goes on count the kept results of its own scenes, and no others?"""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.folds import SceneResult, keep_result, measure_scenes, read_results
from benchmarks.parts.results import commit
from benchmarks.parts.symmetric_scenes import COUNT


def result(*, seed: int = 0, is_twin: bool = False, placed: int = COUNT, wrong: int = 0) -> SceneResult:
    return SceneResult(
        name="building",
        seed=seed,
        is_twin=is_twin,
        placed=placed,
        wrong=wrong,
        wrong_steps=min(1, wrong),
        seconds=9.0,
        commit=commit(),
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


def test_results_of_another_commit_and_half_a_line_are_measured_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, whole = tmp_path / "results", json.dumps(asdict(result()))
    other = json.dumps(asdict(result(seed=1)) | {"commit": "0123456789"})
    without = json.dumps({name: value for name, value in asdict(result(seed=2)).items() if name != "commit"})
    kept.write_text("\n".join([whole, other, without, whole[:40]]), encoding="utf-8")
    assert read_results(kept) == [result()]
    told = capsys.readouterr().err
    assert "1 results are of another commit" in told
    assert told.count("not whole") == 2
    keep_result(kept, result(seed=3))
    keep_result(kept, result(seed=4))
    assert read_results(kept) == [result(), result(seed=3), result(seed=4)]


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    assert read_results(None) == read_results(tmp_path / "none") == []
