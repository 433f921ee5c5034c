"""Does a replay give its four outputs, in the order asked for, and do other programs' readers read them?"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin
from PIL.ExifTags import IFD, Base

from broker.config import BadSettingsError
from broker.shards import decode_ply
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.settings import EngineSettings
from reconstructor.replay.replayer import (
    NothingToReplayError,
    ReplayPlan,
    ReplayReport,
    ReplayStep,
    folder_in_order,
    forget_outputs,
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


@pytest.mark.parametrize("order", ["size", "shuffle", "shuffle:x", "shuffle:--5", "shuffle:²", "name:1"])
def test_an_order_that_is_none_is_refused(tmp_path: Path, order: str) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "a.jpg")
    with pytest.raises(NothingToReplayError, match="shuffle:SEED"):
        order_photographs(tmp_path, order)


def test_a_folder_without_photographs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingToReplayError, match="no photograph"):
        order_photographs(tmp_path)


def test_the_time_of_a_tiff_is_in_its_exif_and_one_that_does_not_open_has_that_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day, name in ((2, "late.tif"), (1, "early.tif")):
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[IFD.Exif] = {Base.DateTimeOriginal: f"2020:01:0{day} 00:00:00"}
        Image.new("L", (4, 4)).save(tmp_path / name, tiffinfo=tags)
    Image.new("L", (8, 8)).save(tmp_path / "large.png")
    os.utime(tmp_path / "large.png", (0, 0))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)  # twice as many are refused by Pillow
    assert [path.name for path in order_photographs(tmp_path, "time")] == ["large.png", "early.tif", "late.tif"]


def test_a_name_that_is_not_utf_8_is_left_out_with_its_reason(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "a.jpg")
    odd = tmp_path / os.fsdecode(b"caf\xe9.jpg")
    odd.write_bytes((tmp_path / "a.jpg").read_bytes())
    contents = folder_in_order(tmp_path)
    assert [path.name for path in contents.photographs] == ["a.jpg"]
    assert [(each.path, each.reason) for each in contents.left_out] == [(odd, "its name is not UTF-8: rename it")]
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(NothingToReplayError, match="no photograph"):
        order_photographs(tmp_path)


@pytest.mark.parametrize("out", ["out", "."])
def test_what_a_replay_wrote_is_no_photograph_of_the_next(tmp_path: Path, out: str) -> None:
    for name in ("a.jpg", "day/b.jpg", f"{out}/colmap/images/a.jpg", f"{out}/converted/1/a.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(tmp_path / name)
    found = folder_in_order(tmp_path, "name", tmp_path / out)
    assert [path.relative_to(tmp_path).as_posix() for path in found.photographs] == ["a.jpg", "day/b.jpg"]


def test_outputs_of_an_earlier_replay_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("cloud.ply", "component-1.ply", "cameras.json", "report.json", "mine.ply", "photo.jpg"):
        (tmp_path / name).touch()
    forget_outputs(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.ply", "photo.jpg"]
    forget_outputs(tmp_path / "none")


def test_photographs_in_a_folder_called_engine_are_not_removed(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "engine/boiler.jpg")
    found = folder_in_order(tmp_path, "name", tmp_path)
    plan = ReplayPlan(photographs=found.photographs, out=tmp_path, settings=EngineSettings(threads=1, dense=False))
    with pytest.raises(BadSettingsError, match=r"engine holds photographs.*--out"):
        replay(plan)
    assert [path.name for path in (tmp_path / "engine").iterdir()] == ["boiler.jpg"]
