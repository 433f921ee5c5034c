"""Which files does a hostile black box call a point cloud? Small PLY generators; each is the only file of its answer."""

import struct
from collections.abc import Callable
from typing import Final

from broker.shards import encode_ply
from tests.black_boxes import patch

Generator = Callable[[], bytes]
_XYZ: Final = "property float x\nproperty float y\nproperty float z\n"
_ROW: Final = struct.pack("<3f", 0, 0, 0)


def clouds() -> dict[str, Generator]:
    """Every hostile PLY by name."""
    return {
        "empty-file": lambda: b"",
        "only-the-word": lambda: b"ply\n",
        "no-end-of-header": lambda: b"ply\nformat ascii 1.0\n" + b"comment x\n" * 100_000,
        "one-endless-line": lambda: b"ply" + b" " * 1_000_000,
        "header-of-controls": "ply\nformat \x1b[31m\u202e 1.0\nelement vertex 1\nend_header\n".encode,
        "markup-in-the-format": lambda: b"ply\nformat <img/src=x/onerror=window.ran=1> 1.0\nend_header\n",
        "negative-count": lambda: ply(-1),
        "count-10-18": lambda: ply(10**18, rows=_ROW),
        "count-100-digits": lambda: ply(10**100),
        "count-of-arabic-digits": lambda: ply("\u0661", rows=_ROW),
        "count-no-number": lambda: ply("many"),
        "no-vertices": lambda: ply(0),
        "3000-properties": lambda: ply(1, properties="".join(f"property float p{n}\n" for n in range(3000)) + _XYZ),
        "x-twice": lambda: ply(1, properties=_XYZ + "property float x\n", rows=bytes(16)),
        "no-z": lambda: ply(1, properties="property float x\nproperty float y\n", rows=bytes(8)),
        "list-of-2-31": lambda: ply(
            1, properties=_XYZ + "property list uint float l\n", rows=_ROW + struct.pack("<I", 2**31)
        ),
        "unknown-type": lambda: ply(1, properties=_XYZ.replace("float", "quad"), rows=bytes(48)),
        "cut-rows": lambda: encode_ply(patch("x-000000-0000000000000000"))[:-7],
        "not-a-number": lambda: ply(2, rows=struct.pack("<6f", *[float("nan")] * 6)),
        "infinite": lambda: ply(1, rows=struct.pack("<3f", *[float("inf")] * 3)),
        "largest-float": lambda: ply(2, rows=struct.pack("<6f", *[3.4e38] * 3, *[-3.4e38] * 3)),
        "double-1e308": lambda: ply(
            2, properties=_XYZ.replace("float", "double"), rows=struct.pack("<6d", *[1e308] * 3, *[-1e308] * 3)
        ),
        "smallest-float": lambda: ply(2, rows=struct.pack("<6f", *[1e-45] * 6)),
        "ascii-junk": lambda: ply(2, form="ascii", rows=b"1e999 nan\n\xff\xfe inf\n"),
        "ascii-underscores": lambda: ply(1, form="ascii", rows=b"1_0 0x10 1e400\n"),
        "unknown-format": lambda: ply(1, form="binary_middle_endian", rows=_ROW),
        "nul-signs": lambda: b"ply\0\nformat\0" + bytes(100),
        "utf-16": lambda: ply(1).decode().encode("utf-16"),
        "gigabyte-of-holes": lambda: ply(100_000_000),  # the black box makes the file as long as it announces
    }


def ply(count: int | str, *, form: str = "binary_little_endian", properties: str = _XYZ, rows: bytes = b"") -> bytes:
    """A PLY of these parts, whether they fit each other or not."""
    return f"ply\nformat {form} 1.0\nelement vertex {count}\n{properties}end_header\n".encode() + rows
