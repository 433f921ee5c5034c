"""From what is stored to a file, beside a service that may be at work: nothing stored changes."""

import hashlib
import re
import shutil
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import laspy
import numpy as np
import open3d as o3d
import pytest
import trimesh
from PIL import Image
from typer.testing import CliRunner

from broker.ids import ExportFormat, ProjectId, SenderId
from broker.manifest import CameraEntry, CameraState, camera_pages
from broker.messages import ScaleSource
from reconstructor.clouds.ply import WideCloud
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.read_only_copy import read_only_copy
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.colmap_export import write_colmap
from reconstructor.engine.sfm.restore import EngineStateMissingError
from reconstructor.exports.cli import app
from reconstructor.exports.exporting import export_to
from reconstructor.exports.origins import Exported, NothingToExportError, find_origin
from reconstructor.exports.writers import CannotExportError
from reconstructor.metric_scale.scale import Scale, Scaling
from reconstructor.publishing.manifests import begin
from reconstructor.replay.replayer import ReplayPlan, order_photographs, replay
from reconstructor.storage.images import NewImage
from reconstructor.storage.store import Store
from tests.photographs import image_id
from tests.photographs import photograph as small_photograph
from tests.unit.reconstructor.engine.synthetic import photograph

METRES_PER_UNIT = 2.5
PROJECT = ProjectId("chapel")
RUNNER = CliRunner()


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a replay of four photographs left."""
    folder = tmp_path_factory.mktemp("replayed")
    (folder / "photos").mkdir()
    photograph(folder / "photos", count=4)
    replay(
        ReplayPlan(
            photographs=order_photographs(folder / "photos"),
            out=folder / "out",
            settings=EngineSettings(threads=2, max_features=1200, max_side_px=360, dense_max_side_px=160),
            has_final_refetch=False,
        )
    )
    return folder / "out"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A data folder with a ball of points that another black box made, seen from two cameras above, scaled."""
    random = np.random.default_rng(0)
    points = random.normal(size=(5000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    cloud = WideCloud(points_in_world=points, colors_rgb=random.integers(0, 256, points.shape, np.uint8))
    scale = Scaling(measured=Scale(metres_per_unit=METRES_PER_UNIT, source=ScaleSource.GPS))
    made = begin(
        cloud,
        project=PROJECT,
        generation=1,
        previous=None,
        image_count=2,
        update=None,
        scaling=scale,
    )
    pose = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 9.0), (0.0, 0.0, 0.0, 1.0))
    camera = CameraEntry.model_validate(
        {"image_id": "walk-000001-0123456789abcdef", "state": CameraState.PLACED, "world_from_camera": pose}
    )
    store = Store(tmp_path / "data" / PROJECT, refetch_every=10)
    store.references.write(1, made.shards)
    with store._database.transaction():
        store.references.record(made.reference.with_cameras(camera_pages(PROJECT, [camera])))
    store.close()
    return tmp_path / "data"


def export(what: str, data_dir: Path, form: ExportFormat, out: Path) -> Exported:
    return export_to(find_origin(what, data_dir), form, out)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_replay_becomes_a_ply_with_normals_towards_the_cameras_and_confidence(replayed: Path, tmp_path: Path) -> None:
    before = digests(replayed / "engine")
    steps: list[tuple[str, int, int]] = []
    origin = find_origin(str(replayed), tmp_path)
    exported = export_to(origin, ExportFormat.PLY, tmp_path / "ball.ply", lambda *step: steps.append(step))
    assert {stage for stage, _, _ in steps} == {"depth", "fusion"}
    assert [step for step in steps if step[0] == "depth"] == [("depth", done, 4) for done in range(1, 5)]
    read = o3d.t.io.read_point_cloud(tmp_path / "ball.ply").point
    points, normals = read.positions.numpy(), read.normals.numpy()
    assert exported.point_count == len(points) > 3000
    assert exported.unit == "unscaled"
    model = pycolmap.Reconstruction(str(replayed / "colmap/sparse/0"))
    middle = np.mean([model.image(number).projection_center() for number in model.reg_image_ids()], axis=0)
    assert np.mean(((middle - points) * normals).sum(1) > 0) > 0.99
    confidence = read.confidence.numpy()
    assert 0.0 < confidence.min() < confidence.max() - 0.1 < 0.9
    assert digests(replayed / "engine") == before
    assert [path.name for path in replayed.iterdir() if path.name.startswith(".")] == []


def test_a_replay_becomes_a_colmap_folder_and_takes_no_other_folders_place(replayed: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    export(str(replayed), tmp_path, ExportFormat.COLMAP, out)
    export(str(replayed), tmp_path, ExportFormat.COLMAP, out)  # its own is replaced
    model = pycolmap.Reconstruction(str(out / "sparse/0"))
    assert model.num_reg_images() == len(list((out / "images").iterdir())) == 4
    assert model.compute_mean_reprojection_error() < 1.5
    assert {path.stat().st_nlink for path in (out / "images").iterdir()} == {1}  # nobody's edits reach the originals
    (tmp_path / "work").mkdir()
    (tmp_path / "work/thesis.txt").touch()
    with pytest.raises(CannotExportError, match="give a new folder"):
        export(str(replayed), tmp_path, ExportFormat.COLMAP, tmp_path / "work")
    assert (tmp_path / "work/thesis.txt").is_file()


def test_a_preview_is_enlarged_to_the_size_of_its_original_and_named(replayed: Path, tmp_path: Path) -> None:
    with read_only_copy(replayed / "engine", EngineSettings()) as engine:
        number = min(engine.model.reg_image_ids())
        facts = engine.known.facts[number]
        preview = tmp_path / "preview.webp"
        with Image.open(facts.path) as image:
            image.reduce(3).save(preview)
        engine.known.facts[number] = facts.model_copy(update={"path": str(preview)})
        (named,) = write_colmap(engine.model, engine.known, tmp_path / "model", may_link=False).previews
    assert named == f"{Path(facts.file_name).stem}.jpg"
    with Image.open(tmp_path / "model/images" / named) as written:
        assert written.size == (facts.width_px, facts.height_px)
    model = pycolmap.Reconstruction(str(tmp_path / "model/sparse/0"))
    assert {image.name for image in model.images.values()} == {
        path.name for path in (tmp_path / "model/images").iterdir()
    }


def test_a_moved_project_becomes_a_colmap_folder_that_says_which_photographs_it_lacks(
    replayed: Path, project: Path, tmp_path: Path
) -> None:
    folder = project / PROJECT
    shutil.copytree(replayed / "engine", folder / "black_box", dirs_exist_ok=True)  # its facts name the old folder
    photographs = sorted((replayed.parent / "photos").glob("*.jpg"))
    for path in photographs[1:]:
        shutil.copyfile(path, folder / "images" / path.name)
    exported = export(PROJECT, project, ExportFormat.COLMAP, tmp_path / "model")
    written = {path.name for path in (tmp_path / "model" / "images").iterdir()}
    assert len(written) == len(photographs) - 1
    assert len(exported.missing) == 1
    assert exported.missing[0] not in written
    assert (tmp_path / "model" / "missing.txt").read_text(encoding="utf-8") == f"{exported.missing[0]}\n"
    done = RUNNER.invoke(app, [PROJECT, str(tmp_path / "model"), "--data", str(project)])
    assert f"photographs whose files are gone are not in it, 1 in all: {exported.missing[0]}\n" in done.stderr


def test_another_black_boxs_points_get_normals_by_neighbourhood_and_metres(project: Path, tmp_path: Path) -> None:
    exported = export(PROJECT, project, ExportFormat.LAZ, tmp_path / "ball.laz")
    assert (exported.point_count, exported.unit) == (5000, "metres")
    read = laspy.read(tmp_path / "ball.laz")
    assert np.linalg.norm(read.xyz, axis=1) == pytest.approx(METRES_PER_UNIT, rel=1e-4)
    upper = read.xyz[:, 2] > 1.0
    assert (read.NormalZ[upper] > 0.0).all()  # the camera is above
    export(PROJECT, project, ExportFormat.GLTF, tmp_path / "ball.glb")
    (cloud,) = trimesh.load_scene(tmp_path / "ball.glb").dump()
    assert isinstance(cloud, trimesh.PointCloud)
    assert len(cloud.vertices) == 5000
    with pytest.raises(NothingToExportError, match="another black box"):
        export(PROJECT, project, ExportFormat.COLMAP, tmp_path / "model")


def test_what_is_not_there_is_told(project: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingToExportError, match=r"'barn' is neither .*, which has chapel$"):
        export("barn", project, ExportFormat.PLY, tmp_path / "x.ply")
    with pytest.raises(NothingToExportError, match="which has none: check --data"):
        export("barn", tmp_path / "nowhere", ExportFormat.PLY, tmp_path / "x.ply")
    Store(project / "empty", refetch_every=10).close()
    with pytest.raises(NothingToExportError, match="no points yet"):
        export("empty", project, ExportFormat.PLY, tmp_path / "x.ply")
    (tmp_path / "hollow/engine").mkdir(parents=True)
    with (
        pytest.raises(EngineStateMissingError, match="no state"),
        read_only_copy(tmp_path / "hollow/engine", EngineSettings()),
    ):
        pass


def test_the_command_knows_the_format_by_the_files_ending(project: Path, tmp_path: Path) -> None:
    done = RUNNER.invoke(app, [PROJECT, str(tmp_path / "ball.ply"), "--data", str(project)])
    assert done.exit_code == 0, done.output
    assert done.output == f"{tmp_path / 'ball.ply'}\t5000 points\tmetres\n"
    store = Store(project / PROJECT, refetch_every=10)
    present = store.references.present()
    assert present is not None
    cameras = [each.model_copy(update={"has_original": False, "file_name": "a.jpg"}) for each in present.cameras]
    store.references.revise(present.with_cameras(camera_pages(PROJECT, cameras)).with_manifest(revision=1))
    store.close()
    again = RUNNER.invoke(app, [PROJECT, str(tmp_path / "ball.ply"), "--data", str(project)])
    assert "these are previews, export again when their originals are there: a.jpg\n" in again.stderr
    unknown = RUNNER.invoke(app, [PROJECT, str(tmp_path / "ball.xyz"), "--data", str(project)])
    assert "give --format" in str(unknown.exception)


def test_a_colmap_model_becomes_a_zip_that_leaves_nothing_beside_it(replayed: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "chapel.zip"
    out.parent.mkdir()
    exported = export(str(replayed), tmp_path, ExportFormat.COLMAP, out)
    assert [path.name for path in out.parent.iterdir()] == ["chapel.zip"]
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "opened")
    model = pycolmap.Reconstruction(str(tmp_path / "opened/chapel/sparse/0"))
    assert model.num_points3D() == exported.point_count > 100
    assert len(list((tmp_path / "opened/chapel/images").iterdir())) == model.num_reg_images() == 4


def test_a_report_is_one_file_that_says_who_took_what_and_how_the_scale_is_known(project: Path, tmp_path: Path) -> None:
    store = Store(project / PROJECT, refetch_every=10)
    content = small_photograph(1)
    image = NewImage(
        image_id=image_id(content, 1, "anna"),
        sender=SenderId("anna"),
        name="x.jpg",
        sha256=hashlib.sha256(content).hexdigest(),
        suffix=".jpg",
        content_type="image/jpeg",
        width_px=80,
        height_px=60,
        received_at=datetime(2026, 11, 29, 10, tzinfo=UTC),
        captured_at=datetime(2026, 11, 29, 9, 30, tzinfo=UTC),
        photographers_name="<script>.jpg",
    )
    store.add_image(image, content)
    undated = small_photograph(2)
    other = replace(
        image,
        image_id=image_id(undated, 2, "anna"),
        sha256=hashlib.sha256(undated).hexdigest(),
        taken_at=datetime(2026, 5, 3, 14, 22),  # noqa: DTZ001 - a camera's clock
    )
    store.add_image(other, undated)
    store.close()
    out = tmp_path / "report.html"
    exported = export(PROJECT, project, ExportFormat.REPORT, out)
    assert (exported.point_count, exported.unit) == (5000, "metres")
    text = out.read_text(encoding="utf-8")
    assert "anna" in text
    assert "&lt;script&gt;.jpg" in text
    assert "<script" not in text
    assert "2026-11-29 09:30 (said by the sender)" in text
    assert "<td>anna</td><td>2</td><td>2026-05-03 14:22 (by the camera&#x27;s clock)</td>" in text
    assert "Parts that do not fit" not in text
    assert "One unit is 2.5 m, by GPS in the photographs" in text
    assert text.count("data:image/jpeg;base64,") >= 2
    assert not re.findall(r"(?:src|href)=.https?:", text)
    export_to(find_origin(PROJECT, project), ExportFormat.REPORT, out, has_names=False)
    nameless = out.read_text(encoding="utf-8")
    assert "anna" not in nameless
    assert "script&gt;.jpg" not in nameless
    assert "<th>Number</th><th>Taken</th>" in nameless
