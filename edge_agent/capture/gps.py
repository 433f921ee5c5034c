"""How is a place kept secret from looters? GPS entries of EXIF are overwritten in place; pixels stay untouched.

EXIF is a small TIFF file wherever it lies, so one function cleans it in JPEG, PNG and WebP, and cleans TIFF itself: the
GPS entries are overwritten with zeros in place and nothing moves, so that maker notes keep their offsets. XMP, which may
repeat the place, is dropped. Not looked into: places written into pixels, maker notes or a TIFF's private tags.
"""

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from broker.errors import CairnError
from edge_agent.capture.exif import edited

GPS_TAG: Final = 0x8825
HIDDEN_TAGS: Final = frozenset({0x8825, 700})  # GPS, and XMP in TIFF
TIFF_HEADS: Final = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}
SIZE_BY_TYPE: Final = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
MOST_FOLDERS: Final = 4096  # directories that are followed, as a TIFF has one for each page; ends a circular chain


class UncleanableError(CairnError):
    """A TIFF structure that points outside of itself, so that its contents are unknown."""

    code = "uncleanable_exif"
    remedy = "The photograph is kept back: write it again with another program, or allow GPS."


def without_gps(content: bytes) -> bytes:
    """Remove the place from a photograph. Unreadable EXIF is removed whole; an unreadable TIFF is left as it is."""
    if content[:4] in TIFF_HEADS:
        with contextlib.suppress(UncleanableError):
            return without_place(content)
        return content
    return edited(content, _cleaned, drops_xmp=True)


def without_place(tiff: bytes) -> bytes:
    """Overwrite every GPS and XMP entry of a TIFF structure and remove it from its directory; the length stays.

    Raises:
        UncleanableError: the structure cannot be read.
    """
    try:
        return _Cleaner.of(tiff).run()
    except (struct.error, IndexError, KeyError) as exc:
        raise UncleanableError(f"EXIF does not read: {exc}") from exc


def _cleaned(body: bytes) -> bytes | None:
    try:
        return without_place(body)
    except UncleanableError:
        return None  # unreadable EXIF cannot be cleaned: better none than a place given away


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Sizes and formats of a TIFF's fields: classic TIFF, or BigTIFF with its longer numbers."""

    order: str
    count: str
    entry: str
    pointer: str
    first_at: int

    def read(self, code: str, content: bytearray, place: int) -> int:
        return int(struct.unpack_from(self.order + code, content, place)[0])


class _Cleaner:
    """The cleaning of one TIFF structure, directory by directory."""

    def __init__(self, content: bytearray, layout: _Layout) -> None:
        self._content, self._layout = content, layout
        self._erased: set[int] = set()  # places of GPS directories: one that points to itself has no end otherwise
        self._entry_bytes = struct.calcsize("<" + layout.entry)
        self._value_bytes = struct.calcsize("<" + layout.pointer)

    @classmethod
    def of(cls, tiff: bytes) -> "_Cleaner":
        order = TIFF_HEADS[tiff[:4]]
        is_big = b"+" in tiff[:4]
        classic = _Layout(order=order, count="H", entry="HHII", pointer="I", first_at=4)
        big = _Layout(order=order, count="Q", entry="HHQQ", pointer="Q", first_at=8)
        return cls(bytearray(tiff), big if is_big else classic)

    def run(self) -> bytes:
        for place in self._directories():
            self._clean(place)
        return bytes(self._content)

    def _directories(self) -> Iterator[int]:
        seen: set[int] = set()
        place = self._layout.read(self._layout.pointer, self._content, self._layout.first_at)
        while place and place not in seen and len(seen) < MOST_FOLDERS:
            seen.add(place)
            yield place
            end, _ = self._end(place)
            place = self._layout.read(self._layout.pointer, self._content, end)

    def _end(self, directory: int) -> tuple[int, int]:
        """The place where a directory's entries end, and their number."""
        count = self._layout.read(self._layout.count, self._content, directory)
        end = directory + struct.calcsize("<" + self._layout.count) + count * self._entry_bytes
        if end + self._value_bytes > len(self._content):
            raise UncleanableError("a directory ends behind the file")
        return end, count

    def _clean(self, directory: int) -> None:
        """Remove the hidden entries; the others move up, with the pointer to the next directory."""
        end, count = self._end(directory)
        first = end - count * self._entry_bytes
        entries = [
            bytes(self._content[place : place + self._entry_bytes]) for place in range(first, end, self._entry_bytes)
        ]
        kept = [entry for entry in entries if self._tag(entry) not in HIDDEN_TAGS]
        for entry in entries:
            if entry not in kept:
                self._erase(entry)
        following = bytes(self._content[end : end + self._value_bytes])
        closed_up = b"".join(kept) + following
        struct.pack_into(self._layout.order + self._layout.count, self._content, directory, len(kept))
        whole = end + self._value_bytes - first
        self._content[first : first + whole] = closed_up.ljust(whole, b"\0")

    def _tag(self, entry: bytes) -> int:
        return int(struct.unpack_from(self._layout.order + "H", entry)[0])

    def _erase(self, entry: bytes) -> None:
        """Overwrite an entry's value with zeros, and for GPS the whole directory that it points to."""
        tag, kind, count, value = struct.unpack(self._layout.order + self._layout.entry, entry)
        if tag == GPS_TAG:
            if value in self._erased:
                return
            self._erased.add(value)
            end, inner_count = self._end(value)
            first = end - inner_count * self._entry_bytes
            for place in range(first, end, self._entry_bytes):
                self._erase(bytes(self._content[place : place + self._entry_bytes]))
            self._zero(value, end + self._value_bytes)
            return
        size_bytes = SIZE_BY_TYPE.get(kind, 1) * count
        if size_bytes > self._value_bytes:
            self._zero(value, value + size_bytes)

    def _zero(self, begin: int, end: int) -> None:
        if end > len(self._content):
            raise UncleanableError("a value lies beyond the end of the file")
        self._content[begin:end] = bytes(end - begin)
