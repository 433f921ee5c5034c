"""Is this an acceptable photograph? Its header is read under limits, then it is decoded once; run this in a decoder process."""

import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from broker.errors import CairnError
from broker.images.decoding import UndecodableImageError, translating_decoder_errors
from broker.images.eight_bits import DEEP_MODES, UnusualPixelsError, as_rgb
from broker.images.formats import FORMAT_BY_NAME, HEIC, ImageFormat
from broker.images.opening import HOW_TO_READ_HEIC, can_read_heic, is_heic, open_image
from reconstructor.decoders.conversion import Copy, readable_copy
from reconstructor.decoders.exif_time import taken_at

_NEW_SUBFILE_TYPE, _PHOTOMETRIC, _DNG_VERSION = 254, 262, 50706  # TIFF tags
_SENSOR_PATTERNS: Final = frozenset({32803, 34892})  # colour filter array, linear raw
_TIFF_STARTS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_RAW_STARTS: Final = (b"IIRO", b"IIRS", b"IIU\0", b"FUJIFILMCCD-RAW", b"\0MRM", b"FOVb")
_RAW: Final = "a raw file of a camera: let the camera write JPEG, too, and send that"
_RAW_OR_ODD: Final = "a raw file of a camera, or a TIFF of a kind that is not read: send it as JPEG"
_SMALLEST: Final = (1, 1)  # the size drafted for: the whole stream is still read, an eighth of the pixels is made


class ImageRefusedError(CairnError):
    """An upload that is refused; the subclasses say why."""

    code = "image_refused"
    remedy = "Read the reason in the receipt."


class ImageTooLargeError(ImageRefusedError):
    """The image has more bytes or pixels than allowed."""

    code = "image_too_large"
    remedy = "Reduce the image below the limit that the receipt names."


class ImageTooCostlyError(ImageRefusedError):
    """Decoding the image takes more processor time or memory than allowed."""

    code = "image_too_costly"
    remedy = "Save the photograph as an ordinary (not progressive) JPEG and send that."


class NotAnImageError(ImageRefusedError):
    """Neither JPEG, PNG, WebP, TIFF nor, where its reader is installed, HEIC."""

    code = "not_an_image"
    remedy = "Send a JPEG, PNG, WebP or TIFF."


class DamagedImageError(ImageRefusedError):
    """An image that ends early or does not decode."""

    code = "damaged_image"
    remedy = "Copy the file again from the card; if it stays so, take the photograph again."


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelLimits:
    """The largest image that is decoded, pixels.

    Attributes:
        reduced: a baseline JPEG, which is decoded at an eighth of its size.
        full: any other image, progressive JPEG included: all its pixels or coefficients are in memory at once.
        side_px: the longer side.
    """

    reduced: int
    full: int
    side_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What the receipt and the store need to know of an image.

    Attributes:
        readable: of a format that engines and black boxes do not read, a copy that they do.
        taken_at: by the camera's clock; without a time zone where the camera says none.
    """

    suffix: str
    content_type: str
    width_px: int
    height_px: int
    readable: Copy | None = None
    taken_at: datetime | None = None


def inspect(content: bytes, limits: PixelLimits) -> Inspected:
    """Read the header, refuse what is too large before a pixel is made, then decode once; raises ImageRefusedError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd EXIF and of large images: our own limits decide
        opened = _open(content)
        kind = FORMAT_BY_NAME[str(opened.format)]
        if _is_raw(opened):
            raise NotAnImageError(_RAW)
        width, height = opened.size
        _check_size(opened, kind, limits)
        when = taken_at(opened)
        readable = _decode(opened, kind)
    return Inspected(
        suffix=kind.suffixes[0],
        content_type=kind.content_type,
        width_px=width,
        height_px=height,
        readable=readable,
        taken_at=when,
    )


def _is_raw(opened: Image.Image) -> bool:
    """Whether a TIFF is a camera's raw file, of which Pillow would read the small image that comes first."""
    if not isinstance(opened, TiffImageFile):
        return False
    tags = opened.tag_v2
    is_reduced = bool(int(tags.get(_NEW_SUBFILE_TYPE, 0)) & 1)
    return _DNG_VERSION in tags or is_reduced or tags.get(_PHOTOMETRIC) in _SENSOR_PATTERNS


def _check_size(opened: Image.Image, kind: ImageFormat, limits: PixelLimits) -> None:
    width, height = opened.size
    if max(width, height) > limits.side_px:
        raise ImageTooLargeError(
            f"{width}x{height} pixels: a side is above the limit of {limits.side_px}: reduce the image"
        )
    is_progressive = bool(opened.info.get("progressive"))
    is_reduced = "JPEG" in kind.names and not is_progressive
    limit = limits.reduced if is_reduced else limits.full
    if width * height > limit:
        name = "progressive JPEG" if is_progressive else kind.names[0]
        raise ImageTooLargeError(
            f"{width}x{height} pixels are above the limit of {limit} for {name}: reduce the image"
            + ("" if is_reduced else ", or send it as a baseline JPEG")
        )


def _what_it_is(content: bytes) -> str:
    """Say what else the bytes are, as far as their beginning tells."""
    if is_heic(content):
        return f"a HEIC image: set the camera to JPEG, or convert it, and send that; {HOW_TO_READ_HEIC}"
    brand = content[8:12] if content[4:8] == b"ftyp" else b""
    if brand == b"avif":
        return "an AVIF image: convert it to JPEG, and send that"
    if content.startswith(_TIFF_STARTS):
        return _RAW_OR_ODD
    if brand == b"crx " or content.startswith(_RAW_STARTS):
        return _RAW
    return "the bytes are not a JPEG, PNG, WebP or TIFF image"


def _ends_before_directory(content: bytes) -> bool:
    """Whether a TIFF is cut before its directory, which most cameras write last."""
    if content.startswith(b"II*\0"):
        return int.from_bytes(content[4:8], "little") >= len(content)
    return content.startswith(b"MM\0*") and int.from_bytes(content[4:8], "big") >= len(content)


def _open(content: bytes) -> Image.Image:
    try:
        with translating_decoder_errors():
            return open_image(content, only_taken=True)
    except UndecodableImageError as exc:
        if is_heic(content) and can_read_heic():
            raise DamagedImageError("this HEIC does not read: copy it again from the card, or take it again") from exc
        if isinstance(exc.__cause__, UnidentifiedImageError) and not _ends_before_directory(content):
            raise NotAnImageError(_what_it_is(content)) from exc
        if isinstance(exc.__cause__, Image.DecompressionBombError):
            raise ImageTooLargeError("the header announces far too many pixels: reduce the image") from exc
        raise _damaged(exc) from exc


def _decode(opened: Image.Image, kind: ImageFormat) -> Copy | None:
    try:
        with translating_decoder_errors():
            # JPEG only: 0.08 s instead of 0.21 s for 12 megapixels; a cut file is still noticed.
            opened.draft("L", _SMALLEST)
            opened.load()
            if kind is HEIC:
                return readable_copy(opened)
            if opened.mode in DEEP_MODES:
                as_rgb(opened)
    except UnusualPixelsError as exc:
        raise DamagedImageError(exc.sentence) from exc
    except UndecodableImageError as exc:
        if isinstance(exc.__cause__, MemoryError):
            raise ImageTooCostlyError("decoding this image takes more memory than a decoder may have") from exc
        raise _damaged(exc) from exc
    return None


def _damaged(exc: UndecodableImageError) -> DamagedImageError:
    """The digest was right, so nothing was lost on the way."""
    return DamagedImageError(
        f"the file itself is cut or damaged: {exc.sentence}; copy it again from the card, or take it again"
    )
