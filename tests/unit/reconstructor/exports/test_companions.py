"""Do measures, notes and coverage go along with every export, in the coordinates of the file?"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import laspy
import numpy as np
import open3d as o3d
import pytest
import trimesh

from broker.ids import ExportFormat, ProjectId
from broker.manifest import camera_pages
from broker.messages import ScaleSource
from reconstructor.clouds.ply import WideCloud
from reconstructor.exports.companions import companions_of
from reconstructor.exports.coverage_report import report_coverage
from reconstructor.exports.exporting import export_to
from reconstructor.exports.origins import Origin, find_origin
from reconstructor.exports.writers import LAS_GEOJSON, LAS_USER
from reconstructor.metric_scale.scale import Scale, Scaling
from reconstructor.publishing.manifests import begin
from reconstructor.storage.store import Store
from reconstructor.storage.title import write_title
from tests.unit.reconstructor.exports.left_things import NOTE_TEXT, leave_things
from tests.walls import HOLE, camera_entry, wall

PROJECT = ProjectId("wall")
METRES = 2.0
SUFFIXES = {ExportFormat.GLTF: "glb"}
TITLE = "Stützmauer 石垣"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    """A wall with a hole, four photographs of it, a scale, a title, a measure and a note."""
    folder = tmp_path_factory.mktemp("data") / PROJECT
    points = wall()
    cloud = WideCloud(points_in_world=points, colors_rgb=np.full(points.shape, 128, np.uint8))
    scale = Scaling(measured=Scale(metres_per_unit=METRES, source=ScaleSource.GPS))
    made = begin(cloud, project=PROJECT, generation=1, previous=None, image_count=4, update=None, scaling=scale)
    frame = made.reference.manifest.frame.model_copy(update={"up": (0.0, 0.0, 1.0)})
    reference = made.reference.with_manifest(frame=frame)
    store = Store(folder, refetch_every=10)
    store.references.write(1, made.shards)
    cameras = [camera_entry(number, x) for number, x in enumerate([-1.5, -1.0, 1.0, 1.5], start=1)]
    with store._database.transaction():
        store.references.record(reference.with_cameras(camera_pages(PROJECT, cameras)))
    store.close()
    leave_things(folder, PROJECT)
    write_title(folder, TITLE)
    return find_origin(PROJECT, folder.parent)


def read_ply(path: Path) -> tuple[int, str]:
    header = path.read_bytes().partition(b"end_header")[0].decode("ascii")
    assert max(map(len, header.splitlines())) < 1000
    return len(o3d.io.read_point_cloud(path).points), "".join(re.findall(r"comment cairn-geojson (.*)\n", header))


def read_laz(path: Path) -> tuple[int, str]:
    read = laspy.read(path)
    (record,) = [each for each in read.evlrs if (each.user_id, each.record_id) == (LAS_USER, LAS_GEOJSON)]
    return len(read.points), record.record_data_bytes().decode("ascii")


def read_glb(path: Path) -> tuple[int, str]:
    scene = trimesh.load_scene(path)
    (cloud,) = scene.dump()
    assert isinstance(cloud, trimesh.PointCloud)
    return len(cloud.vertices), json.dumps(scene.metadata["cairn"])


def read_e57(path: Path) -> tuple[int, str]:
    pye57 = pytest.importorskip("pye57", reason="pye57 is not installed here: E57 was not tested")
    file = pye57.E57(str(path))
    count, text = file.get_header(0).point_count, file.root["cairn:geojson"].value()
    file.close()
    return count, text


READERS: dict[ExportFormat, Callable[[Path], tuple[int, str]]] = {
    ExportFormat.PLY: read_ply,
    ExportFormat.LAZ: read_laz,
    ExportFormat.GLTF: read_glb,
    ExportFormat.E57: read_e57,
}


def exported(origin: Origin, form: ExportFormat, path: Path, *, has_names: bool = True) -> dict[str, Any]:
    made = export_to(origin, form, path, has_names=has_names)
    count, text = READERS[form](path)
    assert count == made.point_count == len(wall())
    read: dict[str, Any] = json.loads(text)
    return read


@pytest.mark.parametrize("form", [ExportFormat.PLY, ExportFormat.LAZ, ExportFormat.E57, ExportFormat.GLTF])
def test_each_format_carries_measures_notes_and_coverage(origin: Origin, form: ExportFormat, tmp_path: Path) -> None:
    document = exported(origin, form, tmp_path / f"wall.{SUFFIXES.get(form, form)}")
    assert (document["type"], document["title"], document["unit"]) == ("FeatureCollection", TITLE, "m")
    measure, note = document["features"]
    assert measure["properties"]["distance"] == pytest.approx(0.5 * METRES)
    assert (measure["properties"]["name"], measure["properties"]["author"]) == ("<b>door</b>", "anna")
    assert measure["geometry"]["coordinates"][1] == pytest.approx([0.6, 0.0, 0.0], abs=1e-6)
    assert note["properties"]["name"] == NOTE_TEXT
    assert document["coverage"]["photographs"] == 4
    assert document["coverage"]["hole_cells"] > 0


def test_measures_turn_with_the_points(origin: Origin, tmp_path: Path) -> None:
    document = exported(origin, ExportFormat.GLTF, tmp_path / "wall.glb")
    begin_y = document["features"][0]["geometry"]["coordinates"][0][1]
    assert begin_y == pytest.approx(-0.4 * METRES, abs=1e-6)  # glTF has y up: what was z
    assert document["up"] == pytest.approx([0.0, 1.0, 0.0], abs=1e-6)
    assert document["features"][0]["properties"]["vertical"] == pytest.approx(0.4 * METRES, abs=1e-6)


def test_without_names_nobody_is_named(origin: Origin, tmp_path: Path) -> None:
    document = exported(origin, ExportFormat.LAZ, tmp_path / "wall.laz", has_names=False)
    assert [each["properties"]["author"] for each in document["features"]] == [None, None]


def test_the_coverage_of_each_point_is_lower_where_few_photographs_look(origin: Origin, tmp_path: Path) -> None:
    export_to(origin, ExportFormat.PLY, tmp_path / "wall.ply")
    export_to(origin, ExportFormat.LAZ, tmp_path / "wall.laz")
    of_ply = o3d.t.io.read_point_cloud(tmp_path / "wall.ply").point
    points, shares = of_ply.positions.numpy() / METRES, of_ply.coverage.numpy()[:, 0]
    assert np.array_equal(laspy.read(tmp_path / "wall.laz").Coverage, shares, equal_nan=True)
    known = shares[np.isfinite(shares)]
    assert len(known) > 0.99 * len(shares)
    coverage = report_coverage(origin).coverage
    score_by_cell = dict(zip(coverage.occupied.cells.tolist(), coverage.scores.tolist(), strict=True))
    cells = coverage.grid.cells_of(points[::500]).tolist()
    expected = np.array([score_by_cell.get(cell, np.nan) for cell in cells]) / 255
    assert shares[::500] == pytest.approx(expected, abs=1e-6, nan_ok=True)
    left, right, bottom, top = HOLE
    beside = (
        (np.abs(points[:, 0] - (left + right) / 2) < 0.36)
        & (points[:, 2] > bottom - 0.06)
        & (points[:, 2] < top + 0.06)
    )
    assert np.nanmean(shares[beside]) < np.nanmean(shares[~beside])


def test_a_folder_gets_them_as_files_and_loses_those_of_before(origin: Origin, tmp_path: Path) -> None:
    companions = companions_of(origin, has_names=True)
    assert companions is not None
    companions.write_beside(tmp_path)
    assert (tmp_path / "measures.csv").read_text(encoding="utf-8").count("\n") == 3
    assert len(json.loads((tmp_path / "measures.geojson").read_text(encoding="utf-8"))["features"]) == 2
    assert json.loads((tmp_path / "coverage.json").read_text(encoding="utf-8"))["hole_cells"] > 0
    assert origin.store_folder is not None
    bare = companions_of(Origin(engine_folder=None), has_names=True)
    assert bare is None  # a replay has none
    empty = type(companions)(project=PROJECT, title="", frame=companions.frame, left=(), coverage=None)
    empty.write_beside(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_report_lists_them_in_metres_with_the_title(origin: Origin, tmp_path: Path) -> None:
    export_to(origin, ExportFormat.REPORT, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"<h1>{TITLE}</h1>" in text
    assert f"<title>{TITLE}: report</title>" in text
    assert "Project wall." in text
    assert (
        "<td>&lt;b&gt;door&lt;/b&gt;</td><td>1.000 m (horizontal 0.600 m, vertical 0.800 m)</td><td>anna</td>" in text
    )
    assert NOTE_TEXT.replace(">", "&gt;") in text
    export_to(origin, ExportFormat.REPORT, tmp_path / "report.html", has_names=False)
    assert "anna" not in (tmp_path / "report.html").read_text(encoding="utf-8")
