"""Do images go on while a refetch makes the next model, is everything in it once, and does a crash at any write matter?"""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from broker.shards import PointCloud, decode_ply
from reconstructor.black_box import Update, read_update
from reconstructor.engine import next_components, refetch
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.mvs import densifier
from reconstructor.engine.mvs.depth_files import DepthFiles
from reconstructor.engine.next_model import NextModel
from reconstructor.engine.priority import EngineClosedError
from reconstructor.engine.protocol import EngineResult
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.model_comparison import similarity_between
from reconstructor.engine.solve_tasks import SolveTask
from tests.unit.reconstructor.engine.engines import add_first, poses, solved
from tests.unit.reconstructor.engine.synthetic import Photographs

SETTINGS = EngineSettings(threads=1, max_features=1000, dense_max_side_px=128)
BEFORE = 3
MOST_WRITES = 40


class Crash(BaseException):
    """The process ends here."""


def moved(before: Update, after: Update) -> float:
    """How far cameras moved, at the most, relative to their extent."""
    old, new = poses(before)[:, :3, 3], poses(after)[:, :3, 3]
    return float(np.abs(old - new[: len(old)]).max() / np.ptp(new, axis=0).max())


def cloud_in(outcome: EngineResult) -> PointCloud:
    return PointCloud.join([decode_ply(path.read_bytes()) for path in sorted(outcome.folder.glob("*.ply"))])


@contextmanager
def in_the_middle(engine: LiveEngine, work: Callable[[], object], patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Do something once, while a refetch of this engine fuses its first depth map."""
    report, left = engine._refetch.report, [work]

    def told(stage: str, done: int, total: int) -> None:
        report(stage, done, total)
        if stage == "fusion" and left:
            left.pop()()

    with patch.context() as inside:
        inside.setattr(engine._refetch, "report", told)
        yield


@pytest.fixture(scope="module")
def before(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three images and their depth."""
    return add_first(photographs, tmp_path_factory.mktemp("before"), SETTINGS, BEFORE)


def test_images_are_added_while_a_refetch_runs_and_are_in_its_cloud(
    before: Path, photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = LiveEngine(shutil.copytree(before, tmp_path / "engine"), SETTINGS)
    is_half_way, may_go_on = threading.Event(), threading.Event()
    finished: list[EngineResult] = []

    def stop_half_way() -> None:
        is_half_way.set()
        assert may_go_on.wait(60)

    def refetch() -> None:
        finished.append(engine.refetch())

    with in_the_middle(engine, stop_half_way, monkeypatch):
        thread = threading.Thread(target=refetch)
        thread.start()
        assert is_half_way.wait(60)
        added = [engine.add_image(path, path.stem) for path in photographs.paths[BEFORE : BEFORE + 2]]
        assert not finished
        may_go_on.set()
        thread.join(60)
    (refetched,) = finished
    assert not refetched.update.refetch_rejected
    assert [each.update.solution for each in (*added, refetched)] == [0, 0, 1]
    assert all(len(cloud_in(each)) > 100 for each in added)
    assert len(poses(refetched.update)) == BEFORE + 2
    assert photographs.center_error(refetched.update) < 0.01
    complete = engine.complete().update.new_point_count
    assert 0.9 * complete < refetched.update.new_point_count < 1.4 * complete  # the last two are not fused yet
    path = photographs.paths[BEFORE + 2]
    following = engine.add_image(path, path.stem)
    assert following.update.solution == 1
    assert 0 < following.update.new_point_count < refetched.update.new_point_count


def test_no_depth_is_written_and_no_frame_sought_while_images_wait(
    before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = LiveEngine(shutil.copytree(before, tmp_path / "engine"), SETTINGS)
    monkeypatch.setattr(engine._refetch, "solve", solved)
    holds: list[tuple[str, bool]] = []

    def watched(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any) -> Any:
            holds.append((name, engine._model_lock._is_owned()))  # type: ignore[attr-defined]
            return work(*values)

        return call

    monkeypatch.setattr(next_components, "similarity_between", watched("frame", similarity_between))
    monkeypatch.setattr(DepthFiles, "_write_entry", staticmethod(watched("depth", DepthFiles._write_entry)))
    sequence = engine.refetch().folder.parent.name
    assert holds == [("frame", False)] + BEFORE * [("depth", False)]
    depth = {path.name for path in (tmp_path / "engine/depth").iterdir()}
    assert {f"{number:06d}.{sequence}.npz" for number in range(1, BEFORE + 1)} <= depth
    assert not any("next" in name for name in depth)


def test_photographs_that_a_refetch_cuts_off_are_shown_beside_the_others(
    before: Path, photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = LiveEngine(shutil.copytree(before, tmp_path / "engine"), SETTINGS)
    for path in photographs.paths[BEFORE : 2 * BEFORE]:
        engine.add_image(path, path.stem)
    cut_off = set(range(BEFORE + 1, 2 * BEFORE + 1))

    def cut(task: SolveTask) -> tuple[None, Any, str]:
        assert task.live is not None
        solution = pycolmap.Reconstruction(task.live)
        task.left_out = cut_off
        for number in cut_off:
            solution.deregister_frame(number)
        return None, solution, ""

    monkeypatch.setattr(engine._refetch, "solve", cut)
    monkeypatch.setattr(next_components, "observing_little", lambda waiting, _: waiting)
    monkeypatch.setattr(NextModel, "_waiting", lambda _: [])
    refetched = engine.refetch()
    assert [camera.component for camera in refetched.update.cameras] == [0, 0, 0, 1, 1, 1]
    assert len(poses(refetched.update)) == 2 * BEFORE
    counts = {path.name: len(decode_ply(path.read_bytes())) for path in refetched.folder.glob("*.ply")}
    assert counts.keys() == {"points.ply", "component-1.ply"}
    assert min(counts.values()) > 1000
    again = LiveEngine(tmp_path / "engine", SETTINGS)
    assert [len(each.mapper.placed_numbers()) for each in again.components] == [BEFORE, BEFORE]


def test_a_complete_cloud_of_too_many_points_is_thinned_and_the_log_says_so(
    before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    limit = 1500
    settings = SETTINGS.model_copy(update={"points_limit": limit})
    engine = LiveEngine(shutil.copytree(before, tmp_path / "engine"), settings)
    monkeypatch.setattr(engine._refetch, "solve", solved)
    refetched = engine.refetch()
    assert refetched.update.solution == 1
    assert limit / 3 < len(cloud_in(refetched)) <= limit
    assert f"{limit:,} are taken" in capfd.readouterr().err
    assert limit / 3 < len(cloud_in(engine.complete())) <= limit


def test_a_refetch_that_would_lose_a_tenth_of_the_surface_is_refused(
    before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = LiveEngine(shutil.copytree(before, tmp_path / "engine"), SETTINGS)
    monkeypatch.setattr(engine._refetch, "solve", solved)
    monkeypatch.setattr(densifier, "surface_lost_share", lambda *_: 0.13)
    refused = engine.refetch().update
    assert "13% of the surface" in refused.refetch_rejected
    assert (refused.solution, refused.new_point_count) == (0, 0)
    assert len(poses(refused)) == BEFORE


def test_an_add_that_is_asked_for_again_after_a_refetch_brings_what_it_brought(
    before: Path, photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller was killed before it had read either answer."""
    engine = LiveEngine(shutil.copytree(before, tmp_path / "engine"), SETTINGS)
    path, added = photographs.paths[BEFORE], []
    monkeypatch.setattr(engine._refetch, "solve", solved)
    with in_the_middle(engine, lambda: added.append(engine.add_image(path, path.stem)), monkeypatch):
        engine.refetch()
    again = LiveEngine(tmp_path / "engine", SETTINGS).add_image(path, path.stem)
    assert again.folder == added[0].folder
    written = read_update(again.folder)
    assert written is not None
    assert written.solution == 0


def test_a_crash_at_any_write_of_a_refetch_and_of_an_image_meanwhile_changes_nothing_in_the_end(
    before: Path, photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = photographs.paths[BEFORE]

    def run(folder: Path, nth: int) -> Update | None:
        """A refetch with an image in its middle; None if it crashed."""
        engine = LiveEngine(folder, SETTINGS)
        monkeypatch.setattr(engine._refetch, "solve", solved)
        try:
            with (
                crash_at(nth, monkeypatch),
                in_the_middle(engine, lambda: engine.add_image(path, path.stem), monkeypatch),
            ):
                return engine.refetch().update
        except Crash:
            return None

    expected = run(shutil.copytree(before, tmp_path / "expected"), MOST_WRITES)
    assert expected is not None
    for nth in range(MOST_WRITES):
        folder = shutil.copytree(before, tmp_path / str(nth))
        has_crashed = run(folder, nth) is None
        engine = LiveEngine(folder, SETTINGS)
        depth = engine.components[0].densifier
        assert depth is not None
        assert all(depth.entry(number) is not None for number in engine._mapper.placed_numbers())
        added = engine.add_image(path, path.stem).update
        assert len(poses(added)) == BEFORE + 1
        assert moved(expected, added) < 1e-3
        complete = engine.complete().update.new_point_count
        assert 0.8 * complete < expected.new_point_count < 1.4 * complete  # live depth is quick, a refetch's is not
        if not has_crashed:
            assert nth > 2 * BEFORE
            return
    pytest.fail("it never came to its end")


@contextmanager
def crash_at(nth: int, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Crash before the nth file is renamed to its name; words of progress apart."""
    count = 0
    with patch.context() as inside:
        inside.setattr(refetch, "write_progress", lambda *_: None)
        for name in ("replace", "rename"):
            move = getattr(Path, name)

            def crash(self: Path, target: Path, *, move: Callable[[Path, Path], Path] = move) -> Path:
                nonlocal count
                if count == nth:
                    raise Crash
                count += 1
                return move(self, target)

            inside.setattr(Path, name, crash)
        yield


def test_a_refetch_of_a_closed_engine_ends_at_once_and_writes_nothing(
    before: Path, photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(before, tmp_path / "engine")
    engine = LiveEngine(folder, SETTINGS)
    steps = sorted((folder / "steps").iterdir())
    monkeypatch.setattr(engine._refetch, "solve", solved)
    with in_the_middle(engine, engine.close, monkeypatch), pytest.raises(EngineClosedError):
        engine.refetch()
    path = photographs.paths[BEFORE]
    with pytest.raises(EngineClosedError):
        engine.add_image(path, path.stem)
    assert sorted((folder / "steps").iterdir()) == steps


def test_a_model_that_was_begun_anew_meanwhile_is_not_replaced(
    before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = LiveEngine(shutil.copytree(before, tmp_path / "engine"), SETTINGS)
    monkeypatch.setattr(engine._refetch, "solve", solved)

    def begin_anew() -> None:
        engine._mapper.world_count += 1

    with in_the_middle(engine, begin_anew, monkeypatch):
        outcome = engine.refetch()
    assert "another world" in outcome.update.refetch_rejected
    assert not cloud_in(outcome)
