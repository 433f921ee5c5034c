"""Which pieces of a large image have arrived? Each is a file until the image is complete; only a receipt is a promise.

Pieces are not synced to the disk one by one: should a power cut tear one, the digest of the whole tells, and the
sender, who has no receipt, sends it again.
"""

import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.envelope import decode
from broker.errors import CairnError
from broker.files import UNFINISHED
from broker.ids import ImageId, SenderId
from broker.messages import ByteRange, UploadBegin
from broker.shards import sha256
from reconstructor.storage.durable_files import translate

MOST_OPEN: Final = 8  # unfinished images of one sender: a rig sends one at a time, a person's browser a few
MOST_HELD_RATIO: Final = (
    2  # of an image's size: after a lost connection a piece may be cut again, overlapping an earlier one
)
LEAST_PIECE_BYTES: Final = 4096
MOST_SMALL: Final = 16  # pieces that may be smaller
_LONGEST_S: Final = 14 * 24 * 3600.0  # as long as the broker remembers a sender that is away
_BEGIN: Final = "begin.json"


class BadPieceError(CairnError):
    """A piece that lies beyond its image."""

    code = "bad_piece"
    remedy = "Send pieces within the size that was announced."


class TornUploadError(CairnError):
    """All pieces came and they are not the image that was announced."""

    code = "torn_upload"
    remedy = "Nothing: the pieces are asked for again."


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialUploads:
    """The unfinished images of one project."""

    folder: Path
    most_open: int = MOST_OPEN

    def open(self, sender: SenderId, begin: UploadBegin) -> tuple[ByteRange, ...]:
        """Announce an image and return what is missing; pieces that arrived before count. Raises StoreError."""
        home = self._home(sender, begin.image_id)
        try:
            if self._announced(home) != (begin.size_bytes, begin.sha256):
                shutil.rmtree(home, ignore_errors=True)
                home.mkdir(parents=True)
                (home / _BEGIN).write_bytes(begin.encode())
            self._close_oldest(sender)
        except OSError as exc:
            raise translate(exc) from exc
        return self.missing(sender, begin.image_id)

    def put(self, sender: SenderId, image_id: ImageId, offset: int, piece: bytes) -> bool:
        """Store a piece; returns whether the image was announced.

        Raises:
            BadPieceError: empty, beyond the image's end, overlapping others, or one of far too many.
            StoreError: the disk does not take it.
        """
        home = self._home(sender, image_id)
        announced = self._announced(home)
        if announced is None:
            return False
        if not piece or offset + len(piece) > announced[0]:
            raise BadPieceError(f"{len(piece)} bytes from {offset} are not within an image of {announced[0]} bytes")
        path = home / f"{offset:010d}"
        try:
            held = _held(home)
            if all(
                each.begin >= offset + len(piece) or each.end <= offset for each in missing_ranges(announced[0], held)
            ):
                return True  # nothing of it is missing
            if sum(length for _, length in held) + len(piece) > MOST_HELD_RATIO * announced[0]:
                raise BadPieceError(f"the pieces of {image_id} overlap: send each byte once")
            if len(held) > MOST_SMALL + announced[0] // LEAST_PIECE_BYTES:
                raise BadPieceError(
                    f"the pieces of {image_id} are too many: cut them to {LEAST_PIECE_BYTES} bytes or more"
                )
            unfinished = path.with_suffix(UNFINISHED)
            unfinished.write_bytes(piece)
            unfinished.replace(path)
        except OSError as exc:
            raise translate(exc) from exc
        return True

    def missing(self, sender: SenderId, image_id: ImageId) -> tuple[ByteRange, ...]:
        """The missing byte ranges of an announced image."""
        home = self._home(sender, image_id)
        announced = self._announced(home)
        return missing_ranges(announced[0] if announced else 0, _held(home))

    def whole(self, sender: SenderId, image_id: ImageId) -> bytes:
        """The bytes of an image of which nothing is missing.

        Raises:
            TornUploadError: they are not what was announced; the pieces are forgotten and can be sent again.
        """
        home = self._home(sender, image_id)
        announced = self._announced(home)
        size_bytes, digest = announced or (0, "")
        content = bytearray(size_bytes)
        for path in _pieces(home):
            piece = path.read_bytes()
            content[int(path.name) : int(path.name) + len(piece)] = piece
        if len(content) != size_bytes or sha256(bytes(content)) != digest:
            for path in _pieces(home):
                path.unlink(missing_ok=True)
            raise TornUploadError(f"the pieces of {image_id} are not the image that was announced: send them again")
        return bytes(content)

    def close(self, sender: SenderId, image_id: ImageId) -> None:
        """The image is stored or refused: forget its pieces."""
        shutil.rmtree(self._home(sender, image_id), ignore_errors=True)

    def close_forgotten(self) -> None:
        """Remove uploads that were not continued for two weeks."""
        for home in self.folder.iterdir():
            if time.time() - home.stat().st_mtime > _LONGEST_S:
                shutil.rmtree(home, ignore_errors=True)

    def _home(self, sender: SenderId, image_id: ImageId) -> Path:
        return self.folder / f"{sender}.{image_id}"

    def _announced(self, home: Path) -> tuple[int, str] | None:
        try:
            begin = decode((home / _BEGIN).read_bytes(), UploadBegin)
        except (OSError, CairnError):  # not begun, or torn by a power cut: the sender begins again
            return None
        return begin.size_bytes, begin.sha256

    def _close_oldest(self, sender: SenderId) -> None:
        homes = sorted(self.folder.glob(f"{sender}.*"), key=lambda home: home.stat().st_mtime)
        for home in homes[: -self.most_open]:
            shutil.rmtree(home, ignore_errors=True)


def missing_ranges(size_bytes: int, held: Iterable[tuple[int, int]]) -> tuple[ByteRange, ...]:
    """The gaps between pieces, given as offset and length, that may overlap."""
    return tuple(_gaps(size_bytes, sorted(held)))


def _gaps(size_bytes: int, held: list[tuple[int, int]]) -> Iterator[ByteRange]:
    reached = 0
    for offset, length in held:
        if offset > reached:
            yield ByteRange(begin=reached, end=min(offset, size_bytes))
        reached = max(reached, offset + length)
    if reached < size_bytes:
        yield ByteRange(begin=reached, end=size_bytes)


def _held(home: Path) -> list[tuple[int, int]]:
    return [(int(path.name), path.stat().st_size) for path in _pieces(home)]


def _pieces(home: Path) -> list[Path]:
    return sorted(path for path in home.glob("*") if path.name.isdecimal())
