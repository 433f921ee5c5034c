"""Does a file end where its format says? A file cut on a card or in a copy is noticed without decoding a pixel."""

import re
from typing import Final

_JPEG, _PNG, _RIFF, _WEBP, _FILE_TYPE = b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF", b"WEBP", b"ftyp"
_SCAN, _END = 0xDA, 0xD9
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_MARKER_IN_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def is_whole(content: bytes) -> bool:
    """Whether a JPEG, PNG, WebP or HEIC reaches its end; of another format only that it has bytes.

    What follows behind the end is of no interest: cameras write further images there.
    """
    if content.startswith(_JPEG):
        return _is_whole_jpeg(content)
    if content.startswith(_PNG):
        return _is_whole_png(content)
    if content[:4] == _RIFF and content[8:12] == _WEBP:
        return len(content) >= int.from_bytes(content[4:8], "little") + 8
    if content[4:8] == _FILE_TYPE:
        return _has_whole_boxes(content)
    return bool(content)


def has_end_mark(content: bytes) -> bool:
    """Whether the last bytes of a JPEG, PNG or WebP are its end; no other format tells its end so."""
    if content.startswith(_JPEG):
        return content.endswith(bytes((0xFF, _END))) and _is_whole_jpeg(content)
    if content.startswith(_PNG):
        return content[-8:-4] == b"IEND" and _is_whole_png(content)
    is_webp = content[:4] == _RIFF and content[8:12] == _WEBP
    return is_webp and len(content) == int.from_bytes(content[4:8], "little") + 8


def _is_whole_jpeg(content: bytes) -> bool:
    place = len(_JPEG)
    while place + 1 < len(content):
        if content[place] != 0xFF:  # noqa: PLR2004 - every marker begins so
            return False
        marker = content[place + 1]
        if marker == _END:
            return True
        if marker == 0xFF:  # noqa: PLR2004 - a fill byte
            place += 1
        elif marker in _ALONE:
            place += 2
        else:
            if place + 4 > len(content):
                return False
            place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
            if marker == _SCAN:
                found = _MARKER_IN_SCAN.search(content, place)
                if found is None:
                    return False
                place = found.start()
    return False


def _is_whole_png(content: bytes) -> bool:
    place = len(_PNG)
    while place + 12 <= len(content):
        kind = content[place + 4 : place + 8]
        place += 12 + int.from_bytes(content[place : place + 4], "big")
        if kind == b"IEND":
            return place <= len(content)
    return False


def _has_whole_boxes(content: bytes) -> bool:
    """Whether the last box of an ISO base media file ends in the file; other bytes may stand behind the last."""
    place, is_data_there = 0, False
    while place + 8 <= len(content):
        size, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        if not kind.isalnum():
            break
        if size == 1:
            if place + 16 > len(content):
                return False
            size = int.from_bytes(content[place + 8 : place + 16], "big")
        end = place + size if size else len(content)  # 0: up to the end of the file
        if end > len(content):
            return False
        is_data_there = is_data_there or kind in {b"mdat", b"idat"}
        place = max(end, place + 8)
    return is_data_there
