"""What went through the spool? One SQLite table; it can be made again from the files, but for what is stored."""

import os
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from broker.ids import ImageId
from broker.logs import get_logger

SESSION_WORD: Final = "session"  # what the images of this spool are called by, for good
CAMERA_MODEL_WORD: Final = "camera_model"  # what EXIF called the camera lately
LOG = get_logger()
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS image (
    image_id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    content_type TEXT NOT NULL, captured_at TEXT NOT NULL, file_name TEXT NOT NULL, source TEXT,
    state TEXT NOT NULL, image_number INTEGER, reason TEXT);
CREATE INDEX IF NOT EXISTS image_by_state ON image (state, sequence);
CREATE INDEX IF NOT EXISTS image_by_digest ON image (sha256);
CREATE TABLE IF NOT EXISTS word (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class ImageState(StrEnum):
    """What became of a photograph."""

    WAITING = "waiting"
    STORED = "stored"
    REJECTED = "rejected"
    ASIDE = "aside"  # the gate turned it down: kept while there is room, never sent by itself
    THINNED = "thinned"  # nobody waited for it and room was needed
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledImage:
    """One photograph of the index."""

    image_id: ImageId
    sequence: int
    sha256: str
    size_bytes: int
    content_type: str
    captured_at: datetime
    file_name: str
    source: str | None
    state: ImageState
    image_number: int | None = None
    reason: str | None = None

    @classmethod
    def from_file(cls, image_id: ImageId, sha256: str, *, content_type: str, status: os.stat_result) -> Self:
        """What can be known of a photograph whose row a crash took."""
        return cls(
            image_id=image_id,
            sequence=image_id.sequence,
            sha256=sha256,
            size_bytes=status.st_size,
            content_type=content_type,
            captured_at=datetime.fromtimestamp(status.st_mtime, UTC),
            file_name="",
            source=None,
            state=ImageState.WAITING,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts over the whole life of a spool."""

    captured_count: int
    waiting_count: int
    waiting_bytes: int
    stored_count: int
    rejected_count: int
    aside_count: int
    thinned_count: int
    lost_count: int
    oldest_at: datetime | None

    @classmethod
    def nothing(cls) -> Self:
        """Of a rig that never ran."""
        return cls(
            captured_count=0,
            waiting_count=0,
            waiting_bytes=0,
            stored_count=0,
            rejected_count=0,
            aside_count=0,
            thinned_count=0,
            lost_count=0,
            oldest_at=None,
        )


class SpoolIndex:
    """The table. Not locked: its spool is."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Opens the index; a damaged one is set aside, the spool then indexes its files anew."""
        try:
            return cls(_connect(path))
        except sqlite3.DatabaseError as exc:
            if isinstance(exc, sqlite3.OperationalError) or not path.exists():
                raise
            LOG.warning("index_damaged", path=str(path), reason=str(exc))
            for part in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
                if part.exists():
                    part.replace(part.with_name(part.name + ".damaged"))
            return cls(_connect(path))

    @classmethod
    def look(cls, path: Path) -> Self:
        """Opens the index beside a running agent, to read only; raises sqlite3.Error without one."""
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        connection.row_factory = sqlite3.Row
        return cls(connection)

    def insert(self, image: SpooledImage) -> None:
        values = {name: getattr(image, name) for name in image.__slots__}
        values.update(captured_at=image.captured_at.isoformat(), image_id=str(image.image_id), state=image.state.value)
        with self._connection:
            self._connection.execute(
                "INSERT INTO image VALUES (:image_id, :sequence, :sha256, :size_bytes, :content_type, :captured_at,"
                " :file_name, :source, :state, :image_number, :reason)",
                values,
            )

    def change_state(
        self, image_id: ImageId, state: ImageState, *, number: int | None = None, reason: str | None = None
    ) -> None:
        with self._connection:
            self._connection.execute(
                "UPDATE image SET state = ?, image_number = ?, reason = ? WHERE image_id = ?",
                (state.value, number, reason, str(image_id)),
            )

    def find(self, image_id: ImageId) -> SpooledImage | None:
        return self._first("SELECT * FROM image WHERE image_id = ?", str(image_id))

    def find_digest(self, digest: str) -> SpooledImage | None:
        return self._first("SELECT * FROM image WHERE sha256 = ? ORDER BY sequence DESC LIMIT 1", digest)

    def waiting(self, limit: int) -> list[SpooledImage]:
        """The oldest without receipt; a negative limit means all."""
        rows = self._connection.execute(
            "SELECT * FROM image WHERE state = 'waiting' ORDER BY sequence LIMIT ?", (limit,)
        )
        return [_image(row) for row in rows]

    def dispensable(self) -> list[SpooledImage]:
        """Photographs with a file that nobody waits for, the least missed first: laid aside, then rejected."""
        rows = self._connection.execute(
            "SELECT * FROM image WHERE state IN ('aside', 'rejected') ORDER BY state, sequence"
        )
        return [_image(row) for row in rows]

    def next_sequence(self) -> int:
        row = self._connection.execute("SELECT COALESCE(MAX(sequence), 0) + 1 FROM image").fetchone()
        return int(row[0])

    def sources(self) -> tuple[str, ...]:
        rows = self._connection.execute("SELECT source FROM image WHERE source IS NOT NULL AND state != 'lost'")
        return tuple(row[0] for row in rows)

    def figures(self) -> Figures:
        rows = self._connection.execute(
            "SELECT state, COUNT(*), SUM(size_bytes), MIN(captured_at) FROM image GROUP BY state"
        )
        by_state = {state: (count, size, oldest) for state, count, size, oldest in rows}
        waiting_count, waiting_bytes, oldest = by_state.get(ImageState.WAITING, (0, 0, None))
        return Figures(
            captured_count=sum(count for count, _, _ in by_state.values()),
            waiting_count=waiting_count,
            waiting_bytes=waiting_bytes,
            stored_count=by_state.get(ImageState.STORED, (0, 0, None))[0],
            rejected_count=by_state.get(ImageState.REJECTED, (0, 0, None))[0],
            aside_count=by_state.get(ImageState.ASIDE, (0, 0, None))[0],
            thinned_count=by_state.get(ImageState.THINNED, (0, 0, None))[0],
            lost_count=by_state.get(ImageState.LOST, (0, 0, None))[0],
            oldest_at=datetime.fromisoformat(oldest) if oldest else None,
        )

    def remember(self, name: str, value: str) -> None:
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO word VALUES (?, ?)", (name, value))

    def remember_once(self, name: str, value: str) -> str:
        """Keeps the first value that was ever given under this name."""
        with self._connection:
            self._connection.execute("INSERT OR IGNORE INTO word VALUES (?, ?)", (name, value))
        return self.recall(name) or value

    def recall(self, name: str) -> str | None:
        row = self._connection.execute("SELECT value FROM word WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        self._connection.close()

    def _first(self, query: str, value: str) -> SpooledImage | None:
        row = self._connection.execute(query, (value,)).fetchone()
        return None if row is None else _image(row)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a receipt must not be forgotten after its file is gone
        connection.executescript(_SCHEMA)
        connection.execute("SELECT COUNT(*) FROM image").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _image(row: sqlite3.Row) -> SpooledImage:
    return SpooledImage(
        image_id=ImageId(row["image_id"]),
        sequence=row["sequence"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        content_type=row["content_type"],
        captured_at=datetime.fromisoformat(row["captured_at"]),
        file_name=row["file_name"],
        source=row["source"],
        state=ImageState(row["state"]),
        image_number=row["image_number"],
        reason=row["reason"],
    )
