"""Which small files cost a decoder much? Images that take seconds or gigabytes unless they are stopped."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Final

from PIL import Image

from tests.siege.images import Generator, chunk, jpeg_with, png, vp8l

SIDE_PX: Final = 12_000  # squared: 144 million pixels
END_OF_IMAGE: Final = b"\xff\xd9"
START_OF_SCAN: Final = b"\xff\xda"


def bombs() -> dict[str, Generator]:
    """Every image that costs memory or time, by name."""
    return {
        "scans-300": partial(scans, 4_000, 300),
        "scans-3000": partial(scans, 8_000, 3_000),
        "scans-100000": partial(scans, 4_000, 100_000),
        "webp-34-bytes": partial(vp8l, SIDE_PX, SIDE_PX),
        "png-grey-144-mpx": partial(flat_png, depth=8, color=0),
        "png-rgb-144-mpx": partial(flat_png, depth=8, color=2),
        "png-16-bit-144-mpx": partial(flat_png, depth=16, color=2),
        "tiff-144-mpx": flat_tiff,
        "jpeg-144-mpx": flat_jpeg,
        "png-ztxt-100-mb": partial(compressed_text, b"zTXt", b"k\0\0"),
        "png-itxt-100-mb": partial(compressed_text, b"iTXt", b"k\0\1\0\0\0"),
        "png-iccp-100-mb": partial(compressed_text, b"iCCP", b"p\0\0"),
        "png-data-after-the-end": lambda: png((b"IDAT", zlib.compress(bytes(200_000_000), 1))),
        "jpeg-50-icc-profiles": lambda: jpeg_with(*[(0xE2, b"ICC_PROFILE\0\1\1" + bytes(65_000))] * 50),
    }


def scans(side_px: int, count: int) -> bytes:
    """A progressive JPEG whose last scan is repeated: about 31 bytes each, and a pass over all pixels."""
    stream = io.BytesIO()
    Image.new("L", (side_px, side_px), 90).save(stream, "JPEG", progressive=True)
    whole = stream.getvalue().removesuffix(END_OF_IMAGE)
    last = whole[whole.rindex(START_OF_SCAN) :]
    return whole + last * count + END_OF_IMAGE


def flat_png(*, depth: int, color: int) -> bytes:
    """144 million pixels of one colour."""
    samples = 3 if color == 2 else 1
    return png((b"IDAT", _rows(1 + SIDE_PX * samples * depth // 8)), size=(SIDE_PX, SIDE_PX), depth=depth, color=color)


def flat_tiff() -> bytes:
    """144 million pixels of RGB in one deflated strip."""
    data = _rows(SIDE_PX * 3)
    entries = [(256, 4, 1, SIDE_PX), (257, 4, 1, SIDE_PX), (258, 3, 3, 134), (259, 3, 1, 8), (262, 3, 1, 2)]
    entries += [(273, 4, 1, 140), (277, 3, 1, 3), (278, 4, 1, SIDE_PX), (279, 4, 1, len(data)), (284, 3, 1, 1)]
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + directory + bytes(4)
    return head + struct.pack("<3H", 8, 8, 8) + data


def flat_jpeg() -> bytes:
    """144 million pixels: allowed for JPEG, which is read at a reduced scale."""
    stream = io.BytesIO()
    Image.new("L", (SIDE_PX, SIDE_PX), 90).save(stream, "JPEG")
    return stream.getvalue()


def compressed_text(kind: bytes, head: bytes) -> bytes:
    """A PNG with 100 MB of text or profile, compressed to 100 kB."""
    whole = png((b"IDAT", zlib.compress(bytes(72))))
    return whole[:33] + chunk(kind, head + zlib.compress(bytes(100_000_000))) + whole[33:]


def _rows(row_bytes: int) -> bytes:
    compress: Callable[[bytes], bytes]
    packer = zlib.compressobj(1)
    compress = packer.compress
    return b"".join(compress(bytes(row_bytes)) for _ in range(SIDE_PX)) + packer.flush()
