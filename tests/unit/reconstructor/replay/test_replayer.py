"""Does a replay give its four outputs, in the order asked for, and do other programs' readers read them?"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from broker.shards import decode_ply
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.settings import EngineSettings
from reconstructor.replay.replayer import (
    NothingToReplayError,
    ReplayPlan,
    ReplayReport,
    ReplayStep,
    order_photographs,
    replay,
)
from tests.unit.reconstructor.engine.synthetic import INTRINSICS, photograph

COUNT = 4


def test_a_replay_writes_cloud_cameras_model_and_report(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    truth = photograph(tmp_path / "photos", count=COUNT)
    steps: list[ReplayStep] = []
    plan = ReplayPlan(
        photographs=order_photographs(tmp_path / "photos"),
        out=tmp_path / "out",
        settings=EngineSettings(threads=2, max_features=1200, max_side_px=360, dense=False),
        refetch_every=3,
    )
    report = replay(plan, steps.append)
    assert [(step.done, step.is_refetch) for step in steps] == [
        (1, False),
        (2, False),
        (3, False),
        (3, True),
        (4, False),
        (4, True),
    ]
    assert report == ReplayReport.model_validate_json((tmp_path / "out/report.json").read_bytes())
    assert report.placed == COUNT
    assert all(image.seconds_by_stage["features"] > 0 for image in report.images)
    assert len(report.refetches) == 2
    assert {refetch.method for refetch in report.refetches} <= {"global_1", "live"}  # the more exact one wins
    assert len(decode_ply((tmp_path / "out/cloud.ply").read_bytes())) == report.points > 500
    _check_cameras(tmp_path / "out/cameras.json", truth.centers_in_world)
    _check_colmap(tmp_path / "out/colmap", truth.centers_in_world)


def _check_cameras(path: Path, centers: np.ndarray) -> None:
    cameras = json.loads(path.read_text())["cameras"]
    assert [camera["name"] for camera in cameras] == [f"photo-{number:03d}.jpg" for number in range(COUNT)]
    assert [camera["state"] for camera in cameras] == ["placed"] * COUNT
    assert np.allclose([camera["intrinsics"] for camera in cameras], INTRINSICS)
    found = np.array([camera["world_from_camera"] for camera in cameras])
    assert found.shape == (COUNT, 4, 4)
    sides = [np.linalg.norm(np.diff(points, axis=0), axis=1) for points in (found[:, :3, 3], centers)]
    assert np.allclose(sides[0] / sides[0][0], sides[1] / sides[1][0], rtol=0.01)


def _check_colmap(folder: Path, centers: np.ndarray) -> None:
    model = pycolmap.Reconstruction(str(folder / "sparse/0"))
    assert model.num_reg_images() == COUNT
    image = next(iter(model.images.values()))
    with Image.open(folder / "images" / image.name) as file:
        assert file.size == (model.camera(image.camera_id).width, model.camera(image.camera_id).height)
    model.update_point_3d_errors()
    assert model.compute_mean_reprojection_error() < 1.0  # in pixels of the full photographs
    assert len(centers) == len(list((folder / "images").iterdir()))


def test_photographs_come_in_the_order_asked_for(tmp_path: Path) -> None:
    for number, name in enumerate(("c.jpg", "a.jpg", "b.jpg", "d.jpg")):
        exif = Image.Exif()
        if name != "d.jpg":
            exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = f"2026:05:0{number + 1} 12:00:00"
        Image.new("L", (8, 8)).save(tmp_path / name, exif=exif)
    os.utime(tmp_path / "d.jpg", (0, 0))
    (tmp_path / "notes.txt").write_text("no photograph")
    by = {order: [path.stem for path in order_photographs(tmp_path, order)] for order in ("name", "time", "shuffle:3")}
    assert by["name"] == ["a", "b", "c", "d"]
    assert by["time"] == ["d", "c", "a", "b"]
    assert sorted(by["shuffle:3"]) == by["name"]
    assert by["shuffle:3"] == [path.stem for path in order_photographs(tmp_path, "shuffle:3")]


@pytest.mark.parametrize("order", ["size", "shuffle", "shuffle:x", "name:1"])
def test_an_order_that_is_none_is_refused(tmp_path: Path, order: str) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "a.jpg")
    with pytest.raises(NothingToReplayError, match="shuffle:SEED"):
        order_photographs(tmp_path, order)


def test_a_folder_without_photographs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingToReplayError, match="no photograph"):
        order_photographs(tmp_path)
