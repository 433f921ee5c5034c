import io
from typing import Any

import pytest
from PIL import ExifTags, Image

from broker.ids import ImageId
from broker.manifest import CameraEntry, CameraState
from edge_agent.cameras.sensors import SENSORS
from edge_agent.capture.calibration import (
    Fit,
    PoorFitError,
    TooFewImagesError,
    camera_model,
    table_focal_px,
    with_calibration,
)
from edge_agent.config import Calibration
from reconstructor.engine.features.focal import focal_from_exif
from tests.unit.edge_agent.photographs import drawn, encoded

LENS = Calibration(size_px=(1024, 768), matrix=(812.34, 811.5, 512.0, 384.0), distortion=(0.01, -0.002))


def placed(number: int, **changes: Any) -> CameraEntry:
    values: dict[str, Any] = {
        "image_id": ImageId.build(session="rig-north-1", sequence=number, sha256=f"{number:064x}"[::-1]),
        "state": CameraState.PLACED,
        "intrinsics": (1000.0, 1000.0, 512.0, 384.0),
        "distortion": (0.02,),
        "reprojection_error_px": 0.5,
        "width_px": 1024,
        "height_px": 768,
    }
    return CameraEntry.model_validate(values | changes)


def focal_px(content: bytes) -> float | None:
    """As the built-in engine reads it."""
    image = Image.open(io.BytesIO(content))
    return focal_from_exif(image.getexif(), *image.size)


def test_a_fit_is_the_median_with_its_spread_and_error() -> None:
    cameras = [placed(1), placed(2, intrinsics=(1004.0, 1004.0, 512.0, 384.0), reprojection_error_px=0.7), placed(3)]
    fit = Fit.of(cameras, least_images=3)
    fit.check()
    assert fit.calibration.matrix == (1000.0, 1000.0, 512.0, 384.0)
    assert fit.calibration.distortion == (0.02,)
    assert fit.image_count == 3
    assert fit.focal_spread_percent == pytest.approx(0.4)
    assert fit.reprojection_rms_px == pytest.approx(((2 * 0.25 + 0.49) / 3) ** 0.5)


def test_photographs_of_the_most_frequent_size_count() -> None:
    cameras = [placed(1, width_px=640, height_px=480), placed(2), placed(3), placed(4, intrinsics=None)]
    assert Fit.of(cameras, least_images=2).calibration.size_px == (1024, 768)
    with pytest.raises(TooFewImagesError, match=r"2 of this rig's photographs are placed, 3 of one size are needed"):
        Fit.of(cameras, least_images=3)


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"intrinsics": (1030.0, 1030.0, 512.0, 384.0)}, "lock zoom and focus"),
        ({"reprojection_error_px": 9.0}, "calibration board"),
    ],
)
def test_photographs_that_do_not_agree_are_no_calibration(changes: dict[str, Any], advice: str) -> None:
    with pytest.raises(PoorFitError, match=advice):
        Fit.of([placed(1), placed(2), placed(3, **changes)], least_images=2).check()


def test_errors_that_are_not_given_are_not_taken_for_small() -> None:
    with pytest.raises(PoorFitError, match="gives no reprojection errors"):
        Fit.of([placed(1, reprojection_error_px=None)], least_images=1).check()


@pytest.mark.parametrize("size_px", [(1024, 768), (512, 384), (768, 1024)])
def test_the_engine_reads_the_calibrated_focal_length_at_every_size_and_turn(size_px: tuple[int, int]) -> None:
    content = encoded(drawn(1).resize(size_px))
    told = with_calibration(content, LENS)
    assert focal_px(told) == pytest.approx(812.34 * max(size_px) / 1024, rel=1e-4)
    before, after = (Image.open(io.BytesIO(each)) for each in (content, told))
    assert after.getexif()[ExifTags.Base.Make] == "Cairn"
    assert after.tobytes() == before.tobytes()


def test_a_photograph_without_exif_gets_some() -> None:
    out = io.BytesIO()
    drawn(1).resize((1024, 768)).save(out, "JPEG")
    assert focal_px(out.getvalue()) is None
    assert focal_px(with_calibration(out.getvalue(), LENS)) == pytest.approx(812.34, rel=1e-4)


def test_the_cameras_own_focal_length_in_millimetres_stays() -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLength] = 4.74
    out = io.BytesIO()
    drawn(1).resize((1024, 768)).save(out, "JPEG", exif=exif)
    told = with_calibration(out.getvalue(), LENS)
    details = Image.open(io.BytesIO(told)).getexif().get_ifd(ExifTags.IFD.Exif)
    assert float(details[ExifTags.Base.FocalLength]) == pytest.approx(4.74)
    assert focal_px(told) == pytest.approx(812.34, rel=1e-4)


@pytest.mark.parametrize(
    "content",
    [encoded(drawn(1)), encoded(drawn(1).resize((1024, 768)), image_format="PNG"), b"\xff\xd8", b"no photograph"],
    ids=["another crop", "no JPEG", "a stump", "rubbish"],
)
def test_what_the_calibration_is_not_for_comes_back_as_it_is(content: bytes) -> None:
    assert with_calibration(content, LENS) == content


def test_a_camera_is_known_by_its_exif() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "imx708"
    out = io.BytesIO()
    drawn(1).save(out, "JPEG", exif=exif)
    assert camera_model(out.getvalue()) == "imx708"
    assert camera_model(encoded(drawn(1))) is None
    assert camera_model(b"rubbish") is None


def test_the_sensor_table_gives_a_focal_length_in_pixels() -> None:
    assert table_focal_px(SENSORS["imx708"], 4608) == pytest.approx(4.74 / 6.45 * 4608)
    assert table_focal_px(SENSORS["imx477"], 4056) is None
