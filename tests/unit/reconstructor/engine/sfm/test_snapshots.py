"""Does a crash at any write, or a power cut, leave a state from which the same model grows?"""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from reconstructor.black_box import Update
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.refetch import Refetch
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.published_points import PublishedPoints
from reconstructor.engine.sfm.snapshots import Snapshots, StepComponent, StepImage, StepState
from reconstructor.engine.solve_tasks import SolveTask
from tests.unit.reconstructor.engine.engines import add_first, poses
from tests.unit.reconstructor.engine.power_cut import Disk
from tests.unit.reconstructor.engine.synthetic import Photographs

SETTINGS = EngineSettings(threads=1, max_features=1200, dense=False)
BEFORE = 3


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture(scope="module")
def before(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three images."""
    return add_first(photographs, tmp_path_factory.mktemp("before"), SETTINGS, BEFORE)


@pytest.fixture(scope="module")
def expected(before: Path, photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> Update:
    """What the fourth image brings when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("expected")
    shutil.copytree(before, folder, dirs_exist_ok=True)
    path = photographs.paths[BEFORE]
    return LiveEngine(folder, SETTINGS).add_image(path, path.stem).update


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("nth", range(3))
def test_a_crash_at_any_write_changes_nothing_in_the_end(  # noqa: PLR0917 - fixtures
    before: Path,
    expected: Update,
    photographs: Photographs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    nth: int,
    *,
    is_done: bool,
) -> None:
    folder = shutil.copytree(before, tmp_path / "engine")
    path = photographs.paths[BEFORE]
    engine, count = LiveEngine(folder, SETTINGS), 0
    with monkeypatch.context() as patch:
        for name in ("replace", "rename"):
            move = getattr(Path, name)

            def crash(self: Path, target: Path, *, move: object = move) -> Path:
                nonlocal count
                count += 1
                if count == nth + 1 and not is_done:
                    raise Crash
                moved: Path = move(self, target)  # type: ignore[operator]  # Path.replace or Path.rename
                if count == nth + 1:
                    raise Crash
                return moved

            patch.setattr(Path, name, crash)
        with pytest.raises(Crash):  # features, pairs, step: three writes
            engine.add_image(path, path.stem)
    update = LiveEngine(folder, SETTINGS).add_image(path, path.stem).update
    assert np.abs(poses(update) - poses(expected)).max() < 1e-3 * np.ptp(poses(expected)[:, :3, 3], axis=0).max()
    assert update.new_point_count in {expected.new_point_count, 0}


@pytest.mark.parametrize("first", [0, BEFORE])
def test_a_power_cut_after_an_answer_loses_nothing(
    before: Path, photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    folder = shutil.copytree(before, tmp_path / "engine") if first else tmp_path / "engine"
    folder.mkdir(exist_ok=True)
    disk, path = Disk(folder), photographs.paths[first]
    with disk.watched(monkeypatch):
        answer = LiveEngine(folder, SETTINGS).add_image(path, path.stem)
    bytes_by_name = {each.name: each.read_bytes() for each in answer.folder.iterdir()}
    disk.cut_power()
    engine = LiveEngine(folder, SETTINGS)
    assert engine.knows(path.stem)
    again = engine.add_image(path, path.stem)
    assert again.update.cameras == answer.update.cameras
    assert {each.name: each.read_bytes() for each in again.folder.iterdir()} == bytes_by_name


@pytest.mark.parametrize("torn", [b"", b"PK", None])
def test_an_engine_whose_newest_marks_are_torn_begins_with_the_step_before(
    before: Path, photographs: Photographs, tmp_path: Path, torn: bytes | None
) -> None:
    folder = shutil.copytree(before, tmp_path / "engine")
    marks = max((folder / "steps").iterdir()) / "marks.npz"
    whole = marks.read_bytes()
    marks.write_bytes(whole[: len(whole) // 2] if torn is None else torn)
    engine, path = LiveEngine(folder, SETTINGS), photographs.paths[BEFORE - 1]
    assert not engine.knows(path.stem)  # the step before has two images
    update = engine.add_image(path, path.stem).update
    assert len(poses(update)) == BEFORE


def test_marks_of_another_size_than_was_written_are_torn(tmp_path: Path) -> None:
    snapshots = Snapshots(folder=tmp_path)
    leading = StepComponent(number=0, model=None, published=PublishedPoints())
    for sequence in (1, 2):
        snapshots.commit(StepState(sequence=sequence, images=()), [leading], Update())
    with (tmp_path / "steps" / "000002" / "marks.npz").open("ab") as file:
        file.write(b"further bytes, with which NumPy can read the file")
    step = snapshots.newest()
    assert step is not None
    assert step.state.sequence == 1


def test_a_step_of_an_earlier_version_that_knows_no_sizes_of_its_marks_is_read(tmp_path: Path) -> None:
    snapshots = Snapshots(folder=tmp_path)
    leading = StepComponent(number=0, model=None, published=PublishedPoints())
    snapshots.commit(StepState(sequence=1, images=()), [leading], Update())
    path = tmp_path / "steps" / "000001" / "state.json"
    state = StepState.model_validate_json(path.read_bytes())
    path.write_text(state.model_dump_json(exclude={"marks_sizes_bytes"}), encoding="utf-8")
    assert snapshots.newest() is not None


def test_only_the_newest_steps_are_kept(before: Path) -> None:
    assert len(list((before / "steps").iterdir())) <= 8


def test_the_model_of_a_large_project_is_written_more_rarely_the_larger_it_is_and_kept_while_steps_use_it(
    tmp_path: Path,
) -> None:
    snapshots = Snapshots(folder=tmp_path)
    images = tuple(StepImage(number=number, image_id=f"{number}") for number in range(1, 241))
    model = 1
    for sequence in range(1, 28):
        model = snapshots.model_sequence(sequence, len(images), model if sequence > 1 else 0)
        state = StepState(sequence=sequence, images=images, model_sequence=model)
        leading = StepComponent(number=0, model=pycolmap.Reconstruction(), published=PublishedPoints())
        snapshots.commit(state, [leading], Update())
    kept = sorted(int(path.name) for path in (tmp_path / "steps").iterdir())
    assert kept == [13, *range(20, 28)]  # the last eight, and the two last models: of 13 and of 25
    shutil.rmtree(tmp_path / "steps" / "000025" / "model")
    step = snapshots.newest()
    assert step is not None
    assert (step.state.sequence, step.state.model_sequence) == (24, 13)


def test_images_that_come_during_a_refetch_are_in_its_cloud(
    before: Path, photographs: Photographs, tmp_path: Path
) -> None:
    engine = LiveEngine(shutil.copytree(before, tmp_path / "engine"), SETTINGS)
    found: list[Update] = []
    refetch = threading.Thread(target=lambda: found.append(engine.refetch().update))
    refetch.start()
    for path in photographs.paths[BEFORE : BEFORE + 2]:
        engine.add_image(path, path.stem)
    refetch.join()
    after = engine.complete().update
    assert [camera.state.value for camera in after.cameras] == ["placed"] * (BEFORE + 2)
    assert photographs.center_error(after) < 0.01
    assert not found[0].refetch_rejected


def test_a_large_project_writes_few_models_and_places_the_last_images_again(
    before: Path, photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconstructor.engine.sfm.snapshots._SMALL_PROJECT_IMAGES", 1)
    folder = shutil.copytree(before, tmp_path / "engine")
    engine = LiveEngine(folder, SETTINGS)
    for path in photographs.paths[BEFORE : BEFORE + 3]:
        update = engine.add_image(path, path.stem).update
    steps = sorted((folder / "steps").iterdir())
    assert [(path / "model").is_dir() for path in steps] == [False, True, True, False, False, False]
    again = LiveEngine(folder, SETTINGS)
    path = photographs.paths[0]
    restored = again.add_image(path, path.stem)
    assert restored.update.new_point_count == 0
    extent = np.ptp(poses(update)[:, :3, 3], axis=0).max()
    assert np.abs(poses(restored.update) - poses(update)).max() < 1e-3 * extent
    path = photographs.paths[BEFORE + 3]
    assert 0 < again.add_image(path, path.stem).update.new_point_count < 1000


def test_images_that_come_while_a_refetch_solves_are_placed_in_its_model(
    before: Path, photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = LiveEngine(shutil.copytree(before, tmp_path / "engine"), SETTINGS)
    solve = Refetch.solve

    def solve_slowly(refetch: Refetch, task: SolveTask) -> object:
        found = solve(refetch, task)
        for path in photographs.paths[BEFORE : BEFORE + 2]:
            engine.add_image(path, path.stem)
        return found

    monkeypatch.setattr(Refetch, "solve", solve_slowly)
    after = engine.refetch().update
    assert [camera.state.value for camera in after.cameras] == ["placed"] * (BEFORE + 2)
