"""In which pieces does a hostile sender upload? Small generators of messages in a wrong order, place or size."""

import hashlib
from collections.abc import Callable
from typing import Any, Final

from broker.ids import ImageId
from tests.photographs import photograph
from tests.siege.messages import envelope

Step = tuple[str, bytes]  # the topic's last level, and the payload
PIECE_BYTES: Final = 1024


def uploads() -> dict[str, Callable[[], tuple[ImageId, list[Step]]]]:
    """Every hostile upload by name: the image's id and its messages in order."""
    return {f"pieces-{name}": _bound(number, name) for number, name in enumerate(_ORDERS)}


def _bound(number: int, name: str) -> Callable[[], tuple[ImageId, list[Step]]]:
    return lambda: _upload(number, name)


def _upload(number: int, name: str) -> tuple[ImageId, list[Step]]:
    whole = photograph(50_000 + number)
    upload = _Upload(whole, number)
    return upload.image_id, _ORDERS[name](upload)


class _Upload:
    """One photograph and the messages of its upload."""

    def __init__(self, whole: bytes, sequence: int) -> None:
        self.whole, self.sha256 = whole, hashlib.sha256(whole).hexdigest()
        self.image_id = ImageId.build(session="siege", sequence=sequence, sha256=self.sha256)

    @property
    def pieces(self) -> list[Step]:
        return [self.piece(at) for at in range(0, len(self.whole), PIECE_BYTES)]

    def piece(self, at: int, size: int = PIECE_BYTES) -> Step:
        return str(at), self.whole[at : at + size]

    def begin(self, **changes: Any) -> Step:
        fields = {"content_type": "image/jpeg", "size_bytes": len(self.whole), "piece_bytes": PIECE_BYTES}
        return "begin", self._message("upload_begin", fields | {"sha256": self.sha256} | changes)

    def end(self, **changes: Any) -> Step:
        return "end", self._message("upload_end", {"size_bytes": len(self.whole), "sha256": self.sha256} | changes)

    def _message(self, kind: str, fields: dict[str, Any]) -> bytes:
        return envelope(kind, **{"image_id": self.image_id} | fields)


_ORDERS: Final[dict[str, Callable[[_Upload], list[Step]]]] = {
    "end-alone": lambda it: [it.end()],
    "without-begin": lambda it: [*it.pieces, it.end()],
    "end-first": lambda it: [it.end(), *it.pieces, it.begin(), it.end()],
    "reversed": lambda it: [it.begin(), *reversed(it.pieces), it.end()],
    "twice": lambda it: [it.begin(), *it.pieces, *it.pieces, it.end(), it.end()],
    "200-overlapping": lambda it: [it.begin(), *(it.piece(at) for at in range(200)), it.end()],
    "contradicting": lambda it: [it.begin(), *it.pieces, ("0", bytes(PIECE_BYTES)), it.end()],
    "behind-the-end": lambda it: [it.begin(), (str(len(it.whole)), b"x" * 100), (str(10**9), b"x"), it.end()],
    "across-the-end": lambda it: [it.begin(), (str(len(it.whole) - 10), b"x" * 100), it.end()],
    "empty-piece": lambda it: [it.begin(), ("0", b""), it.end()],
    "2-mib-piece": lambda it: [it.begin(), ("0", bytes(2 * 1024 * 1024)), it.end()],
    "offset-10-digits": lambda it: [it.begin(), ("9999999999", b"x"), it.end()],
    "wrong-digest": lambda it: [it.begin(sha256="0" * 64), *it.pieces, it.end(sha256="0" * 64)],
    "wrong-bytes": lambda it: [it.begin(), *((at, bytes(len(piece))) for at, piece in it.pieces), it.end()],
    "size-negative": lambda it: [it.begin(size_bytes=-1), it.end(size_bytes=-1)],
    "size-zero": lambda it: [it.begin(size_bytes=0), it.end(size_bytes=0)],
    "size-10-18": lambda it: [it.begin(size_bytes=10**18), *it.pieces, it.end(size_bytes=10**18)],
    "size-above-limit": lambda it: [it.begin(size_bytes=31 * 1024 * 1024), it.end(size_bytes=31 * 1024 * 1024)],
    "size-changes": lambda it: [it.begin(), it.begin(size_bytes=10), *it.pieces, it.end(size_bytes=10)],
    "piece-bytes-zero": lambda it: [it.begin(piece_bytes=0), it.begin(piece_bytes=1), *it.pieces, it.end()],
    "another-id-within": lambda it: [it.begin(image_id="walk-000001-0123456789abcdef"), it.end()],
    "id-traversal-within": lambda it: [it.begin(image_id="../../castle/x"), it.end()],
    "20-begins": lambda it: [it.begin(content_type=f"x/{number}") for number in range(20)] + [it.end()],
}
