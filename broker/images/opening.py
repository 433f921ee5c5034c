"""How is any image opened? By Pillow; HEIC by pillow-heif, an optional package that registers itself with Pillow.

No rig has that package: what it cannot open it can neither judge nor clean.
"""

import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from PIL import Image

from broker.images.formats import HEIC, IMAGE_FORMATS, ImageFormat

_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
HOW_TO_READ_HEIC: Final = "or install its reader where photographs are reconstructed (`deploy/setup.sh server heic`)"


@cache
def can_read_heic() -> bool:
    """Whether pillow-heif is installed."""
    return find_spec("pillow_heif") is not None


def is_heic(content: bytes) -> bool:
    """Whether the bytes begin like HEIC."""
    return content[4:8] == b"ftyp" and content[8:12] in _BRANDS


def formats_read() -> tuple[ImageFormat, ...]:
    """The formats that this machine reads."""
    return tuple(each for each in IMAGE_FORMATS if each is not HEIC or can_read_heic())


def open_image(source: Path | bytes, *, only_taken: bool = False) -> Image.Image:
    """Read an image's header; its pixels are decoded when they are used. Raises what Pillow raises.

    Args:
        source: a file, or its bytes.
        only_taken: open no other format than those of `formats_read`.
    """
    load_heic_reader()
    # Pillow's JPEG reader recognises MPO by itself.
    names = [each.names[0] for each in formats_read()] if only_taken else None
    return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=names)


@cache
def load_heic_reader() -> None:
    """Make HEIC known to Pillow, where it can be read; the first image opened does this, too."""
    if not can_read_heic():
        return
    import pillow_heif  # noqa: PLC0415 - optional

    # The picture itself is decoded, never a small one that lies beside it; each further thread would take address space.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
