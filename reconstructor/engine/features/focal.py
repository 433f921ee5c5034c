"""What is the focal length in pixels? From EXIF, by the first of three methods whose tags are present."""

import math
from typing import Final

from PIL import Image
from PIL.ExifTags import IFD, Base

_FULL_FORMAT_DIAGONAL_MM: Final = math.hypot(36.0, 24.0)
_MM_PER_RESOLUTION_UNIT: Final = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # EXIF 2.32, tag 0xA210
_PLAUSIBLE_RATIO: Final = (0.2, 30.0)  # focal length over the longer side: 136 degrees to 2 degrees of view
_MOST_DIGITAL_ZOOM: Final = 100.0

# Width of the sensor in mm, for cameras on rigs that write FocalLength but no 35 mm equivalent (makers' data sheets).
SENSOR_WIDTH_MM: Final = {
    "ov5647": 3.67,  # Raspberry Pi Camera Module 1
    "imx219": 3.68,  # Module 2
    "imx708": 6.45,  # Module 3
    "imx708_wide": 6.45,
    "imx477": 6.287,  # HQ
    "imx296": 5.02,  # Global Shutter
    "imx500": 6.287,  # AI Camera
    "hero9 black": 6.17,
    "hero10 black": 6.17,
    "hero11 black": 6.74,
    "fc220": 6.17,  # DJI Mavic Pro
    "fc330": 6.17,  # DJI Phantom 4
    "fc6310": 13.2,  # DJI Phantom 4 Pro
    "fc3170": 6.4,  # DJI Mavic Air 2
    "l1d-20c": 13.2,  # DJI Mavic 2 Pro
}


def focal_from_exif(exif: Image.Exif, width_px: int, height_px: int) -> float | None:
    """The focal length in pixels of the stored image, or None when EXIF has none or an implausible one.

    Tried in this order: 35 mm equivalent (by the diagonal, CIPA DCG-001), focal plane resolution, sensor table. The first
    includes a digital zoom, as cameras write it.
    """
    details, zoom = exif.get_ifd(IFD.Exif), digital_zoom_of(exif)
    focal_mm = focal_in_mm(exif)
    zoomed_mm = None if focal_mm is None else focal_mm * zoom
    ways = (
        _from_full_format(_number(details.get(Base.FocalLengthIn35mmFilm)), width_px, height_px),
        _from_resolution(zoomed_mm, details, width_px, height_px),
        _from_sensor_table(zoomed_mm, str(exif.get(Base.Model, "")), max(width_px, height_px)),
    )
    low, high = (ratio * max(width_px, height_px) for ratio in _PLAUSIBLE_RATIO)
    return next((focal_px for focal_px in ways if focal_px is not None and low <= focal_px <= high), None)


def focal_in_mm(exif: Image.Exif) -> float | None:
    """The focal length of the lens in millimetres, or None."""
    return _number(exif.get_ifd(IFD.Exif).get(Base.FocalLength))


def digital_zoom_of(exif: Image.Exif) -> float:
    """How much a camera enlarged the middle of its picture; 1 if it did not, or does not say."""
    zoom = _number(exif.get_ifd(IFD.Exif).get(Base.DigitalZoomRatio))
    return zoom if zoom is not None and 1.0 <= zoom <= _MOST_DIGITAL_ZOOM else 1.0


def _from_full_format(focal_35mm: float | None, width_px: int, height_px: int) -> float | None:
    if not focal_35mm:
        return None
    return focal_35mm * math.hypot(width_px, height_px) / _FULL_FORMAT_DIAGONAL_MM


def _from_resolution(focal_mm: float | None, details: dict[int, object], width_px: int, height_px: int) -> float | None:
    per_unit = _number(details.get(Base.FocalPlaneXResolution))
    unit_mm = _MM_PER_RESOLUTION_UNIT.get(int(_number(details.get(Base.FocalPlaneResolutionUnit)) or 2))
    taken_px = max(_number(details.get(Base.ExifImageWidth)) or 0, _number(details.get(Base.ExifImageHeight)) or 0)
    if not (focal_mm and per_unit and unit_mm):
        return None
    reduction = max(width_px, height_px) / taken_px if taken_px else 1.0
    return focal_mm * per_unit / unit_mm * reduction


def _from_sensor_table(focal_mm: float | None, model: str, longer_side_px: int) -> float | None:
    width_mm = SENSOR_WIDTH_MM.get(model.strip().lower())
    if not (focal_mm and width_mm):
        return None
    return focal_mm / width_mm * longer_side_px


def _number(value: object) -> float | None:
    """A finite positive number from an EXIF value, which may be a ratio with denominator 0, text or missing."""
    try:
        number = float(value)  # type: ignore[arg-type]  # a camera may write any type
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None
