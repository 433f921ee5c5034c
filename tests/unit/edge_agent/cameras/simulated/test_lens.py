import io
from datetime import UTC, datetime

import numpy as np
from PIL import ExifTags, Image

from edge_agent.cameras.simulated.lens import MAKE, MODEL, Lens, encode_jpeg

GREY = np.full((64, 96, 3), 0.4, np.float32)


def test_the_same_shot_has_the_same_bytes_and_another_differs() -> None:
    lens = Lens()
    np.testing.assert_array_equal(lens.develop(GREY, seed=4), lens.develop(GREY, seed=4))
    assert (lens.develop(GREY, seed=4) != lens.develop(GREY, seed=5)).any()


def test_corners_are_darker_than_the_middle() -> None:
    image = Lens(noise=0.0).develop(GREY, seed=0)
    assert image[0, 0, 0] < image[32, 48, 0] - 5


def test_white_balance_differs_between_shots_and_leaves_green() -> None:
    plain, warm = Lens(noise=0.0), Lens(noise=0.0, white_balance_spread_ev=0.2)
    ratios = [
        warm.develop(GREY, seed=seed)[32, 48].astype(float) / plain.develop(GREY, seed=seed)[32, 48]
        for seed in range(6)
    ]
    red, green, blue = np.transpose(ratios)
    assert (green == 1.0).all()
    assert red.std() > 0.02
    assert blue.std() > 0.02
    assert np.abs(np.log2([red, blue])).max() < 0.2


def test_noise_is_as_strong_as_the_electrons_say() -> None:
    lens = Lens(vignetting=0.0, exposure=0.5, exposure_spread_ev=0.0)
    flat = lens.develop(np.full((200, 200, 3), 0.4, np.float32), seed=1).astype(float)
    electrons = 0.2 * 9000
    relative = np.sqrt(electrons + 81) / electrons
    slope = flat.mean() / 2.2  # of the tone curve: d(grey)/d(log light)
    assert 0.7 < flat.std() / (relative * slope) < 1.3


def test_exif_tells_the_focal_length_that_rendered_the_photograph() -> None:
    lens, taken_at = Lens(), datetime(2026, 11, 24, 9, 30, 1, 250_000, tzinfo=UTC)
    content = encode_jpeg(lens.develop(GREY, seed=0), lens, taken_at, serial="sim-1")
    exif = Image.open(io.BytesIO(content)).getexif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    assert (exif[ExifTags.Base.Make], exif[ExifTags.Base.Model]) == (MAKE, MODEL)
    assert details[ExifTags.Base.DateTimeOriginal] == "2026:11:24 09:30:01"
    assert details[ExifTags.Base.SubsecTimeOriginal] == "250"
    focal_px = details[ExifTags.Base.FocalLengthIn35mmFilm] / 36 * 1224
    assert focal_px == lens.intrinsics(1224, 816).fx_px
