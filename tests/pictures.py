"""Pictures of kinds that Pillow opens and does not write, byte by byte."""

import struct
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 160, 120
RAMP: Final[NDArray[np.float64]] = np.tile(np.linspace(0, 1, WIDTH_PX), (HEIGHT_PX, 1))  # black on the left
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_SAMPLE_FORMAT: Final = {"u": _UNSIGNED, "i": _SIGNED, "f": _FLOAT}


def deep_png(channels: int, *, hides_left_half: bool = False) -> bytes:
    """The ramp as a PNG of 16 bits: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha."""
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    pixels = np.repeat(np.rint(RAMP * 65_535)[..., None], channels, axis=2)
    if channels in {2, 4}:
        pixels[..., -1] = 65_535
        pixels[:, : WIDTH_PX // 2, -1] = 0 if hides_left_half else 65_535
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", WIDTH_PX, HEIGHT_PX, 16, kind, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


def tiff(kind: str, *, white: float, channels: int = 1, photometric: int = 1, **tags: Any) -> bytes:
    """The ramp as an uncompressed TIFF whose samples have this kind of numpy's, as `<u2`; `white` is its largest value."""
    order, bits = kind[0], 8 * int(kind[2])
    pixels = np.repeat((RAMP * white)[..., None], channels, axis=2)
    if "tag_338" in tags:  # the last channel says how opaque a pixel is
        pixels[..., -1] = white
    body = pixels.astype(kind).tobytes()
    long, short = "I", "H"
    entries: dict[int, tuple[str, tuple[int, ...]]] = {
        256: (long, (WIDTH_PX,)),
        257: (long, (HEIGHT_PX,)),
        258: (short, (bits,) * channels),
        259: (short, (1,)),
        262: (short, (photometric,)),
        273: (long, (0,)),
        277: (short, (channels,)),
        278: (long, (HEIGHT_PX,)),
        279: (long, (len(body),)),
        339: (short, (_SAMPLE_FORMAT[kind[1]],) * channels),
        **{int(name.removeprefix("tag_")): (short, (value,)) for name, value in tags.items()},
    }
    behind_at = 8 + 2 + 12 * len(entries) + 4
    behind = b"".join(_packed(order, *entry) for entry in entries.values() if len(_packed(order, *entry)) > 4)
    entries[273] = (long, (behind_at + len(behind),))
    directory, used = struct.pack(f"{order}H", len(entries)), 0
    for tag in sorted(entries):
        code, values = entries[tag]
        packed = _packed(order, code, values)
        place = packed.ljust(4, b"\0")
        if len(packed) > 4:
            place, used = struct.pack(f"{order}I", behind_at + used), used + len(packed)
        directory += struct.pack(f"{order}HHI", tag, {"I": 4, "H": 3}[code], len(values)) + place
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return start + directory + bytes(4) + behind + body


def _packed(order: str, code: str, values: tuple[int, ...]) -> bytes:
    return struct.pack(f"{order}{len(values)}{code}", *values)
