"""Do placed photographs become dense points on the object, once, also after a restart and a refetch?"""

import shutil
from pathlib import Path

import numpy as np
import pytest

from broker.shards import PointCloud, decode_ply
from reconstructor.clouds.similarity import estimate_similarity
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.mvs.densifier import sweep_settings
from reconstructor.engine.mvs.depth_files import DepthFiles
from reconstructor.engine.mvs.patch_match import PatchMatchSettings
from reconstructor.engine.protocol import EngineResult
from reconstructor.engine.settings import EngineSettings
from tests.unit.reconstructor.engine.synthetic import BALL_CENTER, BALL_RADIUS, Photographs

SETTINGS = EngineSettings(threads=1, max_features=1500, dense_max_side_px=160)
COUNT = 4


def cloud_in(outcome: EngineResult) -> PointCloud:
    return PointCloud.join([decode_ply(path.read_bytes()) for path in sorted(outcome.folder.glob("*.ply"))])


@pytest.fixture(scope="module")
def grown(
    photographs: Photographs, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[PointCloud], EngineResult]:
    """A folder with four photographs, what each brought, and the last outcome."""
    folder = tmp_path_factory.mktemp("dense")
    engine = LiveEngine(folder, SETTINGS)
    clouds = []
    for path in photographs.paths[:COUNT]:
        outcome = engine.add_image(path, path.stem)
        clouds.append(cloud_in(outcome))
    return folder, clouds, outcome


def distances_to_ball(cloud: PointCloud, outcome: EngineResult, photographs: Photographs) -> np.ndarray:
    """How far the points near the ball lie from it, in truth's units; its radius is 0.9."""
    found = np.array([camera.world_from_camera for camera in outcome.update.cameras])[:, :3, 3]
    truth_from_world = estimate_similarity(found, photographs.centers_in_world[: len(found)])
    radii = np.linalg.norm(truth_from_world.apply(cloud.points_in_world) - BALL_CENTER, axis=1)
    off: np.ndarray = np.abs(radii - BALL_RADIUS)[radii < 1.3 * BALL_RADIUS]
    return off


def test_from_the_third_photograph_on_points_are_dense(grown: tuple[Path, list[PointCloud], EngineResult]) -> None:
    counts = [len(cloud) for cloud in grown[1]]
    assert counts[0] == 0
    assert counts[2] > 5 * counts[1] > 0
    assert counts[3] > 0


def test_dense_points_lie_on_the_object(
    grown: tuple[Path, list[PointCloud], EngineResult], photographs: Photographs
) -> None:
    off = distances_to_ball(grown[1][2], grown[2], photographs)
    assert len(off) > 1500
    assert np.median(off) < 0.01
    assert np.mean(off < 0.03) > 0.9


def test_a_refetch_keeps_the_surface_and_drops_what_is_seen_twice(
    grown: tuple[Path, list[PointCloud], EngineResult], photographs: Photographs
) -> None:
    engine = LiveEngine(grown[0], SETTINGS)
    outcome = engine.refetch()
    cloud = cloud_in(outcome)
    assert 0.3 * sum(map(len, grown[1])) < len(cloud)
    assert np.mean(distances_to_ball(cloud, outcome, photographs) < 0.03) > 0.9


def test_depth_that_a_power_cut_destroyed_is_computed_again_and_no_point_is_published_twice(
    grown: tuple[Path, list[PointCloud], EngineResult], photographs: Photographs, tmp_path: Path
) -> None:
    path, brought = photographs.paths[COUNT], []
    for name, lost in (("whole", 0), ("cut", 3)):
        folder = shutil.copytree(grown[0], tmp_path / name)
        for depth in (folder / "depth").glob(f"{lost:06d}.*.npz"):
            depth.write_bytes(b"")
        engine = LiveEngine(folder, SETTINGS)
        assert not lost or max((folder / "depth").glob(f"{lost:06d}.*.npz")).stat().st_size
        brought.append(engine.add_image(path, path.stem).update.new_point_count)
        engine.close()
    assert brought[1] == pytest.approx(brought[0], rel=0.2)


def test_a_restart_goes_on_with_the_depth_maps_it_had(
    grown: tuple[Path, list[PointCloud], EngineResult], photographs: Photographs
) -> None:
    written = {path.name: path.stat().st_mtime_ns for path in (grown[0] / "depth").iterdir()}
    assert {name.partition(".")[0] for name in written} == {f"{number:06d}" for number in range(1, COUNT + 1)}
    engine = LiveEngine(grown[0], SETTINGS)
    path = photographs.paths[COUNT]
    outcome = engine.add_image(path, path.stem)
    assert 0 < outcome.update.new_point_count < len(grown[1][2])
    kept = {path.name: path.stat().st_mtime_ns for path in (grown[0] / "depth").iterdir()}
    newest = {max(name for name in written if name.startswith(f"{number:06d}")) for number in range(1, COUNT + 1)}
    assert {name: kept[name] for name in newest} == {name: written[name] for name in newest}


def test_two_photographs_give_sparse_points_even_when_all_are_asked_for(
    photographs: Photographs, tmp_path: Path
) -> None:
    engine = LiveEngine(tmp_path, SETTINGS)
    first, second, third = photographs.paths[:3]
    engine.add_image(first, "1", wants_complete_cloud=True)
    sparse = cloud_in(engine.add_image(second, "2", wants_complete_cloud=True))
    assert 20 < len(sparse) <= engine.model.num_points3D()
    assert len(cloud_in(engine.add_image(third, "3", wants_complete_cloud=True))) > 3 * len(sparse)


@pytest.mark.parametrize(("shape", "kept"), [((1, 1224), (1, 160)), ((1224, 1), (160, 1)), ((90, 1224), (12, 160))])
def test_a_strip_keeps_a_row_of_pixels(tmp_path: Path, shape: tuple[int, int], kept: tuple[int, int]) -> None:
    engine = LiveEngine(tmp_path, SETTINGS)
    densifier = engine.components[0].densifier
    assert densifier is not None
    densifier.keep_pixels(1, np.zeros((*shape, 3), np.uint8))
    pixels = DepthFiles(folder=tmp_path).read_pixels(1)
    assert pixels is not None
    assert pixels.shape == (*kept, 3)


def test_high_quality_seeks_planes_and_standard_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sweep_settings(EngineSettings().quality).slant is None
    monkeypatch.setenv("CAIRN_ENGINE_QUALITY", "high")
    assert sweep_settings(EngineSettings().quality).slant == PatchMatchSettings()
