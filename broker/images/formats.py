"""Which image formats are taken? One table: Pillow's name, content type, file suffixes."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFormat:
    """One format, by Pillow's names; its first suffix is the one that files are written with."""

    names: tuple[str, ...]
    content_type: str
    suffixes: tuple[str, ...]


HEIC: Final = ImageFormat(names=("HEIF",), content_type="image/heic", suffixes=(".heic", ".heif", ".hif"))
# MPO is a JPEG with further pictures behind the first, as phones and drones write it; the first picture is used.
IMAGE_FORMATS: Final = (
    ImageFormat(names=("JPEG", "MPO"), content_type="image/jpeg", suffixes=(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo")),
    ImageFormat(names=("PNG",), content_type="image/png", suffixes=(".png",)),
    ImageFormat(names=("WEBP",), content_type="image/webp", suffixes=(".webp",)),
    ImageFormat(names=("TIFF",), content_type="image/tiff", suffixes=(".tif", ".tiff")),
    HEIC,  # read where pillow-heif is installed: `broker.images.opening`
)
FORMAT_BY_NAME: Final = {name: each for each in IMAGE_FORMATS for name in each.names}
FORMAT_BY_SUFFIX: Final = {suffix: each for each in IMAGE_FORMATS for suffix in each.suffixes}
FORMAT_BY_CONTENT_TYPE: Final = {each.content_type: each for each in IMAGE_FORMATS}
