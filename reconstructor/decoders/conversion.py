"""What do engine and black box read of a HEIC photograph? A copy: JPEG of quality 95, or PNG if parts are transparent.

So HEIC is decoded once, where a photograph comes in, and neither a black box nor an export needs a reader for it.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from broker.images.decoding import UndecodableImageError, translating_decoder_errors
from broker.images.eight_bits import UnusualPixelsError, as_rgb, opacity_of
from broker.images.opening import is_heic, open_image

_QUALITY: Final = 95
_MOST_EXIF_BYTES: Final = 65_000  # of one JPEG segment
_HEAD_BYTES: Final = 16


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
    out = io.BytesIO()
    pixels.save(
        out,
        "JPEG" if opacity is None else "PNG",
        quality=_QUALITY,
        exif=exif if len(exif) <= _MOST_EXIF_BYTES else b"",
        icc_profile=image.info.get("icc_profile"),
    )
    return Copy(suffix=".jpg" if opacity is None else ".png", content=out.getvalue())


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
    path = folder / f"{photograph.name}{copy.suffix}"
    path.write_bytes(copy.content)
    beside = photograph.with_name(photograph.name + ".json")
    metadata = json.loads(beside.read_bytes()) if beside.is_file() else {}
    path.with_name(path.name + ".json").write_text(json.dumps({"file_name": photograph.name, **metadata}))
    return path
