"""Are two cameras told apart by anything that EXIF or the sender says of them?"""

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from reconstructor.engine.features.sensor_identity import identify

_PHONE = {"Make": "Aperture", "Model": "Seven", "LensModel": "wide", "FocalLength": 5.1, "DigitalZoomRatio": 1.0}


def exif(**tags: object) -> Image.Exif:
    found = Image.Exif()
    for name, value in (_PHONE | tags).items():
        (found if name in {"Make", "Model"} else found.get_ifd(IFD.Exif))[Base[name]] = value
    return found


@pytest.mark.parametrize(
    "other",
    [
        {"Model": "Eight"},
        {"LensModel": "tele"},
        {"LensSerialNumber": "77"},
        {"BodySerialNumber": "7041923"},
        {"FocalLength": 6.9},
        {"DigitalZoomRatio": 1.35},
    ],
)
def test_another_camera_lens_or_zoom_has_another_name(other: dict[str, object]) -> None:
    assert identify(exif(**other)).name != identify(exif()).name


def test_without_a_serial_number_the_sender_tells_cameras_apart() -> None:
    names = {identify(exif(), sender=sender).name for sender in ("anna", "berta")}
    assert len(names) == 2
    assert identify(Image.Exif(), sender="anna").name != identify(Image.Exif()).name


def test_with_a_serial_number_a_camera_is_the_same_whoever_sends_it() -> None:
    names = {identify(exif(BodySerialNumber="7041923"), sender=sender).name for sender in ("anna", "berta")}
    assert len(names) == 1


@pytest.mark.parametrize("ratio", [0.0, float("nan"), -2.0, "much"])
def test_a_meaningless_digital_zoom_changes_nothing(ratio: object) -> None:
    found = exif()
    found.get_ifd(IFD.Exif)[Base.DigitalZoomRatio] = ratio
    assert identify(found).name == identify(exif()).name


def test_a_given_name_replaces_what_exif_says_of_the_camera() -> None:
    assert identify(Image.Exif(), sensor="rig-north", sender="anna").name == "rig-north"


def test_only_a_camera_with_serial_number_and_focal_length_is_certain() -> None:
    assert identify(exif(BodySerialNumber="7041923")).is_certain
    assert not identify(exif()).is_certain
    assert not identify(exif(BodySerialNumber="7041923", FocalLength=0)).is_certain
    assert identify(Image.Exif(), sensor="rig-north").is_certain
