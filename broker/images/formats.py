"""Which image formats are taken? One table: Pillow's name, content type, file suffixes."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFormat:
    """One format, by Pillow's name; its first suffix is the one that files are written with."""

    name: str
    content_type: str
    suffixes: tuple[str, ...]


IMAGE_FORMATS: Final = (
    ImageFormat(name="JPEG", content_type="image/jpeg", suffixes=(".jpg", ".jpeg")),
    ImageFormat(name="PNG", content_type="image/png", suffixes=(".png",)),
    ImageFormat(name="WEBP", content_type="image/webp", suffixes=(".webp",)),
    ImageFormat(name="TIFF", content_type="image/tiff", suffixes=(".tif", ".tiff")),
)
FORMAT_BY_NAME: Final = {each.name: each for each in IMAGE_FORMATS}
FORMAT_BY_SUFFIX: Final = {suffix: each for each in IMAGE_FORMATS for suffix in each.suffixes}
FORMAT_BY_CONTENT_TYPE: Final = {each.content_type: each for each in IMAGE_FORMATS}
