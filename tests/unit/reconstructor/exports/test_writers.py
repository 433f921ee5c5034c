"""Do other programs' readers find in our files what we put there?"""

import sys
from dataclasses import replace
from pathlib import Path

import laspy
import numpy as np
import open3d as o3d
import pytest
import trimesh

from reconstructor.exports.surface import Surface
from reconstructor.exports.writers import CannotExportError, NoE57Error, write_e57, write_gltf, write_laz, write_ply

COUNT = 3000
SURVEY = np.array([500_000.0, 5_400_000.0, 300.0])


def surface(*, middle: np.ndarray | None = None) -> Surface:
    """A ball of radius 2."""
    random = np.random.default_rng(0)
    normals = random.normal(size=(COUNT, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Surface(
        points=2.0 * normals + (np.zeros(3) if middle is None else middle),
        normals=normals.astype(np.float32),
        colors_rgb=random.integers(0, 256, (COUNT, 3), np.uint8),
        confidences=random.random(COUNT).astype(np.float32),
        is_metric=True,
    )


@pytest.mark.parametrize(("middle", "kind"), [(np.zeros(3), "Float32"), (SURVEY, "Float64")], ids=["near", "survey"])
def test_open3d_reads_the_ply_with_normals_and_confidence(tmp_path: Path, middle: np.ndarray, kind: str) -> None:
    written = surface(middle=middle)
    write_ply(written, tmp_path / "ball.ply")
    read = o3d.t.io.read_point_cloud(tmp_path / "ball.ply").point
    assert str(read.positions.dtype) == kind
    assert read.positions.numpy() == pytest.approx(written.points, abs=1e-6)
    assert np.array_equal(read.normals.numpy(), written.normals)
    assert np.array_equal(read.colors.numpy(), written.colors_rgb)
    assert written.confidences is not None
    assert np.array_equal(read.confidence.numpy()[:, 0], written.confidences)
    assert b"comment units metres\n" in (tmp_path / "ball.ply").read_bytes()[:200]


def test_a_ply_of_unknown_confidence_has_no_such_property(tmp_path: Path) -> None:
    write_ply(replace(surface(), confidences=None), tmp_path / "ball.ply")
    header = (tmp_path / "ball.ply").read_bytes().partition(b"end_header")[0]
    assert b"confidence" not in header
    assert len(o3d.io.read_point_cloud(tmp_path / "ball.ply").points) == COUNT


@pytest.mark.parametrize("middle", [np.zeros(3), SURVEY], ids=["near", "survey"])
def test_laspy_reads_the_laz_to_a_tenth_of_a_micrometre(tmp_path: Path, middle: np.ndarray) -> None:
    written = surface(middle=middle)
    write_laz(written, tmp_path / "ball.laz")
    read = laspy.read(tmp_path / "ball.laz")
    assert read.header.are_points_compressed
    assert np.abs(read.xyz - written.points).max() <= 0.51e-8 + 1e-9  # the step, and double's own near 5 * 10**6
    assert np.array_equal(np.stack([read.red, read.green, read.blue], axis=1) // 257, written.colors_rgb)
    assert read.red.max() > 65_000
    assert read.intensity / 65_535 == pytest.approx(written.confidences, abs=1e-5)
    assert np.array_equal(np.stack([read.NormalX, read.NormalY, read.NormalZ], axis=1), written.normals)
    assert read.header.mins == pytest.approx(written.points.min(axis=0), abs=1e-6)


@pytest.mark.parametrize("middle", [np.zeros(3), SURVEY], ids=["near", "survey"])
def test_trimesh_reads_the_glb(tmp_path: Path, middle: np.ndarray) -> None:
    written = surface(middle=middle)
    write_gltf(written, tmp_path / "ball.glb")
    (cloud,) = trimesh.load_scene(tmp_path / "ball.glb").dump()
    assert isinstance(cloud, trimesh.PointCloud)
    assert cloud.vertices == pytest.approx(written.points, abs=1e-6)
    assert np.array_equal(cloud.colors[:, :3], written.colors_rgb)


def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    for write in (write_ply, write_laz, write_gltf):
        with pytest.raises(CannotExportError, match="no/such"):
            write(surface(), tmp_path / "no/such/ball")
        (tmp_path / "taken").mkdir(exist_ok=True)
        with pytest.raises(CannotExportError, match="taken"):
            write(surface(), tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("middle", [np.zeros(3), SURVEY], ids=["near", "survey"])
def test_pye57_reads_the_e57_with_colours_and_confidence(tmp_path: Path, middle: np.ndarray) -> None:
    pye57 = pytest.importorskip("pye57", reason="pye57 is not installed here: E57 was not tested")
    written = surface(middle=middle)
    write_e57(written, tmp_path / "ball.e57")
    file = pye57.E57(str(tmp_path / "ball.e57"))
    read = file.read_scan(0, intensity=True, colors=True)
    header = file.get_header(0)
    assert header["name"].value() == "cairn, metres"
    assert header.point_count == COUNT
    file.close()
    points = np.column_stack([read["cartesianX"], read["cartesianY"], read["cartesianZ"]])
    assert points == pytest.approx(written.points, abs=1e-6)
    colors = np.column_stack([read["colorRed"], read["colorGreen"], read["colorBlue"]])
    assert np.array_equal(colors, written.colors_rgb)
    assert read["intensity"] == pytest.approx(written.confidences, abs=1e-6)


def test_without_pye57_e57_is_refused_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pye57", None)
    with pytest.raises(NoE57Error, match="pip install pye57, or take LAZ"):
        write_e57(surface(), tmp_path / "ball.e57")
    assert list(tmp_path.iterdir()) == []
