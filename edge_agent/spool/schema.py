"""Which tables has the spool's index? They are made at the first start, and brought over from older programs."""

import sqlite3
from pathlib import Path
from typing import Final

from edge_agent.spool.previews import SCHEMA as PREVIEW_SCHEMA
from edge_agent.spool.state_counts import make_counts

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS image (
    image_id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    content_type TEXT NOT NULL, captured_at TEXT NOT NULL, file_name TEXT NOT NULL, source TEXT,
    state TEXT NOT NULL, image_number INTEGER, reason TEXT, destination_id INTEGER, capture_id TEXT);
CREATE INDEX IF NOT EXISTS image_by_state ON image (state, sequence);
CREATE INDEX IF NOT EXISTS image_by_digest ON image (sha256);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_ADDED_COLUMNS: Final = {"destination_id": "INTEGER", "capture_id": "TEXT"}  # since 2026-11-28


def connect(path: Path) -> sqlite3.Connection:
    """Open an index with all its tables. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a receipt must be on disk before its file is deleted
        connection.executescript(_SCHEMA + PREVIEW_SCHEMA)
        _migrate(connection)
        make_counts(connection)
        connection.execute("SELECT COUNT(*) FROM image").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    """Add what an older program did not have, and bring over what it named otherwise: a table and two states."""
    for name in lacking_columns(connection):
        connection.execute(f"ALTER TABLE image ADD COLUMN {name} {_ADDED_COLUMNS[name]}")
    if not has_word_table(connection):
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT OR REPLACE INTO setting SELECT name, value FROM word")
        connection.execute("DROP TABLE word")
        connection.execute("UPDATE image SET state = 'quarantined' WHERE state = 'aside'")
        connection.execute("UPDATE image SET state = 'evicted' WHERE state = 'thinned'")


def has_word_table(connection: sqlite3.Connection) -> bool:
    """Whether an older program wrote the index, which had another name for a table."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'word'").fetchone() is not None


def lacking_columns(connection: sqlite3.Connection) -> list[str]:
    """Columns that the index of an older program does not have."""
    known = {row["name"] for row in connection.execute("PRAGMA table_info(image)")}
    return [name for name in _ADDED_COLUMNS if name not in known]
