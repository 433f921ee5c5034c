"""The contract that every engine must pass, and the built-in engine's behaviour with odd photographs and crashes."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from PIL import Image, ImageFilter

from broker.errors import CairnError
from broker.manifest import CameraState
from broker.shards import PointCloud, decode_ply
from reconstructor.black_box import Update, read_update
from reconstructor.clouds.similarity import DegenerateGeometryError
from reconstructor.engine.live import black_box
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.protocol import Engine, EngineResult
from reconstructor.engine.refetch import Refetch
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.restore import EngineStateMissingError
from tests.unit.reconstructor.engine.engines import poses
from tests.unit.reconstructor.engine.synthetic import Photographs

Start = Callable[[Path], Engine]
SETTINGS = EngineSettings(threads=1, max_features=1500, dense=False)


def start_live(folder: Path) -> Engine:
    return LiveEngine(folder, SETTINGS)


@pytest.fixture(params=[start_live])
def start(request: pytest.FixtureRequest) -> Start:
    """Every engine that promises the contract."""
    chosen: Start = request.param
    return chosen


def cloud_in(outcome: EngineResult) -> PointCloud:
    return PointCloud.join([decode_ply(path.read_bytes()) for path in sorted(outcome.folder.glob("*.ply"))])


def states(update: Update) -> list[str]:
    return [camera.state.value for camera in update.cameras]


@pytest.fixture(scope="module")
def walked(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[EngineResult]]:
    """A folder in which five photographs were added, and what each brought."""
    folder = tmp_path_factory.mktemp("walked")
    engine = start_live(folder)
    kept = tmp_path_factory.mktemp("kept")
    outcomes = []
    for number, path in enumerate(photographs.paths[:5]):
        outcome = engine.add_image(path, path.stem)
        shutil.copytree(outcome.folder, kept / str(number))  # the engine keeps the newest few only
        outcomes.append(EngineResult(update=outcome.update, folder=kept / str(number)))
    engine.close()
    return folder, outcomes


@pytest.fixture
def resumed(walked: tuple[Path, list[EngineResult]], tmp_path: Path) -> Path:
    """A copy of that folder, as a new process would find it."""
    return shutil.copytree(walked[0], tmp_path / "resumed")


def test_the_first_photograph_waits_and_the_second_places_both(walked: tuple[Path, list[EngineResult]]) -> None:
    first, second = walked[1][0].update, walked[1][1].update
    assert [camera.code for camera in first.cameras] == ["first_image"]
    assert states(second) == ["placed", "placed"]


def test_cameras_are_where_they_were(walked: tuple[Path, list[EngineResult]], photographs: Photographs) -> None:
    update = walked[1][-1].update
    assert states(update) == ["placed"] * 5
    assert photographs.center_error(update) < 0.01  # of an object 2 across


def test_every_photograph_brings_only_new_finite_coloured_points(walked: tuple[Path, list[EngineResult]]) -> None:
    clouds = [cloud_in(outcome) for outcome in walked[1]]
    assert [len(cloud) for cloud in clouds] == [outcome.update.new_point_count for outcome in walked[1]]
    assert len(clouds[0]) == 0
    assert all(len(cloud) > 20 for cloud in clouds[1:])
    everything = PointCloud.join(clouds)
    assert np.isfinite(everything.points_in_world).all()
    assert len(np.unique(everything.points_in_world, axis=0)) == len(everything)
    assert everything.colors_rgb.std() > 5


def test_the_frame_does_not_jump(walked: tuple[Path, list[EngineResult]]) -> None:
    updates = [outcome.update for outcome in walked[1][1:]]
    extent = float(np.ptp(poses(updates[-1])[:, :3, 3], axis=0).max())
    for before, after in itertools.pairwise(updates):
        common = len(poses(before))
        moved = np.linalg.norm(poses(before)[:, :3, 3] - poses(after)[:common, :3, 3], axis=1)
        assert moved.max() < 0.01 * extent


def test_adding_an_image_again_changes_nothing(start: Start, resumed: Path, photographs: Photographs) -> None:
    engine = start(resumed)
    path = photographs.paths[5]
    first = engine.add_image(path, path.stem)
    points = cloud_in(first).points_in_world
    again = engine.add_image(path, path.stem)
    assert np.array_equal(cloud_in(again).points_in_world, points)
    assert states(again.update) == ["placed"] * 6
    older = engine.add_image(photographs.paths[0], photographs.paths[0].stem)
    assert len(cloud_in(older)) == 0
    assert np.allclose(poses(older.update), poses(first.update))


def test_a_refetch_gives_the_whole_cloud_in_the_same_frame(
    start: Start, resumed: Path, photographs: Photographs, walked: tuple[Path, list[EngineResult]]
) -> None:
    engine = start(resumed)
    before = walked[1][-1].update
    outcome = engine.refetch()
    cloud = cloud_in(outcome)
    assert len(cloud) >= 0.7 * sum(step.update.new_point_count for step in walked[1])
    assert photographs.center_error(outcome.update) < 0.01
    extent = float(np.ptp(poses(before)[:, :3, 3], axis=0).max())
    moved = np.linalg.norm(poses(outcome.update)[:, :3, 3] - poses(before)[:, :3, 3], axis=1)
    assert moved.max() < 0.01 * extent
    path = photographs.paths[5]
    assert 0 < engine.add_image(path, path.stem).update.new_point_count < len(cloud)


def test_a_refetch_is_cancelled_within_two_seconds(start: Start, resumed: Path) -> None:
    engine, errors = start(resumed), []
    steps = sorted((resumed / "steps").iterdir())

    def refetch() -> None:
        try:
            engine.refetch()
        except CairnError as exc:
            errors.append(exc)

    thread = threading.Thread(target=refetch)
    thread.start()
    until = time.monotonic() + 30
    while not (resumed / "refetch/request.json").exists() and time.monotonic() < until:
        time.sleep(0.01)
    begun = time.monotonic()
    engine.close()
    thread.join(30)
    assert time.monotonic() - begun < 2
    assert len(errors) == 1
    assert sorted((resumed / "steps").iterdir()) == steps


def test_an_image_goes_on_from_the_disk_when_the_call_beside_it_fails(
    photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAIRN_ENGINE_MAX_FEATURES", "1500")
    monkeypatch.setenv("CAIRN_ENGINE_DENSE", "false")
    paths = [str(path) for path in photographs.paths[:4]]
    for number, path in enumerate(paths[:3]):
        black_box(path, "present.ply" if number else "", str(number))
    is_matched, place = threading.Event(), LiveMapper.place

    def fail(*_: object) -> NoReturn:
        assert is_matched.wait(30)
        raise ZeroDivisionError

    def place_late(self: LiveMapper, waiting: Iterable[int]) -> list[int]:
        is_first = not is_matched.is_set()
        is_matched.set()
        if is_first:
            refetch.join(0.5)  # it waits for this image before it lets go of the engine
        return place(self, waiting)

    monkeypatch.setattr(Refetch, "solve", fail)
    monkeypatch.setattr(LiveMapper, "place", place_late)
    errors: list[BaseException] = []

    def call_refetch() -> None:
        try:
            black_box(paths[2], "", "2")
        except ZeroDivisionError as exc:
            errors.append(exc)

    refetch = threading.Thread(target=call_refetch)
    refetch.start()
    update = read_update(Path(black_box(paths[3], "present.ply", "3")))
    refetch.join(30)
    assert len(errors) == 1
    assert update is not None
    assert states(update) == ["placed"] * 4
    assert update.new_point_count > 20


def test_a_solution_that_fits_into_no_known_world_is_refused_and_the_model_stays(
    resumed: Path, walked: tuple[Path, list[EngineResult]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def degenerate(target: object, source: object) -> None:
        raise DegenerateGeometryError("all points lie on one line")

    monkeypatch.setattr("reconstructor.engine.next_components.similarity_between", degenerate)
    outcome = start_live(resumed).refetch()
    assert outcome.update.refetch_rejected == "all points lie on one line"
    assert np.array_equal(poses(outcome.update), poses(walked[1][-1].update))
    assert not list(outcome.folder.glob("*.ply"))  # so that viewers keep the generation they have


def test_a_new_process_goes_on_where_the_old_one_stopped(
    start: Start, resumed: Path, photographs: Photographs, walked: tuple[Path, list[EngineResult]]
) -> None:
    engine = start(resumed)
    update = engine.add_image(photographs.paths[0], photographs.paths[0].stem).update
    assert np.allclose(poses(update), poses(walked[1][-1].update), atol=1e-9)
    path = photographs.paths[5]
    assert states(engine.add_image(path, path.stem).update) == ["placed"] * 6


def test_a_torn_newest_step_falls_back_to_the_one_before(start: Start, resumed: Path, photographs: Photographs) -> None:
    newest = max((resumed / "steps").iterdir())
    points = newest / "model" / "points3D.bin"
    points.write_bytes(points.read_bytes()[:1000])
    engine = start(resumed)
    assert not engine.knows(photographs.paths[4].stem)
    path = photographs.paths[4]
    assert states(engine.add_image(path, path.stem).update) == ["placed"] * 5


def test_features_are_never_taken_twice(start: Start, resumed: Path, photographs: Photographs) -> None:
    shutil.rmtree(max((resumed / "steps").iterdir()))  # killed after the features, before the step
    written = (resumed / "features" / "000005.npz").stat().st_mtime_ns
    path = photographs.paths[4]
    assert states(start(resumed).add_image(path, path.stem).update) == ["placed"] * 5
    assert (resumed / "features" / "000005.npz").stat().st_mtime_ns == written


def test_a_black_photograph_waits_and_a_broken_one_is_rejected(
    start: Start, resumed: Path, photographs: Photographs, tmp_path: Path
) -> None:
    engine = start(resumed)
    black, broken = tmp_path / "black.png", tmp_path / "broken.jpg"
    Image.new("RGB", (480, 360)).save(black)
    broken.write_bytes(photographs.paths[0].read_bytes()[:5000])
    update = engine.add_image(black, "black").update
    assert (update.cameras[-1].state, update.cameras[-1].code) == (CameraState.WAITING, "too_few_features")
    update = engine.add_image(broken, "broken").update
    assert (update.cameras[-1].state, update.cameras[-1].code) == (CameraState.REJECTED, "unreadable_image")
    path = photographs.paths[5]
    assert engine.add_image(path, path.stem).update.cameras[-1].state is CameraState.PLACED
    assert start(resumed).add_image(path, path.stem).update.cameras[-1].state is CameraState.PLACED


def test_an_unrelated_photograph_waits_with_its_reason(start: Start, resumed: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    unrelated = tmp_path / "unrelated.png"
    Image.fromarray(noise).resize((480, 360), Image.Resampling.BICUBIC).save(unrelated)
    camera = start(resumed).add_image(unrelated, "unrelated").update.cameras[-1]
    assert (camera.state, camera.code) == (CameraState.WAITING, "too_few_matches")
    assert camera.reason


def test_a_copy_a_quarter_turn_and_another_sensor_are_placed(
    start: Start, resumed: Path, photographs: Photographs, tmp_path: Path
) -> None:
    engine = start(resumed)
    source = photographs.paths[3]
    shutil.copy(source, tmp_path / "copy.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    exif[0x0110] = "Another Camera"
    with Image.open(source) as image:
        image.rotate(90, expand=True).save(tmp_path / "turned.jpg", exif=exif, quality=95)
        image.rotate(-90, expand=True).resize((270, 360)).save(tmp_path / "sideways.jpg", quality=95)
    for name in ("copy", "turned", "sideways"):
        update = engine.add_image(tmp_path / f"{name}.jpg", name).update
        assert update.cameras[-1].state is CameraState.PLACED, name
        distance = np.linalg.norm(poses(update)[-1, :3, 3] - poses(update)[3, :3, 3])
        assert distance < 0.05 * np.ptp(poses(update)[:, :3, 3], axis=0).max(), name


def test_a_blurred_photograph_is_placed_where_it_was_taken_and_a_smeared_one_waits(
    start: Start, resumed: Path, photographs: Photographs, tmp_path: Path
) -> None:
    engine = start(resumed)
    for radius_px, state in ((1.5, CameraState.PLACED), (15.0, CameraState.WAITING)):
        with Image.open(photographs.paths[3]) as image:
            image.filter(ImageFilter.GaussianBlur(radius_px)).save(tmp_path / f"{radius_px}.jpg", quality=95)
        update = engine.add_image(tmp_path / f"{radius_px}.jpg", f"blurred-{radius_px}").update
        assert update.cameras[-1].state is state
        if state is CameraState.PLACED:
            distance = np.linalg.norm(poses(update)[-1, :3, 3] - poses(update)[3, :3, 3])
            assert distance < 0.05 * np.ptp(poses(update)[:, :3, 3], axis=0).max()
        else:
            assert update.cameras[-1].code in {"too_few_matches", "too_few_features"}


def test_two_photographs_from_one_place_wait_for_parallax(
    start: Start, photographs: Photographs, tmp_path: Path
) -> None:
    engine = start(tmp_path)
    engine.add_image(photographs.paths[0], "first")
    update = engine.add_image(photographs.paths[0], "second").update
    assert [camera.code for camera in update.cameras] == ["needs_parallax", "needs_parallax"]
    assert states(engine.add_image(photographs.paths[1], "third").update) == ["placed"] * 3


def test_the_seam_returns_new_points_and_without_a_cloud_all(
    photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAIRN_ENGINE_MAX_FEATURES", "1500")
    monkeypatch.setenv("CAIRN_ENGINE_DENSE", "false")
    first, second, third = (str(path) for path in photographs.paths[:3])
    with pytest.raises(EngineStateMissingError):
        black_box(first, "present.ply", "one")
    assert not list(Path(black_box(first, "", "one")).glob("*.ply"))
    folders = [black_box(second, "", "two"), black_box(third, "present.ply", "three"), black_box(third, "", "three")]
    counts = [update.new_point_count for folder in folders if (update := read_update(Path(folder))) is not None]
    assert counts[2] >= 0.7 * (counts[0] + counts[1])
    assert [len(list(Path(folder).glob("*.ply"))) for folder in folders] == [1, 1, 1]


def test_a_killed_process_loses_no_step(photographs: Photographs, tmp_path: Path) -> None:
    script = (
        "import sys; from reconstructor.engine.live import black_box\n"
        "for number, path in enumerate(sys.argv[1:]):\n"
        "    black_box(path, '' if number < 2 else 'present.ply', str(number)); print(number, flush=True)\n"
        "input()\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "CAIRN_ENGINE_MAX_FEATURES": "1500",
        "CAIRN_ENGINE_DENSE": "false",
    }
    command = [sys.executable, "-c", script, *map(str, photographs.paths[:3])]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert [child.stdout.readline() for _ in range(3)] == ["0\n", "1\n", "2\n"]
        child.send_signal(signal.SIGKILL)
    engine = start_live(tmp_path)
    assert states(engine.add_image(photographs.paths[2], "2").update) == ["placed"] * 3
