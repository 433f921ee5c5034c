"""Which previews fit their originals: of every kind of photograph, and none of another one."""

import io

import numpy as np
import pytest
from PIL import Image

from reconstructor.decoders.likeness import likeness
from tests.previews import large_photograph, preview_of


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def structured(mode: str, seed: int = 3) -> Image.Image:
    return Image.open(io.BytesIO(large_photograph(seed))).convert(mode)


def hidden() -> Image.Image:
    """Noise under a mask, which WebP does not keep, beside something to see."""
    image = structured("RGBA")
    noise = np.random.default_rng(1).integers(0, 256, (240, 160, 4), np.uint8)
    noise[..., 3] = 0
    image.paste(Image.fromarray(noise), (0, 0))
    return image


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(structured("RGB"), "JPEG", exif=exif)


@pytest.mark.parametrize(
    "original",
    [
        large_photograph(1),
        turned(),
        encoded(structured("L")),
        encoded(structured("P")),
        encoded(hidden()),
        encoded(structured("CMYK"), "TIFF"),
        encoded(Image.fromarray(np.asarray(structured("L")).astype(np.uint16) * 16)),
        encoded(Image.new("RGB", (400, 300), (90, 92, 88)), "JPEG"),
        encoded(Image.fromarray(np.random.default_rng(2).integers(0, 256, (300, 400, 3), np.uint8)), "JPEG"),
    ],
    ids=["JPEG", "turned", "grey", "palette", "hidden", "CMYK", "16 bits", "flat", "noise"],
)
def test_a_preview_fits_its_original(original: bytes) -> None:
    assert likeness(preview_of(original)).misfit(likeness(original)) == ""


@pytest.mark.parametrize(
    "other",
    [large_photograph(2), encoded(structured("L").rotate(180)), encoded(Image.new("L", (320, 240), 128))],
    ids=["another", "upside down", "flat"],
)
def test_another_photograph_of_the_same_size_does_not_fit(other: bytes) -> None:
    assert "correlate" in likeness(preview_of(large_photograph(1))).misfit(likeness(other))
    assert "correlate" in likeness(preview_of(other)).misfit(likeness(large_photograph(1)))


def test_a_preview_of_another_size_does_not_fit() -> None:
    larger = large_photograph(1, width_px=640, height_px=480)
    assert "640x480" in likeness(preview_of(larger)).misfit(likeness(large_photograph(1)))
    cut = large_photograph(1, width_px=320, height_px=200)
    assert "320x200" in likeness(preview_of(cut)).misfit(likeness(large_photograph(1)))


def test_flat_photographs_of_different_brightness_do_not_fit() -> None:
    dark, bright = (encoded(Image.new("L", (400, 300), grey)) for grey in (20, 220))
    assert likeness(preview_of(dark)).misfit(likeness(bright))
