"""Is a reduced copy told from a whole photograph, a crop and a file that lies?"""

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from reconstructor.engine.features.native_size import native_size


def named(width_px: object, height_px: object) -> Image.Exif:
    exif = Image.Exif()
    details = exif.get_ifd(IFD.Exif)
    details[Base.ExifImageWidth], details[Base.ExifImageHeight] = width_px, height_px
    return exif


@pytest.mark.parametrize(
    ("native", "stored"),
    [
        ((3072, 2048), (1224, 816)),
        ((4000, 2999), (1224, 918)),  # 917.7
        ((4000, 2999), (1224, 917)),
        ((2999, 4000), (918, 1224)),
        ((6000, 400), (1224, 82)),
        ((640, 400), (640, 400)),
    ],
)
def test_a_reduced_copy_has_its_originals_size(native: tuple[int, int], stored: tuple[int, int]) -> None:
    assert native_size(named(*native), stored) == native


@pytest.mark.parametrize(
    ("native", "stored"),
    [
        ((4000, 3000), (1224, 816)),  # cropped
        ((4000, 3000), (900, 1200)),  # turned without its EXIF
        ((640, 400), (1224, 765)),  # enlarged
        ((0, 0), (1224, 816)),
        ((4_000_000_000, 2_666_666_666), (1224, 816)),
        ((3072, None), (1224, 816)),
        (("3072", b"2048"), (1224, 816)),
        ((3072.0, float("nan")), (1224, 816)),
        (((3072, 1), (2048, 1)), (1224, 816)),
    ],
)
def test_anything_else_has_its_own(native: tuple[object, object], stored: tuple[int, int]) -> None:
    assert native_size(named(*native), stored) == stored


def test_a_file_without_exif_has_its_own() -> None:
    assert native_size(Image.Exif(), (1224, 816)) == (1224, 816)
