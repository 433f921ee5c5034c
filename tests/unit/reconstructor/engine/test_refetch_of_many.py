"""Does a refetch of many images leave out what need not be done, and do live images go before it? Without depth."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from broker.shards import PointCloud, decode_ply
from reconstructor.engine import next_model, refetch
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.priority import Pause
from reconstructor.engine.protocol import EngineResult
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm import residuals
from reconstructor.engine.sfm.equal_parts.repeated_matches import EarlierPairs, without_repeated
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.published_points import PublishedPoints
from reconstructor.engine.sfm.restore import add_to_mapper
from reconstructor.engine.solve_tasks import SolveTask
from reconstructor.engine.stopwatch import Stopwatch
from tests.unit.reconstructor.engine.engines import add_first, poses, solved
from tests.unit.reconstructor.engine.synthetic import Photographs

SETTINGS = EngineSettings(threads=1, max_features=1000, dense=False)
BEFORE = 3


@pytest.fixture(scope="module")
def before(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three images."""
    return add_first(photographs, tmp_path_factory.mktemp("before"), SETTINGS, BEFORE)


@pytest.fixture
def engine(before: Path, tmp_path: Path) -> LiveEngine:
    return LiveEngine(shutil.copytree(before, tmp_path / "engine"), SETTINGS)


def points_in(outcome: EngineResult) -> np.ndarray:
    return PointCloud.join([decode_ply(path.read_bytes()) for path in outcome.folder.glob("*.ply")]).points_in_world


def add_more_than_a_window(engine: LiveEngine, photographs: Photographs, monkeypatch: pytest.MonkeyPatch) -> int:
    """Add images until a refetch beside live images adjusts only the newest ones; returns how many there are."""
    window, count = 3, 6
    monkeypatch.setattr(refetch, "WINDOW", window)
    for path in photographs.paths[BEFORE:count]:
        engine.add_image(path, path.stem)
    return count


def test_an_image_that_comes_while_pairs_of_equal_parts_are_left_out_is_in_the_next_model(
    engine: LiveEngine, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = photographs.paths[BEFORE]
    monkeypatch.setattr(engine._refetch, "solve", solved)

    def leaves_out(model: Any, known: KnownImages, before: EarlierPairs | None, pause: Pause) -> KnownImages:
        for count, _ in enumerate(known.pairs.items(), 1):
            if count == 1:
                engine.add_image(path, path.stem)
        return without_repeated(model, known, before, pause)

    monkeypatch.setattr(next_model, "without_repeated", leaves_out)
    refetched = engine.refetch().update
    assert refetched.solution == 1
    assert len(poses(refetched)) == BEFORE + 1


def test_of_many_images_that_came_meanwhile_only_the_last_are_adjusted_and_each_lets_new_ones_before(
    engine: LiveEngine, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine._refetch, "solve", solved)
    monkeypatch.setattr(next_model, "_MOST_ADJUSTED", 1)
    events: list[str] = []
    monkeypatch.setattr(engine._refetch.priority, "yield_interpreter", lambda: events.append("pause"))

    def adds_three(model: Any, known: KnownImages, before: EarlierPairs | None, pause: Pause) -> KnownImages:
        for path in photographs.paths[BEFORE : BEFORE + 3]:
            engine.add_image(path, path.stem)
        return without_repeated(model, known, before, pause)

    def added(number: int, known: KnownImages, mapper: LiveMapper, credible: Sequence[Pair] | None) -> None:
        events.append(f"add {number}")
        assert credible is None  # the model was solved again: it must judge itself
        add_to_mapper(number, known, mapper, credible)

    def registered(mapper: LiveMapper, number: int, *, adjusts: bool = True) -> bool:
        events.append(f"register {number}{' and adjust' if adjusts else ''}")
        return register(mapper, number, adjusts=adjusts)

    register = LiveMapper.register
    monkeypatch.setattr(next_model, "without_repeated", adds_three)
    monkeypatch.setattr(next_model, "add_to_mapper", added)
    monkeypatch.setattr(LiveMapper, "register", registered)
    refetched = engine.refetch().update
    caught_up = [
        "pause",
        "add 4",
        "register 4",
        "pause",
        "add 5",
        "register 5",
        "pause",
        "add 6",
        "register 6 and adjust",
    ]
    begin = events.index("add 4") - 1
    assert events[begin : begin + len(caught_up)] == caught_up
    assert len(poses(refetched)) == BEFORE + 3
    assert photographs.center_error(refetched) < 0.01


def test_of_a_busy_large_project_only_the_pairs_of_the_newest_images_are_judged_again(
    engine: LiveEngine, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = add_more_than_a_window(engine, photographs, monkeypatch)
    judged: list[EarlierPairs | None] = []

    def watched(model: Any, known: KnownImages, earlier: EarlierPairs | None, pause: Pause) -> KnownImages:
        judged.append(earlier)
        return without_repeated(model, known, earlier, pause)

    monkeypatch.setattr(next_model, "without_repeated", watched)
    refetched = engine.refetch()
    assert refetched.solve is not None
    assert refetched.solve.method == "windows"
    engine.add_image(photographs.paths[count], photographs.paths[count].stem)
    refetched = engine.refetch()
    first, earlier = judged
    assert first is not None
    assert not first.judged  # the live pairs were never judged with the whole model
    assert earlier is not None
    assert earlier.judged == set(range(1, count + 1))
    assert {(pair.earlier, pair.newer) for pair in earlier.pairs} == {
        (pair.earlier, pair.newer) for number in range(1, count + 2) for pair in engine.known.pairs[number]
    }
    assert len(poses(refetched.update)) == count + 1


def test_an_image_that_comes_while_only_the_newest_ones_move_keeps_its_pairs(
    engine: LiveEngine, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = add_more_than_a_window(engine, photographs, monkeypatch)
    live, path = engine.components[0].mapper, photographs.paths[count]
    kept: dict[int, Sequence[Pair] | None] = {}

    def adds_one(model: Any, known: KnownImages, before: EarlierPairs | None, pause: Pause) -> KnownImages:
        engine.add_image(path, path.stem)
        return without_repeated(model, known, before, pause)

    def added(number: int, known: KnownImages, mapper: LiveMapper, credible: Sequence[Pair] | None) -> None:
        kept[number] = credible
        add_to_mapper(number, known, mapper, credible)

    monkeypatch.setattr(next_model, "without_repeated", adds_one)
    monkeypatch.setattr(next_model, "add_to_mapper", added)
    refetched = engine.refetch().update
    assert kept == {count + 1: tuple(live.pairs[count + 1])}
    assert engine.components[0].mapper is not live
    assert engine.components[0].mapper.pairs[count + 1] == live.pairs[count + 1]
    assert len(poses(refetched)) == count + 1
    assert photographs.center_error(refetched) < 0.01


def test_errors_are_measured_while_images_can_still_be_added(
    engine: LiveEngine, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine._refetch, "solve", solved)
    measured: list[tuple[bool, int]] = []
    of, finish, is_last = residuals._root_mean_square, engine._finish, [False]

    def root_mean_square(model: Any, number: int) -> float | None:
        measured.append((is_last[0], number))
        return of(model, number)

    def finished(rebuilt: refetch.RefetchResult, watch: Stopwatch) -> EngineResult:
        is_last[0] = True
        return finish(rebuilt, watch)

    monkeypatch.setattr(residuals, "_root_mean_square", root_mean_square)
    monkeypatch.setattr(engine, "_finish", finished)
    update = engine.refetch().update
    assert measured == [(False, number) for number in range(1, BEFORE + 1)]
    assert all(camera.reprojection_error_px is not None for camera in update.cameras)


def test_errors_of_images_that_have_not_moved_are_not_measured_again(
    engine: LiveEngine, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []
    of = residuals._root_mean_square

    def only_one_moves(task: SolveTask) -> tuple[None, Any, str]:
        verdict, solution, objection = solved(task)
        pose = solution.image(BEFORE).cam_from_world()
        solution.frame(solution.image(BEFORE).frame_id).rig_from_world = pycolmap.Rigid3d(
            pose.rotation, 1.001 * pose.translation
        )
        task.only_newest_moved = True
        return verdict, solution, objection

    def root_mean_square(model: Any, number: int) -> float | None:
        measured.append(number)
        return of(model, number)

    engine.add_image(photographs.paths[BEFORE], photographs.paths[BEFORE].stem)
    monkeypatch.setattr(engine._refetch, "solve", only_one_moves)
    monkeypatch.setattr(residuals, "_root_mean_square", root_mean_square)
    update = engine.refetch().update
    assert measured == [BEFORE]
    assert all(camera.reprojection_error_px is not None for camera in update.cameras)


@pytest.mark.parametrize("comes_late", [False, True])
def test_the_cloud_of_a_large_model_is_taken_before_and_whole_at_the_end(
    engine: LiveEngine, photographs: Photographs, monkeypatch: pytest.MonkeyPatch, *, comes_late: bool
) -> None:
    monkeypatch.setattr(next_model, "_LARGE", BEFORE - 1)
    monkeypatch.setattr(engine._refetch, "solve", solved)
    taken: list[bool] = []
    take_all, finish, is_last = PublishedPoints.take_all, engine._finish, [False]

    def take(published: PublishedPoints, model: Any, features: Any, *pause: Pause) -> PointCloud:
        taken.append(is_last[0])
        return take_all(published, model, features, *pause)

    def finished(rebuilt: refetch.RefetchResult, watch: Stopwatch) -> EngineResult:
        if comes_late:
            engine.add_image(photographs.paths[BEFORE], photographs.paths[BEFORE].stem)
        is_last[0] = True
        return finish(rebuilt, watch)

    monkeypatch.setattr(PublishedPoints, "take_all", take)
    monkeypatch.setattr(engine, "_finish", finished)
    refetched = engine.refetch()
    assert taken == [False]
    assert len(poses(refetched.update)) == BEFORE + comes_late
    complete = points_in(engine.complete())
    assert np.array_equal(np.unique(points_in(refetched), axis=0), np.unique(complete, axis=0))
    further = photographs.paths[BEFORE + 1]
    assert 0 < engine.add_image(further, further.stem).update.new_point_count < len(complete)
