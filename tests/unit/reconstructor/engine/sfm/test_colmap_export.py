"""Exported photographs bear the photographer's names, each once."""

from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.sfm.colmap_export import _free_name


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
    names = [_free_name(number, each, taken) for number, each in enumerate(given, start=1)]
    assert names == [
        "IMG_1.jpg",
        "000002-img_1.jpg",
        "IMG_1.png",
        "door1.jpg",
        "view-000005-0123456789abcdef.jpg",
    ]
