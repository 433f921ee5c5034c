"""What does the store know of images, jobs and generations? One SQLite file, every change one transaction."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from broker.ids import DIGEST_LENGTH
from reconstructor.storage.durable_files import DiskFullError, StoreError

# The store's version, kept in the database as `user_version`. An older one is migrated, a newer one is refused.
STORE_VERSION: Final = 4
# An image whose preview came first has neither sha256 nor file_name until its original is there; preview_name stays
# until nothing reads the preview any more.
_IMAGES: Final = """
CREATE TABLE {name} (
    number INTEGER PRIMARY KEY,
    image_id TEXT NOT NULL UNIQUE,
    sha256 TEXT UNIQUE,
    sender TEXT NOT NULL,
    file_name TEXT,
    preview_name TEXT,
    photographers_name TEXT,
    capture_id TEXT,
    stored_at REAL NOT NULL,
    original_at REAL,
    captured_at REAL,
    refused_code TEXT,
    state TEXT NOT NULL,
    CHECK ((sha256 IS NULL) = (file_name IS NULL)),
    CHECK (file_name IS NOT NULL OR preview_name IS NOT NULL)
) STRICT;
"""
_IMAGE_INDEXES: Final = f"""
CREATE INDEX images_by_digest ON images (substr(image_id, -{DIGEST_LENGTH}));
CREATE INDEX previews ON images (number) WHERE preview_name IS NOT NULL;
"""
_JOBS_AND_FACTS: Final = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,
    image_number INTEGER NOT NULL REFERENCES images (number),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at REAL,
    finished_at REAL,
    generation INTEGER,
    code TEXT
) STRICT;
CREATE INDEX open_jobs ON jobs (state) WHERE state IN ('queued', 'running', 'stored');
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT;
"""
_REFERENCES: Final = """
CREATE TABLE generations (
    generation INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    manifest BLOB NOT NULL
) STRICT;
CREATE TABLE shard_pages (
    generation INTEGER NOT NULL REFERENCES generations (generation) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (generation, number)
) STRICT;
CREATE TABLE camera_pages (
    number INTEGER PRIMARY KEY,
    payload BLOB NOT NULL
) STRICT;
"""
# The payload is the retained message; its generation stands in a column, too, so that a job need not read them all.
_ANNOTATIONS: Final = """
CREATE TABLE annotations (
    type TEXT NOT NULL,
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (type, user, id)
) STRICT;
"""
# Schema 1 kept whole manifests in files: a refetch makes the cloud again from the images, as a new generation.
_FROM_1: Final = """
INSERT OR REPLACE INTO facts SELECT 'generation_floor', max(generation) FROM generations HAVING count(*) > 0;
DELETE FROM facts WHERE name = 'cameras';
DROP TABLE generations;
INSERT INTO jobs (image_number, kind, state) SELECT max(number), 'refetch', 'queued' FROM images HAVING count(*) > 0;
"""
# Schema 2 knew no previews. SQLite cannot take a NOT NULL back: https://www.sqlite.org/lang_altertable.html, part 7.
_FROM_2: Final = """
INSERT INTO images_3 (number, image_id, sha256, sender, file_name, stored_at, original_at, captured_at, state)
    SELECT number, image_id, sha256, sender, file_name, stored_at, stored_at, captured_at, state FROM images;
DROP TABLE images;
ALTER TABLE images_3 RENAME TO images;
"""
_TO_3: Final = (_IMAGES.format(name="images_3"), _FROM_2, _IMAGE_INDEXES)
_CHANGES_FROM: Final = {
    0: (_IMAGES.format(name="images"), _IMAGE_INDEXES, _JOBS_AND_FACTS, _REFERENCES, _ANNOTATIONS),
    1: (_FROM_1, _REFERENCES, *_TO_3, _ANNOTATIONS),
    2: (*_TO_3, _ANNOTATIONS),
    3: (_ANNOTATIONS,),
}
_BUSY_TIMEOUT_S: Final = 10.0
COPY_INFIX: Final = "-before-migration-from-"


def check_version(path: Path, number: int) -> None:
    """Check that this program knows a store's version; raises StoreError."""
    if number > STORE_VERSION:
        raise StoreError(
            f"{path}: the store has version {number}, this program knows versions up to {STORE_VERSION}: update cairn, "
            "or restore a backup that was made before"
        )


class Database:
    """One connection, used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.RLock()
        with self._translated():
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")  # a commit outlives a power cut, not only a crash
        try:
            self._migrate()
            with self._translated():
                self._connection.execute("PRAGMA foreign_keys = ON")  # not before: the migration replaces a table
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    @property
    def change_count(self) -> int:
        """Grows with every row that changes; costs nothing, so that an idle project is not read again and again."""
        return self._connection.total_changes

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes in the block durable, or none.

        Raises:
            DiskFullError: there is no room.
            StoreError: another trouble with the file.
        """
        with self._lock, self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._commit()
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query; raises like `transaction`."""
        with self._lock, self._translated():
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query; raises like `transaction`."""
        found = self.rows(statement, *values)
        return found[0] if found else None

    def number(self, statement: str, *values: object) -> int:
        """The one number of a query such as a count; 0 for NULL."""
        found = self.row(statement, *values)
        return int(found[0] or 0) if found is not None else 0

    def change(self, statement: str, *values: object) -> None:
        """Change rows inside a transaction; raises like it."""
        with self._lock, self._translated():
            self._connection.execute(statement, values)

    def fact(self, name: str) -> Any:
        """One named value, or None."""
        found = self.row("SELECT value FROM facts WHERE name = ?", name)
        return found["value"] if found is not None else None

    def set_fact(self, name: str, value: object) -> None:
        """Keep one named value, inside a transaction."""
        self.change(
            "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value
        )

    def _commit(self) -> None:
        self._connection.execute("COMMIT")

    def _migrate(self) -> None:
        number = self.number("PRAGMA user_version")
        check_version(self._path, number)
        if number < STORE_VERSION:
            if number:
                self._keep_copy(number)
            changes = "".join(_CHANGES_FROM[number])
            with self._lock, self._translated():
                self._connection.executescript(f"BEGIN; {changes} PRAGMA user_version = {STORE_VERSION}; COMMIT;")

    def _keep_copy(self, number: int) -> None:
        """Keep the database as it is before a migration, so that the older program can still be gone back to."""
        copy = self._path.with_name(f"{self._path.stem}{COPY_INFIX}{number}{self._path.suffix}")
        with self._translated():
            copy.unlink(missing_ok=True)  # of a migration that was interrupted
            self._check_room_for_migration()
            try:
                with self._lock:
                    self._connection.execute("VACUUM INTO ?", (str(copy),))
            except sqlite3.Error:
                copy.unlink(missing_ok=True)
                raise

    def _check_room_for_migration(self) -> None:
        """Check that the copy and the migration fit, before either is written; raises DiskFullError."""
        size_bytes = self.number("PRAGMA page_count") * self.number("PRAGMA page_size")
        if shutil.disk_usage(self._path.parent).free < 2 * size_bytes:
            raise DiskFullError(
                f"the store of an older cairn needs {2 * size_bytes / 1024**2:.0f} MiB of room to be migrated "
                f"({self._path}): free some space, images wait meanwhile"
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Translate SQLite's errors into store errors that name the file."""
        try:
            yield
        except sqlite3.Error as exc:
            if getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise DiskFullError(f"the disk is full ({self._path}): free some space, images wait meanwhile") from exc
            raise StoreError(f"{self._path}: {exc}: check its disk and owner, or put a backup in its place") from exc
