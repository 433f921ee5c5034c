"""Small images as senders publish them, each seed its own."""

import hashlib
import io
import struct
import zlib

import numpy as np
from PIL import Image

from broker.ids import ImageId


def photograph(seed: int, *, kind: str = "JPEG", width_px: int = 80, height_px: int = 60) -> bytes:
    """A noisy image; the same seed gives the same bytes."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height_px, width_px, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def image_id(payload: bytes, sequence: int, session: str = "walk") -> ImageId:
    """The id that a rig gives these bytes."""
    return ImageId.build(session=session, sequence=sequence, sha256=hashlib.sha256(payload).hexdigest())


def huge_png(side_px: int) -> bytes:
    """A small file whose header announces a great square, all of one colour."""
    rows = zlib.compress(b"\0" * 1000)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", side_px, side_px, 8, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body
