"""What do engine and black box read of a HEIC photograph? A copy: JPEG of quality 95 where it fits, or PNG if parts are transparent.

So HEIC is decoded once, where a photograph comes in, and neither a black box nor an export needs a reader for it.
"""

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from broker.contract import MAX_IMAGE_BYTES
from broker.images.decoding import UndecodableImageError, translating_decoder_errors
from broker.images.eight_bits import UnusualPixelsError, as_rgb, opacity_of
from broker.images.opening import is_heic, open_image

_QUALITIES: Final = (95, 90, 80, 60)  # the first whose file is no larger than an image may be
_MOST_EXIF_BYTES: Final = 65_000  # of one JPEG segment
_HEAD_BYTES: Final = 16
_LONGEST_NAME_BYTES: Final = 240  # of a file's 255, so that there is room for two suffixes


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A photograph in a format that everybody reads."""

    suffix: str
    content: bytes


def readable_copy(image: Image.Image) -> Copy:
    """The image upright, with its EXIF and its colour profile. Raises what Pillow raises."""
    opacity = opacity_of(image)
    pixels = as_rgb(image)
    if opacity is not None:
        pixels.putalpha(opacity)
    exif = image.info.get("exif") or b""
    content = b""
    for quality in _QUALITIES if opacity is None else _QUALITIES[:1]:
        out = io.BytesIO()
        pixels.save(
            out,
            "JPEG" if opacity is None else "PNG",
            quality=quality,
            exif=exif if len(exif) <= _MOST_EXIF_BYTES else b"",
            icc_profile=image.info.get("icc_profile"),
        )
        content = out.getvalue()
        if len(content) <= MAX_IMAGE_BYTES:
            break
    return Copy(suffix=".jpg" if opacity is None else ".png", content=content)


def readable_path(photograph: Path, folder: Path) -> Path:
    """The photograph itself, or, of HEIC that decodes, a copy in the folder, with the same metadata beside it.

    Raises:
        OSError: it cannot be read, or the copy not be written.
    """
    with photograph.open("rb") as file:
        if not is_heic(file.read(_HEAD_BYTES)):
            return photograph
    try:
        with translating_decoder_errors(), open_image(photograph) as image:
            copy = readable_copy(image)
    except (UndecodableImageError, UnusualPixelsError):
        return photograph  # its reader will say so
    folder.mkdir(parents=True, exist_ok=True)
    is_short = len(os.fsencode(photograph.name)) <= _LONGEST_NAME_BYTES
    path = folder / f"{photograph.name if is_short else 'photograph'}{copy.suffix}"
    path.write_bytes(copy.content)
    beside = photograph.with_name(photograph.name + ".json")
    content = beside.read_bytes() if is_short and beside.is_file() else b"{}"
    path.with_name(path.name + ".json").write_bytes(_with_file_name(content, photograph.name))
    return path


def _with_file_name(content: bytes, file_name: str) -> bytes:
    """Metadata in JSON that names the file, too; what is no object stays as it is, and its reader will say so."""
    try:
        metadata = json.loads(content)
    except ValueError:
        return content
    return json.dumps({"file_name": file_name, **metadata}).encode() if isinstance(metadata, dict) else content
