"""Exported photographs are upright and bear the photographer's names, each once."""

import struct
from pathlib import Path

import pytest
from PIL import Image
from PIL.ExifTags import Base

from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.sfm.colmap_export import _free_name, _write_upright


def facts(path: str, file_name: str) -> ImageFacts:
    return ImageFacts(
        image_id="view-000001-0123456789abcdef",
        path=path,
        file_name=file_name,
        width_px=640,
        height_px=480,
        sensor_name="a",
        reduced_width_px=320,
        reduced_height_px=240,
        intrinsics=None,
        focal_px=None,
    )


def test_equal_names_are_kept_apart_and_the_suffix_is_the_files() -> None:
    taken = set[str]()
    given = [
        facts("/images/a.jpg", "IMG_1.JPG"),
        facts("/images/b.jpg", "img_1.jpg"),
        facts("/images/c.png", "IMG_1.JPG"),
        facts("/images/d.jpg", "door1"),
        facts("/images/view-000005-0123456789abcdef.jpg", "view-000005-0123456789abcdef.jpg"),
    ]
    names = [_free_name(number, each, Path(each.path).suffix, taken) for number, each in enumerate(given, start=1)]
    assert names == [
        "IMG_1.jpg",
        "000002-img_1.jpg",
        "IMG_1.png",
        "door1.jpg",
        "view-000005-0123456789abcdef.jpg",
    ]


@pytest.mark.parametrize(
    ("given", "exported"),
    [
        (["T\u00fcr.jpg", "Tu\u0308r.JPG"], ["T\u00fcr.jpg", "000002-Tu\u0308r.jpg"]),  # one name to macOS
        (["Stra\u00dfe.jpg", "STRASSE.JPG"], ["Stra\u00dfe.jpg", "000002-STRASSE.jpg"]),
        (["a.jpg", "000003-a.jpg", "a.jpg"], ["a.jpg", "000003-a.jpg", "000003-000003-a.jpg"]),
        (["DSC_1.MPO", "DSC_1.tif", "DSC_1"], ["DSC_1.jpg", "000002-DSC_1.jpg", "000003-DSC_1.jpg"]),
        (["a.b.c.jpg", "a.b.jpg"], ["a.b.c.jpg", "a.b.jpg"]),
        (["../../x.jpg", "x.jpg"], ["x.jpg", "000002-x.jpg"]),
    ],
)
def test_no_file_system_takes_two_exported_names_for_one(given: list[str], exported: list[str]) -> None:
    taken = set[str]()
    photographs = [facts(f"/images/{number}.jpg", name) for number, name in enumerate(given, start=1)]
    assert [
        _free_name(number, each, Path(each.path).suffix, taken) for number, each in enumerate(photographs, start=1)
    ] == exported


def test_a_photograph_is_turned_upright_whatever_else_its_exif_says(tmp_path: Path) -> None:
    fields = ((Base.Orientation, 3, 6), (Base.Make, 11, 7))  # a camera's name that is a number cannot be written again
    entries = b"".join(struct.pack("<HHIHH", tag, kind, 1, value, 0) for tag, kind, value in fields)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(fields)) + entries + bytes(4)
    Image.new("RGB", (40, 20)).save(tmp_path / "odd.jpg", exif=exif)
    _write_upright(tmp_path / "odd.jpg", tmp_path / "upright.jpg", may_link=True)
    with Image.open(tmp_path / "upright.jpg") as found:
        assert (found.size, dict(found.getexif())) == ((20, 40), {})
