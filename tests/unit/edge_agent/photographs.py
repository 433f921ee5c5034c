"""Small photographs with something on them."""

import io
import random
from typing import Any

from PIL import ExifTags, Image, ImageDraw, ImageFilter


def drawn(seed: int, *, blur_px: float = 0.0, side_px: int = 256) -> Image.Image:
    """A grey ground with random rectangles: sharp edges, different for each seed."""
    rng = random.Random(seed)  # noqa: S311
    image = Image.new("RGB", (side_px, side_px), (128, 128, 128))
    pen = ImageDraw.Draw(image)
    for _ in range(60):
        x, y = rng.randrange(side_px), rng.randrange(side_px)
        colour = tuple(rng.randrange(20, 236) for _ in range(3))
        pen.rectangle((x, y, x + rng.randrange(8, 60), y + rng.randrange(8, 60)), fill=colour)
    return image.filter(ImageFilter.GaussianBlur(blur_px)) if blur_px else image


def encoded(image: Image.Image, *, has_gps: bool = False, image_format: str = "JPEG") -> bytes:
    """A photograph with EXIF, with a place in it or without."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Cairn"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.FocalLengthIn35mmFilm] = 28
    if has_gps:
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (48.0, 12.0, 30.0)
    out = io.BytesIO()
    options: dict[str, Any] = {} if image_format == "TIFF" else {"quality": 90}
    image.save(out, image_format, exif=exif.tobytes(), **options)  # an Exif object would lose its directories in TIFF
    return out.getvalue()


def bare_jpeg() -> bytes:
    out = io.BytesIO()
    drawn(1).save(out, "JPEG", quality=90)
    return out.getvalue()


def without_tables(jpeg: bytes) -> bytes:
    """A JPEG as a USB camera sends it: without its DHT segments."""
    kept, place = jpeg[:2], 2
    while jpeg[place : place + 2] != b"\xff\xda":
        end = place + 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
        kept += b"" if jpeg[place : place + 2] == b"\xff\xc4" else jpeg[place:end]
        place = end
    return kept + jpeg[place:]
