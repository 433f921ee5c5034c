"""How is EXIF replaced without touching a pixel? By rewriting the segments or chunks around the image data."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

JPEG_START: Final = b"\xff\xd8"
PNG_START: Final = b"\x89PNG\r\n\x1a\n"
RIFF, WEBP = b"RIFF", b"WEBP"
EXIF_MARK: Final = b"Exif\0\0"
XMP_MARKS: Final = (b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0")
PNG_TEXT: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
PNG_TEXT_WITH_PLACE: Final = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0", b"Raw profile type APP1\0")
SCAN, EXIF_SEGMENT = 0xDA, 0xE1
NO_SEGMENT, END = 0x00, 0xD9
ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
MARKER: Final = re.compile(rb"\xff[^\x00\xff]")
LONGEST_SEGMENT: Final = 65_533
WEBP_HEAD_BYTES: Final = 12
WEBP_HAS_EXIF, WEBP_HAS_XMP = 0x08, 0x04  # in the first byte of VP8X

Edit = Callable[[bytes], bytes | None]  # of an EXIF body, which is a small TIFF file; None removes it


def edited(content: bytes, edit: Edit, *, drops_xmp: bool = False) -> bytes:
    """Apply an edit to each EXIF body; other formats than JPEG, PNG and WebP are returned unchanged."""
    if content.startswith(JPEG_START):
        return _edited_jpeg(content, edit, drops_xmp=drops_xmp)
    if content.startswith(PNG_START):
        return _edited_png(content, edit, drops_xmp=drops_xmp)
    if content[:4] == RIFF and content[8:WEBP_HEAD_BYTES] == WEBP:
        return _edited_webp(content, edit, drops_xmp=drops_xmp)
    return content


def exif_segment(body: bytes) -> bytes:
    """The JPEG segment around an EXIF body; empty when the body is too long for one."""
    if len(EXIF_MARK) + len(body) > LONGEST_SEGMENT:
        return b""
    return bytes([0xFF, EXIF_SEGMENT]) + struct.pack(">H", len(EXIF_MARK) + len(body) + 2) + EXIF_MARK + body


def _edited_jpeg(content: bytes, edit: Edit, *, drops_xmp: bool) -> bytes:
    kept = [JPEG_START]
    for marker, segment in _segments(content):
        if marker != EXIF_SEGMENT:
            kept.append(segment)
        elif segment[4:].startswith(EXIF_MARK):
            before = segment[4 + len(EXIF_MARK) :]
            after = edit(before)
            kept.append(segment if after == before else exif_segment(after) if after else b"")
        elif not (drops_xmp and segment[4:].startswith(XMP_MARKS)):
            kept.append(segment)
    return b"".join(kept)


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The segments before the scan, each with its marker; the scan and the rest as the last.

    Fill bytes (T.81, B.1.1.2) and bytes of no segment come as they are: decoders pass over them, so they must not hide EXIF.
    """
    place = len(JPEG_START)
    while found := MARKER.search(content, place):
        begin, marker = found.start(), content[found.start() + 1]
        if marker in {SCAN, END}:
            break
        if begin > place:
            yield NO_SEGMENT, content[place:begin]
        length = 0 if marker in ALONE else int.from_bytes(content[begin + 2 : begin + 4], "big")
        place = begin + 2 + length
        yield marker, content[begin:place]
    yield SCAN, content[place:]


def _edited_png(content: bytes, edit: Edit, *, drops_xmp: bool) -> bytes:
    kept, place = [PNG_START], len(PNG_START)
    while place + WEBP_HEAD_BYTES <= len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        end = place + 12 + length
        body = content[place + 8 : end - 4]
        if kind == b"eXIf":
            after = edit(body)
            kept.append(content[place:end] if after == body else _png_part(kind, after) if after else b"")
        elif not (drops_xmp and kind in PNG_TEXT and body.startswith(PNG_TEXT_WITH_PLACE)):
            kept.append(content[place:end])
        place = end
    return b"".join([*kept, content[place:]])


def _png_part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _edited_webp(content: bytes, edit: Edit, *, drops_xmp: bool) -> bytes:
    kept, place, gone = [], WEBP_HEAD_BYTES, 0
    while place + 8 <= len(content):
        kind, length = struct.unpack("<4sI", content[place : place + 8])
        end = place + 8 + length + length % 2
        part = content[place:end]
        if kind == b"EXIF":
            part = _webp_exif(part[8 : 8 + length], edit)
            gone |= 0 if part else WEBP_HAS_EXIF
        elif kind == b"XMP " and drops_xmp:
            part, gone = b"", gone | WEBP_HAS_XMP
        kept.append(part)
        place = end
    if gone and kept and kept[0].startswith(b"VP8X") and len(kept[0]) > 8:  # noqa: PLR2004 - its head
        kept[0] = kept[0][:8] + bytes([kept[0][8] & ~gone]) + kept[0][9:]
    body = WEBP + b"".join(kept) + content[place:]
    return RIFF + struct.pack("<I", len(body)) + body


def _webp_exif(body: bytes, edit: Edit) -> bytes:
    """The chunk after the edit; some programs write JPEG's mark before the body."""
    mark = EXIF_MARK if body.startswith(EXIF_MARK) else b""
    after = edit(body[len(mark) :])
    if after is None:
        return b""
    whole = mark + after
    return b"EXIF" + struct.pack("<I", len(whole)) + whole + b"\0" * (len(whole) % 2)
