"""Are photographs read upright, reduced, with the right camera, and refused when they are none?"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from reconstructor.engine.features.photographs import UnreadablePhotographError, read_photograph
from reconstructor.engine.settings import EngineSettings

SETTINGS = EngineSettings(threads=1, max_side_px=320)
ORIENTATION, MAKE, MODEL = 0x0112, 0x010F, 0x0110


def marked() -> Image.Image:
    """640 x 400, black, with a white square whose middle is at (80, 40)."""
    image = Image.new("RGB", (640, 400))
    image.paste((255, 255, 255), (60, 20, 100, 60))
    return image


def saved(folder: Path, metadata: Mapping[str, object] | None = None, orientation: int = 1) -> Path:
    path = folder / "photo.png"
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    marked().save(path, exif=exif)
    if metadata:
        path.with_name("photo.png.json").write_text(json.dumps(metadata))
    return path


def middle_of_mark(gray: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(gray > 128)
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_intrinsics_turn_with_the_photograph(tmp_path: Path, orientation: int) -> None:
    # the principal point is put on the mark: wherever the mark goes, it must go
    path = saved(tmp_path, {"intrinsics": [500, 600, 80, 40]}, orientation)
    photograph = read_photograph(path, SETTINGS)
    intrinsics = photograph.sensor.intrinsics
    assert intrinsics is not None
    assert np.allclose(intrinsics[2:], middle_of_mark(photograph.gray), atol=0.6)
    is_turned = orientation >= 5
    assert (photograph.width_px, photograph.height_px) == ((400, 640) if is_turned else (640, 400))
    assert intrinsics[:2] == pytest.approx((300, 250) if is_turned else (250, 300))
    assert photograph.colors_rgb.shape == ((320, 200, 3) if is_turned else (200, 320, 3))
    assert (photograph.sensor.width_px, photograph.sensor.height_px) == photograph.gray.shape[::-1]


@pytest.mark.parametrize(("orientation", "shape"), [(6, (320, 200)), (1, (200, 320))])
def test_an_odd_field_of_exif_costs_no_photograph(tmp_path: Path, orientation: int, shape: tuple[int, int]) -> None:
    """A camera's name that is a number: Pillow cannot write such EXIF again, and a turned photograph needs no EXIF."""
    fields = ((ORIENTATION, 3, orientation), (MAKE, 11, 7))
    entries = b"".join(struct.pack("<HHIHH", tag, kind, 1, value, 0) for tag, kind, value in fields)
    path = tmp_path / "odd.jpg"
    marked().save(path, exif=b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(fields)) + entries + bytes(4))
    assert read_photograph(path, SETTINGS).gray.shape == shape


def test_whatever_a_decoder_raises_is_said_of_the_photograph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Image.Image:
        raise failure

    monkeypatch.setattr("reconstructor.engine.features.photographs.as_rgb", fail)
    failure: Exception = TypeError("bytes\nare no integer")
    with pytest.raises(
        UnreadablePhotographError, match=r"photo\.png cannot be decoded: TypeError: bytes are no integer"
    ):
        read_photograph(saved(tmp_path), SETTINGS)
    failure = MemoryError()
    with pytest.raises(MemoryError):
        read_photograph(saved(tmp_path), SETTINGS)


def test_a_photograph_may_have_the_longest_name_of_a_file(tmp_path: Path) -> None:
    path = saved(tmp_path).rename(tmp_path / f"{'x' * 251}.png")
    assert read_photograph(path, SETTINGS).file_name == path.name


def test_metadata_that_cannot_be_read_is_said_of_the_photograph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, {"sensor": "left"})

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UnreadablePhotographError, match=r"photo\.png\.json cannot be read: Permission denied"):
        read_photograph(path, SETTINGS)


def test_a_picture_of_12_bits_in_16_has_its_brightness(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((100, 160), 2048, np.uint16)).save(path)
    assert (read_photograph(path, SETTINGS).gray == 127).all()


def test_a_picture_of_infinite_values_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "depth.tif"
    Image.fromarray(np.full((100, 160), np.inf, np.float32)).save(path)
    with pytest.raises(UnreadablePhotographError, match="not finite"):
        read_photograph(path, SETTINGS)


@pytest.mark.parametrize("orientation", [1, 6])
def test_what_a_mask_hides_is_black_and_not_shown(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "masked.png"
    image = Image.new("RGB", (640, 400), (200, 150, 100))
    mask = Image.new("L", image.size, 255)
    mask.paste(0, (0, 0, 320, 400))
    image.putalpha(mask)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image.save(path, exif=exif)
    photograph = read_photograph(path, SETTINGS)
    assert photograph.is_shown is not None
    assert photograph.is_shown.shape == photograph.gray.shape
    half = np.zeros_like(photograph.is_shown)
    if orientation == 1:
        half[:, 160:] = True
    else:  # turned to the right: what was left is above
        half[160:] = True
    assert (photograph.is_shown == half).all()
    assert (photograph.colors_rgb[~half] == 0).all()
    assert (photograph.colors_rgb[half] == (200, 150, 100)).all()


def test_a_photograph_that_hides_nothing_has_no_mask(tmp_path: Path) -> None:
    path = tmp_path / "opaque.png"
    image = marked()
    image.putalpha(255)
    image.save(path)
    assert read_photograph(path, SETTINGS).is_shown is None


def test_a_small_photograph_is_not_enlarged(tmp_path: Path) -> None:
    path = tmp_path / "small.png"
    marked().resize((160, 100)).save(path)
    assert read_photograph(path, SETTINGS).gray.shape == (100, 160)


def preview_of(path: Path, size: tuple[int, int], orientation: int = 1) -> Path:
    """A reduced copy that names the size of the photograph it was made from."""
    preview = path.with_name(f"preview-{size[0]}.webp")
    with Image.open(path) as image:
        exif, reduced = Image.Exif(), image.resize(size)
        exif[ORIENTATION] = orientation
        details = exif.get_ifd(IFD.Exif)
        details[Base.ExifImageWidth], details[Base.ExifImageHeight] = image.size
        details[Base.FocalLengthIn35mmFilm] = 30
        reduced.save(preview, exif=exif)
        exif.get_ifd(IFD.Exif)[Base.FocalLengthIn35mmFilm] = 30
        image.save(path, exif=exif)
    return preview


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("size", [(480, 300), (320, 200), (192, 120)], ids=["larger", "working size", "smaller"])
def test_a_preview_has_the_camera_and_the_size_of_its_original(
    tmp_path: Path, size: tuple[int, int], *, orientation: int
) -> None:
    original = saved(tmp_path)
    preview = preview_of(original, size, orientation)
    settings = SETTINGS.model_copy(update={"intrinsics": (900.0, 910.0, 325.0, 198.0)})
    for each in (SETTINGS, settings):
        of_preview, of_original = read_photograph(preview, each), read_photograph(original, each)
        assert of_preview.sensor == of_original.sensor
        assert of_preview.gray.shape == of_original.gray.shape
        assert (of_preview.width_px, of_preview.height_px) == ((400, 640) if orientation == 6 else (640, 400))
        assert np.allclose(middle_of_mark(of_preview.gray), middle_of_mark(of_original.gray), atol=0.5)
    assert of_preview.sensor.focal_px is not None


def test_a_preview_far_below_the_working_size_is_not_enlarged(tmp_path: Path) -> None:
    preview = preview_of(saved(tmp_path), (128, 80))
    photograph = read_photograph(preview, SETTINGS)
    assert photograph.gray.shape == (80, 128)
    assert (photograph.width_px, photograph.height_px) == (640, 400)


def test_intrinsics_of_reduced_photographs_hold_though_exif_names_the_originals_size(tmp_path: Path) -> None:
    preview = preview_of(saved(tmp_path), (320, 200))
    settings = SETTINGS.model_copy(update={"intrinsics": (450.0, 450.0, 160.0, 100.0)})
    assert read_photograph(preview, settings).sensor.intrinsics == pytest.approx((450, 450, 160, 100))


def test_a_photographs_own_intrinsics_go_before_the_settings(tmp_path: Path) -> None:
    settings = EngineSettings(threads=1, max_side_px=640, intrinsics=(900, 900, 320, 200))
    assert read_photograph(saved(tmp_path), settings).sensor.intrinsics == pytest.approx((900, 900, 320, 200))
    path = saved(tmp_path, {"intrinsics": [500, 500, 300, 200], "sensor": "rig-north", "file_name": "door.png"})
    photograph = read_photograph(path, settings)
    assert photograph.sensor.intrinsics is not None
    assert np.allclose(photograph.sensor.intrinsics, (500, 500, 300, 200))
    assert (photograph.sensor.name, photograph.file_name) == ("rig-north", "door.png")


def test_the_sensor_is_named_by_exif_where_nobody_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[MAKE], exif[MODEL] = "Raspberrypi", "imx708\0"
    marked().save(tmp_path / "pi.jpg", exif=exif)
    assert read_photograph(tmp_path / "pi.jpg", SETTINGS).sensor.name == "Raspberrypi imx708"
    assert read_photograph(saved(tmp_path), SETTINGS).sensor.name == "unnamed"


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16", "1"])
def test_every_kind_of_pixel_is_read(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "photo.tif"
    (Image.new("I;16", (200, 100)) if mode == "I;16" else marked().convert(mode)).save(path)
    photograph = read_photograph(path, SETTINGS)
    assert photograph.colors_rgb.dtype == np.uint8
    assert photograph.colors_rgb.shape[2] == 3


def test_what_is_no_photograph_is_refused(tmp_path: Path) -> None:
    text, cut, tiny, huge = (tmp_path / name for name in ("text.jpg", "cut.jpg", "tiny.png", "huge.png"))
    text.write_text("no photograph")
    Image.effect_noise((400, 300), 60).save(tmp_path / "whole.jpg")
    cut.write_bytes((tmp_path / "whole.jpg").read_bytes()[:9000])
    Image.new("L", (20, 20)).save(tiny)
    Image.new("1", (30_000, 30_000)).save(huge)
    for path in (text, cut, tiny, huge, tmp_path / "missing.jpg"):
        with pytest.raises(UnreadablePhotographError):
            read_photograph(path, SETTINGS)


@pytest.mark.parametrize("metadata", [{"intrinsics": [1, 2]}, {"intrinsics": [-1, 1, 1, 1]}, {"sensor": 7}])
def test_malformed_metadata_is_refused(tmp_path: Path, metadata: dict[str, object]) -> None:
    with pytest.raises(UnreadablePhotographError, match=r"photo\.png\.json"):
        read_photograph(saved(tmp_path, metadata), SETTINGS)
