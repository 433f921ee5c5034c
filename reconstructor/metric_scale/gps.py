"""How large is a unit of the world, if photographs say where they were taken? Only the scale is used: GPS errs by metres."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import GPS, IFD

from broker.messages import ScaleSource
from reconstructor.clouds.similarity import DegenerateGeometryError, estimate_similarity_robustly
from reconstructor.metric_scale.scale import Scale

_USUAL_ERROR_M: Final = 5.0  # of a telephone or a receiver without corrections, under an open sky
_LEAST_ERROR_M: Final = 0.01
_EXACT_M: Final = 0.1  # a receiver with corrections (RTK): beside it, ordinary fixes only add error
_FEWEST_FIXES: Final = 4
_LEAST_SPREAD: Final = 5.0  # times the error
_MOST_RESIDUAL: Final = 3.0  # times the error, in the median: the cameras did not walk where GPS says
_EQUATOR_M, _FLATTENING = 6_378_137.0, 1 / 298.257223563  # WGS 84


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Where a photograph was taken by its EXIF, in degrees and metres of WGS 84."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float | None
    error_m: float


def scale_of_gps(
    centres_in_world: NDArray[np.float64], fixes: Sequence[Fix], up_in_world: Sequence[float] | None = None
) -> Scale | None:
    """Metres per unit by a robust similarity of camera centres (N, 3) to their fixes.

    Fixes that state an error below 0.1 m are used alone where there are 4 of them. Heights are used when every fix has
    one; else latitude and longitude suffice, with the cameras seen from above when the direction `up_in_world` is known.

    None with fewer than 4 fixes, with fixes that lie closer together than 5 times their error, so that it is error
    which would be measured, or when the two do not fit.
    """
    exact = [index for index, fix in enumerate(fixes) if fix.error_m < _EXACT_M]
    if len(exact) >= _FEWEST_FIXES:
        centres_in_world, fixes = centres_in_world[exact], [fixes[index] for index in exact]
    if len(fixes) < _FEWEST_FIXES:
        return None
    fixes = _without_false_heights(fixes)
    places = local_metres(fixes)
    if up_in_world is not None and any(fix.altitude_m is None for fix in fixes):
        centres_in_world = _seen_from_above(centres_in_world, np.asarray(up_in_world, np.float64))
    error_m = float(np.median([fix.error_m for fix in fixes]))
    spread_m = float(np.sqrt(np.mean(np.sum((places - places.mean(axis=0)) ** 2, axis=1))))
    if spread_m < _LEAST_SPREAD * error_m:
        return None
    try:
        local_from_world = estimate_similarity_robustly(centres_in_world, places)
    except DegenerateGeometryError:  # also of a walk along a line: its turn about it is open
        return None
    residuals = np.linalg.norm(local_from_world.apply(centres_in_world) - places, axis=1)
    typical_m = float(np.median(residuals))
    if typical_m > _MOST_RESIDUAL * error_m:
        return None
    deviation = max(typical_m, error_m) / (spread_m * math.sqrt(len(fixes)))
    return Scale(metres_per_unit=local_from_world.scale, source=ScaleSource.GPS, deviation_ratio=deviation)


def _without_false_heights(fixes: Sequence[Fix]) -> list[Fix]:
    """The fixes, without heights of exactly 0 among others: so a receiver says that it has none."""
    heights = [fix.altitude_m for fix in fixes]
    if 0.0 not in heights or not any(heights):
        return list(fixes)
    return [replace(fix, altitude_m=fix.altitude_m or None) for fix in fixes]


def _seen_from_above(points: NDArray[np.float64], up: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points (N, 3) moved along `up` (3,) into the plane across it."""
    return points - np.outer(points @ up, up) / float(up @ up)


def local_metres(fixes: Sequence[Fix]) -> NDArray[np.float64]:
    """Metres east, north and up (N, 3) of the first fix; heights are 0 unless all have one. Good to 1e-4 within 10 km.

    Source: radii of curvature of the ellipsoid, Torge and Mueller, "Geodesy", section 4.1.
    """
    latitudes = np.radians([fix.latitude_deg for fix in fixes])
    longitudes = np.radians([fix.longitude_deg for fix in fixes])
    squared = _FLATTENING * (2.0 - _FLATTENING)  # eccentricity
    bent = 1.0 - squared * math.sin(latitudes[0]) ** 2
    meridian_m, normal_m = _EQUATOR_M * (1.0 - squared) / bent**1.5, _EQUATOR_M / math.sqrt(bent)
    turns = (longitudes - longitudes[0] + np.pi) % (2.0 * np.pi) - np.pi
    heights = [fix.altitude_m for fix in fixes if fix.altitude_m is not None]
    up = np.array(heights) - heights[0] if len(heights) == len(fixes) else np.zeros(len(fixes))
    east, north = normal_m * math.cos(latitudes[0]) * turns, meridian_m * (latitudes - latitudes[0])
    return np.stack([east, north, up], axis=1)


@lru_cache(maxsize=16_384)
def fix_of(path: Path) -> Fix | None:
    """The place in a photograph's EXIF; None without one, or with one that does not read. A file never changes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd EXIF
            with Image.open(path) as image:
                return fix_from_exif(image.getexif().get_ifd(IFD.GPSInfo))
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
        TypeError,
        KeyError,
    ):
        return None


def fix_from_exif(fields: Mapping[int, Any]) -> Fix | None:
    """A fix from EXIF's GPS fields; None when they do not say a place on Earth.

    Raises:
        TypeError, ValueError: fields of odd types.
    """
    if GPS.GPSLatitude not in fields or GPS.GPSLongitude not in fields:
        return None
    latitude_deg = _degrees(fields[GPS.GPSLatitude], fields.get(GPS.GPSLatitudeRef, "N"), "S")
    longitude_deg = _degrees(fields[GPS.GPSLongitude], fields.get(GPS.GPSLongitudeRef, "E"), "W")
    is_place = abs(latitude_deg) <= 89.0 and abs(longitude_deg) <= 180.0  # noqa: PLR2004 - not at the poles; false for NaN
    if not is_place or (latitude_deg, longitude_deg) == (0.0, 0.0):  # what a receiver writes that has no fix
        return None
    altitude_m, error_m = _number(fields.get(GPS.GPSAltitude)), _number(fields.get(GPS.GPSHPositioningError))
    if altitude_m is not None and fields.get(GPS.GPSAltitudeRef) in {1, b"\x01"}:
        altitude_m = -altitude_m
    return Fix(
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        altitude_m=altitude_m,
        error_m=max(_LEAST_ERROR_M, error_m) if error_m is not None and error_m > 0 else _USUAL_ERROR_M,
    )


def _degrees(parts: Any, reference: str | bytes, negative: str) -> float:
    """From degrees, minutes and seconds; some programs leave out the latter two, or write the reference as bytes."""
    numbers = [float(part) for part in parts] if isinstance(parts, tuple) else [float(parts)]
    size = sum(number / 60.0**place for place, number in enumerate(numbers))
    letter = reference.decode("latin-1") if isinstance(reference, bytes) else str(reference)
    return -size if letter.strip("\0 ").upper() == negative else size


def _number(value: Any) -> float | None:
    """A finite number; None for none, or for what is no number: the place is good without it."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None
