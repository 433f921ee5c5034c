"""Which message ends the whole process each time? A file marks each message while it is processed; a crash leaves it.

The marks are not synced: they have to outlive the process, not a power cut. A process also ends for other reasons, so an
end counts against a message only if nothing else was being processed; a message whose mark was left is processed alone
the next time.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from reconstructor.storage.durable_files import make_folder, write_durably

MOST_ENDS: Final = 2
_LONGEST_S: Final = 14 * 24 * 3600.0  # the broker remembers a session no longer
_SAMPLE_BYTES: Final = 64 * 1024


def key_of(topic: str, payload: bytes) -> str:
    """What a message is recognised by when it comes again."""
    sample = payload[:_SAMPLE_BYTES] + payload[-_SAMPLE_BYTES:]
    return sha256(f"{topic}\n{len(payload)}\n".encode(errors="replace") + sample).hexdigest()[:32]


class Attempts:
    """The messages of one project that are being processed, and those during which the process ended before."""

    def __init__(self, folder: Path) -> None:
        self._marks, self._set_aside = make_folder(folder / "processing"), folder / "set_aside"
        self._processing: dict[str, int] = {}
        self._ends = dict(_left(self._marks))

    def is_suspect(self, key: str) -> bool:
        """Whether the process ended while this message was processed."""
        return key in self._ends

    def has_ended_twice(self, key: str) -> bool:
        """Whether the process ended twice while this message alone was processed."""
        return self._ends.get(key, 0) >= MOST_ENDS

    @contextmanager
    def processing(self, key: str) -> Iterator[None]:
        """Mark a message while the block runs; only the end of the process leaves the mark."""
        ends = self._ends.get(key, 0)
        for other, before in self._processing.items():  # no longer alone
            self._write(other, before)
        self._write(key, ends if self._processing else ends + 1)
        self._processing[key] = ends
        try:
            yield
        finally:
            del self._processing[key]
            self.forget(key)

    def set_aside(self, key: str, topic: str, payload: bytes) -> None:
        """Write a message that is not processed again to the folder `set_aside`; raises StoreError."""
        about = {"topic": topic, "size_bytes": len(payload), "set_aside_at": time.time()}
        files = {f"{key}.bin": payload, f"{key}.json": json.dumps(about).encode()}
        write_durably(make_folder(self._set_aside), files)

    def forget(self, key: str) -> None:
        """The message is answered."""
        self._ends.pop(key, None)
        with contextlib.suppress(OSError):
            (self._marks / key).unlink(missing_ok=True)

    def _write(self, key: str, ends: int) -> None:
        with contextlib.suppress(OSError):  # a full disk: the rule waits, messages do not
            (self._marks / key).write_text(str(ends), encoding="ascii")


def _left(folder: Path) -> Iterator[tuple[str, int]]:
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > _LONGEST_S:
            path.unlink(missing_ok=True)
            continue
        text = path.read_bytes()[:8]
        yield path.name, int(text) if text.isdigit() else 0
