"""Is the focal length found in EXIF by each of the three ways, and nonsense left alone?"""

from collections.abc import Mapping

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from reconstructor.engine.features.focal import focal_from_exif


def exif(*, model: object = "", **details: object) -> Image.Exif:
    found = Image.Exif()
    found[Base.Model] = model
    found.get_ifd(IFD.Exif).update({Base[name]: value for name, value in details.items()})
    return found


@pytest.mark.parametrize(
    ("tags", "expected_px"),
    [
        ({"FocalLengthIn35mmFilm": 50}, 50 / 43.2666 * 5000),  # a diagonal of 5000 pixels
        ({"FocalLength": 8.0, "FocalPlaneXResolution": 5000.0, "FocalPlaneResolutionUnit": 2}, 8 * 5000 / 25.4),
        ({"FocalLength": 8.0, "FocalPlaneXResolution": 200.0, "FocalPlaneResolutionUnit": 4}, 1600.0),
        (
            {"FocalLength": 8.0, "FocalPlaneXResolution": 200.0, "FocalPlaneResolutionUnit": 4, "ExifImageWidth": 8000},
            800,
        ),
        ({"model": "imx708", "FocalLength": 4.74}, 4.74 / 6.45 * 4000),
        ({"model": "IMX477 ", "FocalLength": 6.0}, 6.0 / 6.287 * 4000),
    ],
)
def test_a_focal_length_is_found(tags: Mapping[str, object], expected_px: float) -> None:
    assert focal_from_exif(exif(**tags), 4000, 3000) == pytest.approx(expected_px, rel=1e-4)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"FocalLength": 8.0},
        {"model": "unheard of", "FocalLength": 8.0},
        {"FocalLengthIn35mmFilm": 0},
        {"FocalLengthIn35mmFilm": 60_000},
        {"FocalLength": float("nan"), "model": "imx708"},
        {"FocalLength": "a lot", "model": "imx708"},
        {"FocalLength": 8.0, "FocalPlaneXResolution": 0.0},
    ],
)
def test_without_a_sensible_value_there_is_none(tags: Mapping[str, object]) -> None:
    assert focal_from_exif(exif(**tags), 4000, 3000) is None


def test_a_nonsensical_value_does_not_hide_a_sensible_one() -> None:
    both = exif(model="imx708", FocalLengthIn35mmFilm=60_000, FocalLength=4.74)
    assert focal_from_exif(both, 4000, 3000) == pytest.approx(4.74 / 6.45 * 4000)
