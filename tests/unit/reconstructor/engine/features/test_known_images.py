"""Which photographs share a camera? Those of one sensor and size; a crop has one of its own, and is placed by it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from broker.manifest import CameraState
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.photographs import PhotographSensor
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.settings import EngineSettings
from tests.unit.reconstructor.engine.synthetic import INTRINSICS, Photographs, Walk, seen_points

SETTINGS = EngineSettings(threads=1, max_features=1500, dense=False)


def sensor(name: str = "a", width_px: int = 480, focal_px: float | None = None) -> PhotographSensor:
    return PhotographSensor(name=name, width_px=width_px, height_px=360, intrinsics=None, focal_px=focal_px)


def test_photographs_of_one_sensor_and_size_share_a_camera() -> None:
    known = KnownImages()
    cameras = [sensor(), sensor(focal_px=500.2), sensor(focal_px=499.8), sensor(), sensor("b"), sensor(width_px=400)]
    assert [known.camera_id(each) for each in cameras] == [1, 2, 2, 1, 3, 4]


@pytest.fixture(scope="module")
def folder(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An engine's folder with five photographs."""
    folder = tmp_path_factory.mktemp("engine")
    engine = LiveEngine(folder, SETTINGS)
    for path in photographs.paths[:5]:
        engine.add_image(path, path.stem)
    return folder


def cropped(path: Path, out: Path, share: float, exif: Image.Exif) -> None:
    with Image.open(path) as image:
        across, down = (round(side * (1 - share) / 2) for side in image.size)
        image.crop((across, down, image.width - across, image.height - down)).save(out, exif=exif, quality=95)


@pytest.mark.parametrize("share", [0.9, 0.6])
def test_intrinsics_given_for_all_are_not_those_of_a_crop(
    photographs: Photographs, tmp_path: Path, *, share: float
) -> None:
    engine = LiveEngine(tmp_path, SETTINGS.model_copy(update={"intrinsics": INTRINSICS}))
    for path in photographs.paths[:4]:
        engine.add_image(Path(shutil.copy(path, tmp_path)), path.stem)  # without its sidecar
    cropped(photographs.paths[2], tmp_path / "crop.jpg", share, Image.Exif())
    update = engine.add_image(tmp_path / "crop.jpg", "crop").update
    assert [each.state for each in update.cameras] == [CameraState.PLACED] * 5
    centres = np.array([each.world_from_camera for each in update.cameras])[:, :3, 3]
    assert np.linalg.norm(centres[-1] - centres[2]) < 0.01 * np.ptp(centres, axis=0).max()
    assert update.cameras[0].intrinsics == pytest.approx(INTRINSICS)
    assert update.cameras[-1].intrinsics == pytest.approx(
        (INTRINSICS[0], INTRINSICS[1], share * INTRINSICS[2], share * INTRINSICS[3]), rel=0.02
    )


@pytest.mark.parametrize("share", [0.8, 0.6, 0.45])
@pytest.mark.parametrize("focal_35mm_mm", [None, 38], ids=["no EXIF", "EXIF of the whole photograph"])
def test_a_crop_is_placed_where_its_photograph_is(
    folder: Path, photographs: Photographs, tmp_path: Path, *, share: float, focal_35mm_mm: int | None
) -> None:
    exif = Image.Exif()
    if focal_35mm_mm is not None:  # not true any more, now that the edges are gone
        exif.get_ifd(IFD.Exif)[Base.FocalLengthIn35mmFilm] = focal_35mm_mm
    crop = tmp_path / f"crop-{share}-{focal_35mm_mm}.jpg"
    cropped(photographs.paths[3], crop, share, exif)
    copy = shutil.copytree(folder, tmp_path / "engine")
    update = LiveEngine(copy, SETTINGS).add_image(crop, crop.stem).update
    camera = update.cameras[-1]
    assert camera.state is CameraState.PLACED
    assert camera.intrinsics is not None
    assert camera.intrinsics[0] == pytest.approx(INTRINSICS[0], rel=0.02)
    centres = np.array([each.world_from_camera for each in update.cameras])[:, :3, 3]
    assert np.linalg.norm(centres[-1] - centres[3]) < 0.03 * np.ptp(centres, axis=0).max()


def test_a_snapshot_does_not_change_when_an_image_comes() -> None:
    walk = Walk(seen_points(cameras=3))
    walk.know(1)
    walk.know(2)
    snapshot = walk.known.snapshot()
    pair_count = len(snapshot.pairs[2])
    walk.know(3)
    assert len(walk.known.pairs[2]) > pair_count == len(snapshot.pairs[2])
    assert all(set(each) == {1, 2} for each in (snapshot.facts, snapshot.features, snapshot.pairs, snapshot.camera_ids))
    assert snapshot.repeated is walk.known.repeated
