"""Which bytes does a hostile sender call an image? Small generators: wrong formats, cuts, odd structures, announced sizes."""

import gzip
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.photographs import huge_png, photograph

Generator = Callable[[], bytes]

CUT_KINDS: Final = ("JPEG", "PNG", "WEBP", "TIFF")
CUTS: Final = (1, 2, 4, 12, 20, 0.1, 0.5, 0.9, -1)  # bytes kept; a share of all; all but the last
OTHER_FORMATS: Final = ("GIF", "BMP", "PPM", "TGA", "ICO", "PCX", "SGI", "DDS", "JPEG2000", "AVIF", "PDF", "EPS")
PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
SHORT, LONG, ASCII, RATIONAL = 3, 4, 2, 5


def images() -> dict[str, Generator]:
    """Every small hostile image by name; `tests.siege.bombs` has those that cost memory or time."""
    return (
        {f"cut-{kind.lower()}-{number}": _bound(cut, kind, cut_) for kind, number, cut_ in _cuts()}
        | {f"format-{kind.lower()}": _bound(photograph, 1, kind=kind) for kind in OTHER_FORMATS}
        | {f"modes-{mode.lower().replace(';', '-')}": _bound(mode_png, mode) for mode in ("1", "L", "LA", "P", "I;16")}
        | _NO_IMAGES
        | _JPEGS
        | _PNGS
        | _TIFFS
        | _WEBPS
    )


def cut(kind: str, where: float) -> bytes:
    """The beginning of a photograph."""
    whole = photograph(2, kind=kind)
    return whole[: int(where * len(whole)) if isinstance(where, float) else int(where)]


def mode_png(mode: str) -> bytes:
    """A PNG of another mode than RGB: they are photographs, too, and must be stored or refused in words."""
    return _saved(Image.new(mode, (40, 30), 1), "PNG")


def mpo() -> bytes:
    """A JPEG with a second one behind the first, as drones and phones write it."""
    first, second = Image.new("RGB", (80, 60), "red"), Image.new("RGB", (80, 60), "blue")
    return _saved(first, "MPO", save_all=True, append_images=[second])


def tiff(entries: list[tuple[int, int, int, int]], *, order: str = "<", rest: bytes = b"", next_ifd: int = 0) -> bytes:
    """A TIFF of one directory: each entry is a tag, a type, a count, and the value or its offset."""
    mark = b"II" if order == "<" else b"MM"
    header = mark + struct.pack(f"{order}HI", 42, 8) + struct.pack(f"{order}H", len(entries))
    body = b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
    return header + body + struct.pack(f"{order}I", next_ifd) + rest


def odd_tiff() -> bytes:
    """122 bytes that made Pillow raise a TypeError: the strips' offset is a text."""
    entries = [
        *((256, SHORT, 1, 8), (257, SHORT, 1, 8), (258, SHORT, 1, 8), (259, SHORT, 0xC5000001, 1)),
        *((262, SHORT, 1, 1), (273, ASCII, 1, 0xFFFFFFF0), (277, SHORT, 1, 1), (278, SHORT, 1, 8)),
        (279, LONG, 1, 64),
    ]
    return tiff(entries)


def plain_entries(width: int = 8, height: int = 8, strip: int = 64) -> list[tuple[int, int, int, int]]:
    """The directory of an 8-bit grey TIFF whose pixels begin right behind it."""
    kinds = [(256, LONG, 1, width), (257, LONG, 1, height), (258, SHORT, 1, 8), (259, SHORT, 1, 1)]
    kinds += [
        (262, SHORT, 1, 1),
        (273, LONG, 1, 122),
        (277, SHORT, 1, 1),
        (278, LONG, 1, height),
        (279, LONG, 1, strip),
    ]
    return kinds


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: tuple[bytes, bytes], size: tuple[int, int] = (8, 8), depth: int = 8, color: int = 0) -> bytes:
    """A PNG of these chunks after its header."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, color, 0, 0, 0))
    return PNG_SIGNATURE + header + b"".join(chunk(*each) for each in (*chunks, (b"IEND", b"")))


def vp8l(width: int, height: int) -> bytes:
    """34 bytes of lossless WebP: every pixel is the same colour and takes no bit."""
    size = (width - 1) | (height - 1) << 14
    codes = sum(1 << (3 + 4 * number) for number in range(5))  # five prefix codes of a single symbol, no transform
    bits = (b"\x2f" + size.to_bytes(4, "little") + codes.to_bytes(8, "little")).ljust(14, b"\0")
    body = b"WEBPVP8L" + struct.pack("<I", len(bits)) + bits
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_with(*segments: tuple[int, bytes]) -> bytes:
    """A photograph with segments of ours behind its first marker."""
    whole = photograph(3)
    added = b"".join(b"\xff" + bytes([mark]) + struct.pack(">H", len(data) + 2) + data for mark, data in segments)
    return whole[:2] + added + whole[2:]


def exif(*, entries: bytes, count: int) -> bytes:
    """A photograph with an EXIF directory that announces `count` entries."""
    directory = b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + struct.pack("<I", 8)
    return jpeg_with((0xE1, b"Exif\0\0" + directory))


def jpeg_size(width: int, height: int) -> bytes:
    """A photograph whose header announces another size."""
    whole = photograph(3)
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", height, width) + whole[at + 4 :]


def _cuts() -> Iterator[tuple[str, int, float]]:
    return ((kind, number, where) for kind in CUT_KINDS for number, where in enumerate(CUTS))


def _saved(image: Image.Image, kind: str, **wishes: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **wishes)
    return stream.getvalue()


def _animated(kind: str, frame_count: int) -> bytes:
    frames = [Image.new("RGB", (20, 20), (number, 0, 0)) for number in range(frame_count)]
    return _saved(frames[0], kind, save_all=True, append_images=frames[1:])


def _commented(count: int) -> bytes:
    info = PngInfo()
    for number in range(count):
        info.add_text(f"key{number}", "value")
    return _saved(Image.new("L", (8, 8)), "PNG", pnginfo=info)


def _zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/cron.d/evil", bytes(100_000))
    return stream.getvalue()


def _bound(function: Callable[..., bytes], *arguments: Any, **named: Any) -> Generator:
    return lambda: function(*arguments, **named)


_GPS_DIVIDED_BY_ZERO: Final = struct.pack("<HHII", 0x8825, LONG, 1, 26)
_NO_IMAGES: Final[dict[str, Generator]] = {
    "empty": lambda: b"",
    "one-zero-byte": lambda: b"\0",
    "text": lambda: b"this is no image",
    "script": lambda: b"#!/bin/sh\ntouch /tmp/escaped\n",
    "svg-script": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>window.ran=1</script></svg>',
    "html": lambda: b"<html><script>window.ran=1</script></html>",
    "xml-entities": lambda: b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>',
    "psd": lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 12_000, 12_000, 8, 3) + bytes(64),
    "heic": lambda: struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(200),
    "zip-traversal": _zipped,
    "gzip-jpeg": lambda: gzip.compress(photograph(4), mtime=0),
    "elf": lambda: b"\x7fELF" + bytes(200),
    "control-signs": "\x1b]0;owned\x07\u202e\u0007".encode,
    "random-bytes": lambda: hashlib.shake_256(b"siege").digest(4096),
}
_JPEGS: Final[dict[str, Generator]] = {
    "mpo": mpo,
    "jpeg-only-markers": lambda: b"\xff\xd8" + b"\xff\xd9",
    "jpeg-huge-side": lambda: jpeg_size(65_500, 8),
    "jpeg-huge-announced": lambda: jpeg_size(65_500, 65_500),
    "jpeg-zero-height": lambda: jpeg_size(80, 0),
    "jpeg-200-app1": lambda: jpeg_with(*[(0xE1, bytes(60_000))] * 200),
    "jpeg-icc-1-mib": lambda: jpeg_with(
        *[(0xE2, b"ICC_PROFILE\0" + bytes([number + 1, 17]) + bytes(61_000)) for number in range(17)]
    ),
    "jpeg-icc-wrong-counts": lambda: jpeg_with((0xE2, b"ICC_PROFILE\0\xff\0" + bytes(100))),
    "jpeg-comment-controls": lambda: jpeg_with((0xFE, "\x1b[31m\u202e<script>window.ran=1</script>".encode())),
    "exif-loop": lambda: exif(entries=struct.pack("<HHII", 0x8769, LONG, 1, 8), count=1),
    "exif-65535-entries": lambda: exif(entries=b"\xff" * 24, count=65_535),
    "exif-count-2-32": lambda: exif(entries=struct.pack("<HHII", 0x010E, ASCII, 0xFFFFFFFF, 8), count=1),
    "exif-orientation-99": lambda: exif(entries=struct.pack("<HHII", 0x0112, SHORT, 1, 99), count=1),
    "exif-gps-zero": lambda: exif(entries=_GPS_DIVIDED_BY_ZERO + bytes(40), count=1),
    "exif-rational-zero": lambda: exif(entries=struct.pack("<HHII", 0x920A, RATIONAL, 1, 26) + bytes(24), count=1),
    "jpeg-then-zip": lambda: photograph(5) + _zipped(),
    "jpeg-then-html": lambda: photograph(6) + b"<script>window.ran=1</script>",
    "jpeg-wrong-suffix-png": lambda: PNG_SIGNATURE + photograph(3),
    "cmyk": lambda: _saved(Image.new("CMYK", (40, 30)), "JPEG"),
}
_PNGS: Final[dict[str, Generator]] = {
    "png-40000-side": lambda: huge_png(40_000),
    "png-2-31-side": lambda: png((b"IDAT", zlib.compress(bytes(9))), size=(2**31 - 1, 1)),
    "png-zero-side": lambda: png((b"IDAT", zlib.compress(bytes(9))), size=(0, 8)),
    "png-without-data": png,
    "png-wrong-depth": lambda: png((b"IDAT", zlib.compress(bytes(72))), depth=13, color=5),
    "png-wrong-crc": lambda: photograph(2, kind="PNG").replace(b"IDAT", b"IDAX"),
    "png-no-zlib": lambda: png((b"IDAT", b"\0" * 100)),
    "png-length-2-31": lambda: PNG_SIGNATURE + struct.pack(">I", 2**31 - 1) + b"IHDR" + bytes(17),
    "png-5000-texts": lambda: _commented(5000),
    "png-5000-chunks": lambda: png(*[(b"IDAT", b"")] * 5000),
    "apng-40-frames": lambda: _animated("PNG", 40),
}
_TIFFS: Final[dict[str, Generator]] = {
    "tiff-122-bytes": odd_tiff,
    "tiff-ifd-loop": lambda: tiff(plain_entries(), rest=bytes(64), next_ifd=8),
    "tiff-huge-announced": lambda: tiff(plain_entries(60_000, 60_000, 0xFFFFFFF0), rest=bytes(64)),
    "tiff-no-entries": lambda: tiff([]),
    "tiff-65535-tags": lambda: b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 12 * 100,
    "tiff-ifd-outside": lambda: b"II*\0" + struct.pack("<I", 0xFFFFFFF0),
    "tiff-strip-outside": lambda: tiff([*plain_entries()[:5], (273, LONG, 1, 2**31), *plain_entries()[6:]]),
    "tiff-negative-samples": lambda: tiff([*plain_entries()[:6], (277, SHORT, 1, 65_535), *plain_entries()[7:]]),
    "tiff-jpeg-compression": lambda: tiff(
        [*plain_entries()[:3], (259, SHORT, 1, 7), *plain_entries()[4:]], rest=bytes(64)
    ),
    "tiff-lzw-junk": lambda: tiff([*plain_entries()[:3], (259, SHORT, 1, 5), *plain_entries()[4:]], rest=b"\xff" * 64),
    "tiff-big-endian-lie": lambda: b"MM" + tiff(plain_entries(), rest=bytes(64))[2:],
    "tiff-100-pages": lambda: _animated("TIFF", 100),
    "tiff-signed-32": lambda: _saved(Image.new("I", (8, 8), -7), "TIFF"),
    "tiff-float": lambda: _saved(Image.new("F", (8, 8), float("nan")), "TIFF"),
}
_WEBPS: Final[dict[str, Generator]] = {
    "webp-announces-16383": lambda: vp8l(16_383, 16_383),
    "webp-length-lie": lambda: b"RIFF\xff\xff\xff\xffWEBPVP8L" + vp8l(8, 8)[16:],
    "webp-vp8x-only": lambda: b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\xff" * 10,
    "webp-60-frames": lambda: _animated("WEBP", 60),
}
