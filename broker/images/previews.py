"""How is a preview made? Reduced by Pillow in little memory, as WebP or JPEG, with the EXIF of its original.

A JPEG is decoded at 1/2, 1/4 or 1/8 of its size, which libjpeg does while it reads (`Image.draft`).
"""

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image, features
from PIL.ExifTags import IFD, Base
from PIL.JpegImagePlugin import JpegImageFile

from broker.contract import MAX_PREVIEW_BYTES
from broker.images.decoding import UndecodableImageError, translating_decoder_errors
from broker.images.eight_bits import as_rgb, opacity_of
from broker.images.formats import FORMAT_BY_NAME
from broker.images.opening import open_image

DECODED_LIMIT_BYTES: Final = 64 * 1024 * 1024  # a rig has 120 MB in all
QUALITIES_BY_FORMAT: Final = {"WEBP": (80, 60, 40), "JPEG": (85, 70, 50)}
EXIF_VALUE_LIMIT_BYTES: Final = 1024
# In the first directory only these describe the photograph: in a TIFF, the others describe how its pixels lie in the file.
_DESCRIBING: Final = (
    Base.Make,
    Base.Model,
    Base.Orientation,
    Base.Software,
    Base.DateTime,
    Base.Artist,
    Base.Copyright,
)
_LEFT_OUT: Final = frozenset({IFD.MakerNote, IFD.Interop, Base.UserComment})
# What Pillow holds of a pixel while it decodes and reduces; of a mode that is not here, with the copy in 8-bit RGB.
_BYTES_BY_MODE: Final = {"L": 1, "RGB": 4, "CMYK": 4, "RGBA": 8, "LA": 8}
_BYTES_OF_OTHER_MODE: Final = 16
_COEFFICIENT_BYTES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A reduced photograph as it is sent."""

    content: bytes
    content_type: str


def preview(
    content: bytes,
    max_side_px: int,
    *,
    max_bytes: int = MAX_PREVIEW_BYTES,
    decoded_limit_bytes: int = DECODED_LIMIT_BYTES,
) -> Preview | None:
    """Reduce a photograph to `max_side_px` on its longer side; it keeps its stored orientation.

    Its EXIF is the original's without maker's notes and thumbnail; PixelXDimension and PixelYDimension are the size of
    the stored original. None when the photograph is no larger, cannot be decoded within the memory, or when no encoding
    fits `max_bytes`.
    """
    try:
        with translating_decoder_errors(), open_image(content, only_taken=True) as image:
            return _preview(image, max_side_px, max_bytes, decoded_limit_bytes)
    except UndecodableImageError:
        return None


def _preview(image: Image.Image, max_side_px: int, max_bytes: int, decoded_limit_bytes: int) -> Preview | None:
    width, height = image.size
    if max(width, height) <= max_side_px:
        return None
    reduction = max_side_px / max(width, height)
    size = max(1, round(width * reduction)), max(1, round(height * reduction))
    exif = _exif(image, (width, height))
    image.draft("RGB", size)
    if _decoded_bytes(image, width * height) > decoded_limit_bytes:
        return None
    return _encoded(_reduced(image, size), exif, max_bytes)


def _decoded_bytes(image: Image.Image, pixel_count: int) -> float:
    """The most memory that decoding takes, bytes."""
    decoded = image.width * image.height * _BYTES_BY_MODE.get(image.mode, _BYTES_OF_OTHER_MODE)
    if isinstance(image, JpegImageFile) and image.info.get("progressive"):  # libjpeg keeps every coefficient of these
        samples = [(across, down) for _, across, down, _ in image.layer]
        widest, tallest = max(across for across, _ in samples), max(down for _, down in samples)
        share = sum(across * down for across, down in samples) / (widest * tallest)
        return decoded + _COEFFICIENT_BYTES * share * pixel_count
    return decoded


def _reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image in 8-bit RGB, or RGBA when something of it is hidden."""
    opacity = opacity_of(image)
    if opacity is not None:
        reduced = as_rgb(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        reduced.putalpha(opacity.resize(size, Image.Resampling.BOX))
        return reduced
    if image.mode in _BYTES_BY_MODE:
        return as_rgb(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))
    return as_rgb(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _encoded(reduced: Image.Image, exif: bytes, max_bytes: int) -> Preview | None:
    name = "WEBP" if features.check("webp") else "JPEG"
    if name == "JPEG" and reduced.mode == "RGBA":  # it would show what the original hides
        return None
    for quality in QUALITIES_BY_FORMAT[name]:
        out = io.BytesIO()
        reduced.save(out, name, quality=quality, exif=exif)
        if out.tell() <= max_bytes:
            return Preview(content=out.getvalue(), content_type=FORMAT_BY_NAME[name].content_type)
    return None


def _exif(image: Image.Image, size_px: tuple[int, int]) -> bytes:
    original, exif = image.getexif(), Image.Exif()
    exif.update({tag: original[tag] for tag in _DESCRIBING if tag in original and _is_short(original[tag])})
    details = {
        tag: value for tag, value in original.get_ifd(IFD.Exif).items() if tag not in _LEFT_OUT and _is_short(value)
    }
    _keep_focal_length(details, size_px)
    details[Base.ExifImageWidth], details[Base.ExifImageHeight] = size_px
    exif.get_ifd(IFD.Exif).update(details)
    place = {tag: value for tag, value in original.get_ifd(IFD.GPSInfo).items() if _is_short(value)}
    if place:
        exif.get_ifd(IFD.GPSInfo).update(place)
    return exif.tobytes()


def _is_short(value: object) -> bool:
    return not isinstance(value, (str, bytes)) or len(value) <= EXIF_VALUE_LIMIT_BYTES


def _keep_focal_length(details: dict[int, object], size_px: tuple[int, int]) -> None:
    """Scale the focal plane's resolution when the sides in EXIF, which it belongs to, are not those of the file."""
    taken_px = max(_number(details.get(Base.ExifImageWidth)), _number(details.get(Base.ExifImageHeight)))
    scale = max(size_px) / taken_px if taken_px else 1.0
    for tag in (Base.FocalPlaneXResolution, Base.FocalPlaneYResolution):
        if scale != 1.0 and (resolution := _number(details.get(tag))):
            details[tag] = resolution * scale


def _number(value: object) -> float:
    """A positive number of EXIF, which may be of any type; 0 when it is none."""
    try:
        number = float(value)  # type: ignore[arg-type]  # a camera may write any type
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0
    return number if number > 0 else 0.0
