"""How are half a million rows counted at every photograph? They are not: triggers keep the counts of each state.

A month of time-lapse makes so many rows. Reading them all took over a second, and health asks after each photograph.
"""

import sqlite3
from typing import Final

_MAKE: Final = """
BEGIN IMMEDIATE;
CREATE TABLE state_count (state TEXT PRIMARY KEY, image_count INTEGER NOT NULL, size_bytes INTEGER NOT NULL);
INSERT INTO state_count SELECT state, COUNT(*), SUM(size_bytes) FROM image GROUP BY state;
CREATE TRIGGER count_new_image AFTER INSERT ON image BEGIN
    INSERT INTO state_count VALUES (new.state, 1, new.size_bytes)
    ON CONFLICT (state) DO UPDATE SET image_count = image_count + 1, size_bytes = size_bytes + new.size_bytes;
END;
CREATE TRIGGER count_new_state AFTER UPDATE OF state ON image BEGIN
    UPDATE state_count SET image_count = image_count - 1, size_bytes = size_bytes - old.size_bytes WHERE state = old.state;
    INSERT INTO state_count VALUES (new.state, 1, new.size_bytes)
    ON CONFLICT (state) DO UPDATE SET image_count = image_count + 1, size_bytes = size_bytes + new.size_bytes;
END;
COMMIT;
"""
_READ: Final = "SELECT state, image_count, size_bytes FROM state_count"
_COUNT: Final = "SELECT state, COUNT(*), SUM(size_bytes) FROM image GROUP BY state"  # in the index of an older program


def make_counts(connection: sqlite3.Connection) -> None:
    """Count once for good, if that was not done yet."""
    if not _has_counts(connection):
        connection.executescript(_MAKE)


def read_counts(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Number and bytes of the photographs of each state."""
    rows = connection.execute(_READ if _has_counts(connection) else _COUNT)
    return {state: (count, size_bytes) for state, count, size_bytes in rows}


def _has_counts(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'state_count'").fetchone() is not None
