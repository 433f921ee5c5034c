"""How does light become a JPEG? By exposure, vignetting, sensor noise, a tone curve, and EXIF."""

import io
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from edge_agent.cameras.simulated.noise import Floats
from edge_agent.cameras.simulated.renderer import Intrinsics

FULL_FRAME_WIDTH_MM = 36.0
SENSOR_WIDTH_MM = 13.2  # a one-inch sensor, as in compact cameras and drones
FULL_WELL_ELECTRONS = 9000.0
READ_NOISE_ELECTRONS = 9.0
MAKE, MODEL = "Cairn", "Simulated 28"
JPEG_QUALITY = 92


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """A lens of known focal length and a noisy sensor.

    `exposure_spread_ev` is the spread between shots, `white_balance_spread_ev` the same of red and blue against green.
    """

    focal_length_35mm_mm: float = 28.0
    vignetting: float = 0.18
    exposure: float = 0.5
    exposure_spread_ev: float = 0.12
    white_balance_spread_ev: float = 0.0
    noise: float = 1.0

    def intrinsics(self, width_px: int, height_px: int) -> Intrinsics:
        focal_px = self.focal_length_35mm_mm / FULL_FRAME_WIDTH_MM * width_px
        return Intrinsics(
            width_px=width_px,
            height_px=height_px,
            fx_px=focal_px,
            fy_px=focal_px,
            cx_px=width_px / 2,
            cy_px=height_px / 2,
        )

    def develop(self, radiance_rgb: Floats, *, seed: int) -> NDArray[np.uint8]:
        """Convert linear radiance (H, W, 3) float32 to sRGB (H, W, 3) uint8; the same seed gives the same bytes."""
        rng = np.random.default_rng((seed, 4201))
        gain = self.exposure * 2 ** rng.uniform(-self.exposure_spread_ev, self.exposure_spread_ev)
        exposed = (
            radiance_rgb
            * (_falloff(radiance_rgb.shape[0], radiance_rgb.shape[1], self.vignetting) * np.float32(gain))[..., None]
        )
        if self.white_balance_spread_ev > 0:
            exposed *= _white_balance(self.white_balance_spread_ev, seed)
        if self.noise > 0:
            exposed = _noisy(exposed, self.noise, rng)
        return _to_srgb(_filmic(exposed))


def encode_jpeg(image_rgb: NDArray[np.uint8], lens: Lens, captured_at: datetime, *, serial: str) -> bytes:
    """Encode an image (H, W, 3) uint8 with the EXIF that a real camera writes."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model], exif[ExifTags.Base.Orientation] = MAKE, MODEL, 1
    exif[ExifTags.Base.DateTime] = f"{captured_at:%Y:%m:%d %H:%M:%S}"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = f"{captured_at:%Y:%m:%d %H:%M:%S}"
    details[ExifTags.Base.SubsecTimeOriginal] = f"{captured_at.microsecond // 1000:03d}"
    details[ExifTags.Base.OffsetTimeOriginal] = "+00:00"
    details[ExifTags.Base.FocalLength] = lens.focal_length_35mm_mm * SENSOR_WIDTH_MM / FULL_FRAME_WIDTH_MM
    details[ExifTags.Base.FocalLengthIn35mmFilm] = round(lens.focal_length_35mm_mm)
    details[ExifTags.Base.ExposureTime], details[ExifTags.Base.ISOSpeedRatings] = 1 / 250, 100
    details[ExifTags.Base.BodySerialNumber] = serial
    out = io.BytesIO()
    Image.fromarray(image_rgb).save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0, exif=exif)
    return out.getvalue()


def _white_balance(spread_ev: float, seed: int) -> Floats:
    red_ev, blue_ev = np.random.default_rng((seed, 4202)).uniform(-spread_ev, spread_ev, 2)
    gains: Floats = (2.0 ** np.array([red_ev, 0.0, blue_ev])).astype(np.float32)
    return gains


def _falloff(height: int, width: int, strength: float) -> Floats:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    radius_squared = ((x - width / 2) ** 2 + (y - height / 2) ** 2) / ((width / 2) ** 2 + (height / 2) ** 2)
    result: Floats = 1 - np.float32(strength) * radius_squared
    return result


def _noisy(exposed: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Add photon noise (normal instead of Poisson above 20 electrons) and read noise."""
    electrons = np.clip(exposed, 0, None) * np.float32(FULL_WELL_ELECTRONS)
    deviation = np.float32(strength) * np.sqrt(electrons + np.float32(READ_NOISE_ELECTRONS**2))
    noisy = electrons + deviation * rng.standard_normal(electrons.shape, np.float32)
    result: Floats = np.clip(noisy, 0, None) / np.float32(FULL_WELL_ELECTRONS)
    return result


def _filmic(linear: Floats) -> Floats:
    """The tone curve: linear in the shadows, compressed above one half, so that pale stone keeps its detail."""
    shoulder = np.float32(0.5)
    over = np.clip(linear - shoulder, 0, None)
    result: Floats = np.minimum(linear, shoulder) + shoulder * (1 - np.exp(-over / shoulder))
    return result


def _to_srgb(linear: Floats) -> NDArray[np.uint8]:
    """The sRGB curve of IEC 61966-2-1 as a table: 4096 steps, below a quarter of a grey level but for two."""
    steps = np.linspace(0, 1, 4097)
    curve = np.where(steps <= 0.0031308, 12.92 * steps, 1.055 * steps ** (1 / 2.4) - 0.055)
    table = np.round(curve * 255).astype(np.uint8)
    result: NDArray[np.uint8] = table[(np.clip(linear, 0, 1) * 4096).astype(np.int16)]
    return result
