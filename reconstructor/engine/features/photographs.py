"""How is a photograph decoded? Within limits, upright, reduced, with its camera's intrinsics from sidecar or EXIF."""

import errno
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError

from broker.errors import CairnError
from broker.images.decoding import UndecodableImageError, translating_decoder_errors
from broker.images.eight_bits import UnusualPixelsError, as_rgb, opacity_of
from broker.images.orientation import orientation_of, upright
from reconstructor.engine.features.focal import focal_from_exif
from reconstructor.engine.features.native_size import Size, native_size
from reconstructor.engine.features.sensor_identity import SensorIdentity, identify
from reconstructor.engine.settings import EngineSettings

_METADATA_LIMIT_BYTES = 1 << 20
_MIN_SIDE_PX = 64
_HALF_OPAQUE = 128
_MOST_ENLARGED = 2.0  # a preview smaller than the working size, so that it has its original's camera
_MOST_OFF_CENTRE = 0.05  # of the principal point, over the side: Strecha's cameras have 0.017
# EXIF orientations: mirrored along x or y of the stored image, then x and y swapped
_MIRRORS_X = frozenset({2, 3, 7, 8})
_MIRRORS_Y = frozenset({3, 4, 6, 7})
_SWAPS_SIDES = frozenset({5, 6, 7, 8})

Intrinsics = tuple[float, float, float, float]  # fx, fy, cx, cy


class UnreadablePhotographError(CairnError):
    """The file is no photograph that the engine can use."""

    code = "unreadable_image"
    remedy = "Photograph again; the file does not decode in the engine."


class ImageMetadata(BaseModel):
    """Optional metadata of a photograph, in the file `<photograph>.json` in the same folder."""

    model_config = ConfigDict(frozen=True)

    intrinsics: tuple[PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat] | None = Field(
        default=None, description="fx, fy, cx, cy in pixels of the stored image, before EXIF orientation"
    )
    sensor: Annotated[str, Field(max_length=256)] | None = Field(
        default=None,
        description="the camera, for example its serial number; EXIF's make, model and lens do not count then",
    )
    sender: Annotated[str, Field(max_length=256)] | None = Field(
        default=None, description="who sent it: tells cameras apart that have no serial number"
    )
    file_name: Annotated[str, Field(max_length=512)] | None = None


class _Record(BaseModel):
    sender: Annotated[str, Field(max_length=256)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotographSensor:
    """The camera of a photograph, in pixels of the reduced image; equal sensors share one set of intrinsics."""

    name: str
    width_px: int
    height_px: int
    intrinsics: Intrinsics | None  # calibrated: kept fixed
    focal_px: float | None  # estimated from EXIF: refined
    distortion: tuple[float, ...] = ()  # OpenCV's k1, k2, p1, p2 of calibrated ones: kept fixed, too
    is_learned: bool = False  # the intrinsics are those that an earlier project found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecodedPhotograph:
    """An upright, reduced photograph."""

    colors_rgb: NDArray[np.uint8]  # (height, width, 3)
    gray: NDArray[np.uint8]  # (height, width)
    is_shown: NDArray[np.bool_] | None = (
        None  # (height, width), false under a mask, whose colour is black; None: no mask
    )
    sensor: PhotographSensor
    identity: SensorIdentity
    width_px: int  # of the upright photograph before anybody reduced it
    height_px: int
    file_name: str


def read_photograph(path: Path, settings: EngineSettings) -> DecodedPhotograph:
    """Decode a photograph and collect what is known of its camera.

    Raises:
        UnreadablePhotographError: not an image, truncated, too many pixels or too few, or its metadata is malformed.
    """
    metadata = _read_metadata(path)
    try:
        with translating_decoder_errors(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of malformed EXIF; the size is checked below
            return _decode(path, metadata, settings)
    except UnusualPixelsError as exc:
        raise UnreadablePhotographError(f"{path.name}: {exc.sentence}") from exc
    except UndecodableImageError as exc:
        if isinstance(exc.__cause__, MemoryError):  # the photograph may be sound
            raise exc.__cause__ from exc
        raise UnreadablePhotographError(
            f"{path.name} cannot be decoded: {' '.join(exc.sentence.split())[:200]}"
        ) from exc


def stamp_of(path: Path, side_px: int) -> int:
    """Another number when the file, or the longer side that it is reduced to, is another; 0 without a file."""
    try:
        status = path.stat()
    except OSError:
        return 0
    named = f"{path.name} {status.st_size} {status.st_mtime_ns} {side_px}"
    return 1 + zlib.crc32(named.encode()) % (2**31 - 1)


def _decode(path: Path, metadata: ImageMetadata, settings: EngineSettings) -> DecodedPhotograph:
    with Image.open(path) as image:
        stored = image.size
        if stored[0] * stored[1] > settings.max_pixels or min(stored) < _MIN_SIDE_PX:
            raise UnreadablePhotographError(f"{path.name} has {stored[0]}x{stored[1]} pixels: out of bounds")
        exif = image.getexif()
        orientation = orientation_of(exif)
        native = native_size(exif, stored)
        size = _working_size(native, stored, settings.max_side_px)
        reduction = max(size) / max(stored)
        image.draft("RGB", (round(2 * reduction * stored[0]), round(2 * reduction * stored[1])))
        opacity = opacity_of(image)
        reduced = as_rgb(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    shown = _upright_mask(opacity, size, orientation) if opacity is not None else None
    turned = upright(reduced, orientation)
    if shown is not None:
        turned = Image.composite(turned, Image.new("RGB", turned.size), shown)
    identity = identify(exif, sensor=metadata.sensor, sender=metadata.sender)
    native_width, native_height = reversed(native) if orientation in _SWAPS_SIDES else native
    return DecodedPhotograph(
        colors_rgb=np.asarray(turned),
        gray=np.asarray(turned.convert("L")),
        is_shown=None if shown is None else np.asarray(shown) > 0,
        sensor=PhotographSensor(
            name=identity.name,
            width_px=turned.width,
            height_px=turned.height,
            intrinsics=_upright_intrinsics(_intrinsics(metadata, settings, native, stored, size), orientation, size),
            focal_px=_focal(exif, native, max(size) / max(native)),
        ),
        identity=identity,
        width_px=native_width,
        height_px=native_height,
        file_name=metadata.file_name or path.name,
    )


def _upright_mask(opacity: Image.Image, size: tuple[int, int], orientation: int) -> Image.Image:
    """Black where the photograph is more transparent than not, white elsewhere; of the reduced size, upright."""
    reduced = opacity.resize(size, Image.Resampling.BOX).point(lambda value: 255 * (value >= _HALF_OPAQUE))
    return upright(reduced, orientation)


def _working_size(native: Size, stored: Size, max_side_px: int) -> Size:
    """The size in which features are taken: that of the whole photograph, reduced, also when the file is a preview."""
    reduction = min(1.0, max_side_px / max(native))
    if reduction * max(native) > _MOST_ENLARGED * max(stored):
        reduction, native = 1.0, stored
    return round(native[0] * reduction), round(native[1] * reduction)


def _focal(exif: Image.Exif, native: Size, reduction: float) -> float | None:
    focal_px = focal_from_exif(exif, *native)
    return None if focal_px is None else focal_px * reduction


def _intrinsics(
    metadata: ImageMetadata, settings: EngineSettings, native: Size, stored: Size, size: Size
) -> Intrinsics | None:
    """The known intrinsics in pixels of `size`: those beside the file are in its pixels, those for all in native ones.

    A principal point that is not near the centre of either is another image's: this one is a crop. With the full
    photograph's principal point, a crop (60 %) was placed wrongly by 5 % of the path (2026-11-24).
    """
    if metadata.intrinsics is not None:
        return _scaled(metadata.intrinsics, stored, size)
    if settings.intrinsics is None:
        return None
    _, _, cx, cy = settings.intrinsics
    for each in (native, stored):
        if max(abs(cx / each[0] - 0.5), abs(cy / each[1] - 0.5)) <= _MOST_OFF_CENTRE:
            return _scaled(settings.intrinsics, each, size)
    return None


def _scaled(intrinsics: Intrinsics, source: Size, target: Size) -> Intrinsics:
    fx, fy, cx, cy = intrinsics
    across, down = target[0] / source[0], target[1] / source[1]
    return fx * across, fy * down, cx * across, cy * down


def _upright_intrinsics(intrinsics: Intrinsics | None, orientation: int, size: tuple[int, int]) -> Intrinsics | None:
    """Rotate or mirror intrinsics with the image; `size` is that of the image before."""
    if intrinsics is None:
        return None
    fx, fy, cx, cy = intrinsics
    width, height = size
    if orientation in _MIRRORS_X:
        cx = width - cx
    if orientation in _MIRRORS_Y:
        cy = height - cy
    return (fy, fx, cy, cx) if orientation in _SWAPS_SIDES else (fx, fy, cx, cy)


def _read_metadata(path: Path) -> ImageMetadata:
    sidecar = path.with_name(path.name + ".json")
    try:
        if not sidecar.is_file():
            return ImageMetadata(sender=_sender_of(path))
        if sidecar.stat().st_size > _METADATA_LIMIT_BYTES:
            raise UnreadablePhotographError(f"{sidecar.name} is larger than 1 MiB")
        metadata = ImageMetadata.model_validate_json(sidecar.read_bytes())
    except OSError as exc:
        if exc.errno == errno.ENAMETOOLONG:  # no such file can be there
            return ImageMetadata(sender=_sender_of(path))
        raise UnreadablePhotographError(f"{sidecar.name} cannot be read: {exc.strerror}") from exc
    except ValidationError as exc:
        raise UnreadablePhotographError(f"{sidecar.name}: {' '.join(str(exc).split())[:200]}") from exc
    return metadata if metadata.sender else metadata.model_copy(update={"sender": _sender_of(path)})


def _sender_of(path: Path) -> str | None:
    """The sender of a photograph, from the record that the store keeps next to it; None without a record."""
    record = path.with_suffix(".json")
    try:
        if record.stat().st_size > _METADATA_LIMIT_BYTES:
            return None
        return _Record.model_validate_json(record.read_bytes()).sender
    except (OSError, ValidationError):  # another program's file
        return None
