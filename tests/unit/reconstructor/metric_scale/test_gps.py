"""Does GPS give metres when the site is large enough for it, and never otherwise?"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from broker.messages import ScaleSource
from reconstructor.clouds.similarity import rotation_from_quaternion
from reconstructor.metric_scale.gps import Fix, fix_from_exif, fix_of, local_metres, scale_of_gps

METRES_PER_UNIT = 7.5
LATITUDE_DEG, LONGITUDE_DEG = 48.2, 16.37


def fix(east_m: float, north_m: float, up_m: float | None, *, error_m: float = 5.0) -> Fix:
    """A place near Vienna; 111,200.6 m and 74,324.5 m a degree there (by the ellipsoid's series, not by our code)."""
    return Fix(
        latitude_deg=LATITUDE_DEG + north_m / 111_200.6,
        longitude_deg=LONGITUDE_DEG + east_m / 74_324.5,
        altitude_m=None if up_m is None else 170.0 + up_m,
        error_m=error_m,
    )


def walk(*, radius_m: float, noise_m: float, count: int = 16, seed: int = 0) -> tuple[np.ndarray, list[Fix]]:
    """Cameras around a site in a world turned and shrunk, and what their receivers said."""
    random = np.random.default_rng(seed)
    turns = np.linspace(0, 2 * np.pi, count, endpoint=False)
    places = np.stack([radius_m * np.cos(turns), radius_m * np.sin(turns), 2.0 * np.cos(3 * turns)], axis=1)
    rotation = rotation_from_quaternion(np.array([0.3, 0.5, -0.4, 0.7]))
    said = places + random.normal(0, noise_m, places.shape)
    return places @ rotation.T / METRES_PER_UNIT + [4.0, -1.0, 2.0], [fix(*place) for place in said.tolist()]


@pytest.mark.parametrize("seed", range(10))
def test_a_site_of_eighty_metres_gets_its_scale_to_a_few_percent(seed: int) -> None:
    scale = scale_of_gps(*walk(radius_m=40.0, noise_m=3.0, seed=seed))
    assert scale is not None
    assert scale.metres_per_unit == pytest.approx(METRES_PER_UNIT, rel=0.06)
    assert scale.source is ScaleSource.GPS


def test_one_receiver_that_lost_its_way_is_weighed_down() -> None:
    centres, fixes = walk(radius_m=40.0, noise_m=1.0)
    fixes[3] = fix(4000.0, -2000.0, 0.0)
    scale = scale_of_gps(centres, fixes)
    assert scale is not None
    assert scale.metres_per_unit == pytest.approx(METRES_PER_UNIT, rel=0.05)


def test_a_site_smaller_than_gps_can_tell_gets_no_scale() -> None:
    assert scale_of_gps(*walk(radius_m=8.0, noise_m=3.0)) is None


def test_a_receiver_that_errs_by_centimetres_measures_a_small_site() -> None:
    centres, fixes = walk(radius_m=8.0, noise_m=0.02)
    exact = [replace(each, error_m=0.02) for each in fixes]
    scale = scale_of_gps(centres, exact)
    assert scale is not None
    assert scale.metres_per_unit == pytest.approx(METRES_PER_UNIT, rel=0.005)


UP = rotation_from_quaternion(np.array([0.3, 0.5, -0.4, 0.7])) @ [0.0, 0.0, 1.0]


def climb(**wishes: Any) -> tuple[np.ndarray, list[Fix]]:
    """A drone's walk that rises by 60 m."""
    centres, fixes = walk(radius_m=40.0, noise_m=0.5, **wishes)
    heights = np.linspace(0, 60, len(fixes))
    risen = [replace(each, altitude_m=each.altitude_m + height) for each, height in zip(fixes, heights, strict=True)]
    return centres + np.outer(heights / METRES_PER_UNIT, UP), risen


@pytest.mark.parametrize("height", [None, 0.0])
@pytest.mark.parametrize("share", [3 / 16, 1.0])
def test_latitude_and_longitude_suffice(height: float | None, share: float) -> None:
    centres, fixes = climb()
    flat = [replace(each, altitude_m=height) if index < share * 16 else each for index, each in enumerate(fixes)]
    scale = scale_of_gps(centres, flat, tuple(UP))
    if height == 0.0 and share == 1.0:  # every height is 0: a walk along the sea
        centres, flat = walk(radius_m=40.0, noise_m=0.5)
        scale = scale_of_gps(centres, [replace(each, altitude_m=0.0) for each in flat], tuple(UP))
    assert scale is not None
    assert scale.metres_per_unit == pytest.approx(METRES_PER_UNIT, rel=0.03)


def test_exact_fixes_are_not_blurred_by_ordinary_ones() -> None:
    centres, fixes = walk(radius_m=40.0, noise_m=0.02)
    _, poor = walk(radius_m=40.0, noise_m=8.0, seed=3)
    mixed = [
        replace(good, error_m=0.03) if index % 2 else bad
        for index, (good, bad) in enumerate(zip(fixes, poor, strict=True))
    ]
    scale = scale_of_gps(centres, mixed)
    assert scale is not None
    assert scale.metres_per_unit == pytest.approx(METRES_PER_UNIT, rel=0.002)
    assert scale.deviation_ratio is not None
    assert scale.deviation_ratio < 0.001


@pytest.mark.parametrize("count", [8, 32])
def test_the_deviation_that_is_said_holds_what_is_measured(count: int) -> None:
    found = [scale_of_gps(*walk(radius_m=40.0, noise_m=3.0, count=count, seed=seed)) for seed in range(40)]
    scales = [each for each in found if each is not None]
    assert len(scales) >= 36
    errors = [each.metres_per_unit / METRES_PER_UNIT - 1 for each in scales]
    said = np.mean([each.deviation_ratio for each in scales])
    assert float(np.std(errors)) <= said <= 4 * float(np.std(errors))


def test_three_fixes_are_too_few() -> None:
    assert scale_of_gps(*walk(radius_m=40.0, noise_m=0.0, count=3)) is None


def test_fixes_that_are_not_where_the_cameras_went_give_no_scale() -> None:
    centres, fixes = walk(radius_m=80.0, noise_m=0.0)
    shuffled = np.random.default_rng(1).permutation(len(fixes))
    assert scale_of_gps(centres, [fixes[index] for index in shuffled]) is None


def test_local_metres_agree_with_the_ellipsoid() -> None:
    there = local_metres([fix(0.0, 0.0, 0.0), fix(300.0, -200.0, 12.0)])[1]
    assert there == pytest.approx([300.0, -200.0, 12.0], abs=0.05)


def test_heights_are_left_out_unless_all_fixes_have_one() -> None:
    there = local_metres([fix(0.0, 0.0, None), fix(300.0, -200.0, 12.0)])[1]
    assert there[2] == 0.0


def test_a_walk_over_the_date_line_is_no_way_around_the_world() -> None:
    here, there = (
        Fix(latitude_deg=-17.0, longitude_deg=longitude, altitude_m=None, error_m=5.0)
        for longitude in (179.999, -179.999)
    )
    assert abs(local_metres([here, there])[1, 0]) < 300.0


def test_a_place_in_exif_is_read(tmp_path: Path) -> None:
    path = tmp_path / "door.jpg"
    exif = Image.Exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "S", (33.0, 51.0, 30.0)
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E", (151.0, 12.0, 36.0)
    gps[ExifTags.GPS.GPSAltitudeRef], gps[ExifTags.GPS.GPSAltitude] = b"\x01", 4.5
    gps[ExifTags.GPS.GPSHPositioningError] = 2.5
    Image.new("RGB", (64, 64)).save(path, exif=exif)
    assert fix_of(path) == Fix(
        latitude_deg=-(33 + 51 / 60 + 30 / 3600),
        longitude_deg=151 + 12 / 60 + 36 / 3600,
        altitude_m=-4.5,
        error_m=2.5,
    )


def test_a_photograph_without_a_place_has_none(tmp_path: Path) -> None:
    path = tmp_path / "door.jpg"
    Image.new("RGB", (64, 64)).save(path)
    assert fix_of(path) is None
    assert fix_of(tmp_path / "missing.jpg") is None
    (tmp_path / "noise.jpg").write_bytes(bytes(range(256)))
    assert fix_of(tmp_path / "noise.jpg") is None


@pytest.mark.parametrize(
    "latitude", [(0.0, 0.0, 0.0), (91.0, 0.0, 0.0), (IFDRational(1, 0), 0.0, 0.0), (90.0, 0.0, 0.0)]
)
def test_a_place_that_is_none_is_not_taken(latitude: Any) -> None:
    assert fix_from_exif({ExifTags.GPS.GPSLatitude: latitude, ExifTags.GPS.GPSLongitude: (0.0, 0.0, 0.0)}) is None


HERE: dict[int, Any] = {
    ExifTags.GPS.GPSLatitudeRef: "N",
    ExifTags.GPS.GPSLatitude: (48.0, 30.0, 0.0),
    ExifTags.GPS.GPSLongitudeRef: "E",
    ExifTags.GPS.GPSLongitude: (9.0, 15.0, 0.0),
}


@pytest.mark.parametrize(
    ("fields", "right"),
    [
        ({ExifTags.GPS.GPSAltitude: "high"}, {}),
        ({ExifTags.GPS.GPSAltitude: (1, 2)}, {}),
        ({ExifTags.GPS.GPSAltitude: IFDRational(0, 0)}, {}),
        ({ExifTags.GPS.GPSAltitude: 310.5}, {"altitude_m": 310.5}),
        ({ExifTags.GPS.GPSHPositioningError: "good"}, {}),
        ({ExifTags.GPS.GPSHPositioningError: -3.0}, {}),  # no error of centimetres
        ({ExifTags.GPS.GPSHPositioningError: 0.0}, {}),
        ({ExifTags.GPS.GPSHPositioningError: 0.02}, {"error_m": 0.02}),
        ({ExifTags.GPS.GPSLatitude: (48.0, 30.0)}, {}),
        ({ExifTags.GPS.GPSLatitude: (48.5,)}, {}),
        ({ExifTags.GPS.GPSLatitude: IFDRational(97, 2)}, {}),
        ({ExifTags.GPS.GPSLatitudeRef: b"S\0"}, {"latitude_deg": -48.5}),
        ({ExifTags.GPS.GPSLongitudeRef: "w "}, {"longitude_deg": -9.25}),
    ],
)
def test_latitude_and_longitude_suffice_whatever_stands_beside_them(
    fields: dict[int, Any], right: dict[str, float]
) -> None:
    usual = Fix(latitude_deg=48.5, longitude_deg=9.25, altitude_m=None, error_m=5.0)
    assert fix_from_exif(HERE | fields) == replace(usual, **right)


def test_a_scale_that_follows_more_fixes_errs_less_and_says_so() -> None:
    """Eight photographs of a drone, the heights of three 0: right after six and better after eight, as it says."""
    centres, fixes = climb(count=8)
    fixes = [replace(each, altitude_m=0.0) if index in {1, 4, 6} else each for index, each in enumerate(fixes)]
    found = [scale_of_gps(centres[:count], fixes[:count], tuple(UP)) for count in range(4, 9)]
    said = [each.deviation_ratio for each in found if each is not None and each.deviation_ratio is not None]
    assert len(said) == 5
    assert said == sorted(said, reverse=True)
    errors = [abs(each.metres_per_unit / METRES_PER_UNIT - 1) for each in found if each is not None]
    assert all(error <= 2 * deviation for error, deviation in zip(errors, said, strict=True))
