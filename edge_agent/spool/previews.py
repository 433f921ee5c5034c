"""Of which waiting photographs has the reconstructor a preview? A table beside that of the images, for each store.

A row without a number says that this store gets no preview of the image: it needs none, or the store refused it. When
another store answers, the rows of the former one count no more, and previews are sent again.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

from broker.ids import ImageId

if TYPE_CHECKING:
    from edge_agent.spool.index import SpooledImage, SpoolIndex

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS preview (image_id TEXT PRIMARY KEY, store_id TEXT NOT NULL, image_number INTEGER);
"""
_UNPREVIEWED: Final = (
    "SELECT image_id FROM image WHERE state = 'waiting' AND destination_id IS ? AND size_bytes > ?"
    " AND image_id NOT IN (SELECT image_id FROM preview WHERE store_id = ?) ORDER BY sequence LIMIT ?"
)
_COUNT: Final = (
    "SELECT COUNT(*) FROM preview JOIN image USING (image_id)"
    " WHERE image.state = 'waiting' AND image.destination_id IS ? AND preview.image_number IS NOT NULL"
)


class PreviewTable:
    """The rows. It has no lock of its own: the spool holds one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def note(self, image_id: ImageId, store_id: str, image_number: int | None) -> None:
        with self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO preview VALUES (?, ?, ?)", (str(image_id), store_id, image_number)
            )

    def forget(self, image_id: ImageId) -> None:
        """Within the caller's transaction, when the image no longer waits."""
        self._connection.execute("DELETE FROM preview WHERE image_id = ?", (str(image_id),))

    def unpreviewed(
        self, limit: int, destination_id: int | None, store_id: str, larger_than_bytes: float
    ) -> list[ImageId]:
        rows = self._connection.execute(_UNPREVIEWED, (destination_id, larger_than_bytes, store_id, limit))
        return [ImageId(row[0]) for row in rows]

    def count(self, destination_id: int | None) -> int:
        """How many photographs wait for a destination of which a reconstructor has a preview; 0 in the index of an older program."""
        if self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'preview'").fetchone() is None:
            return 0
        return int(self._connection.execute(_COUNT, (destination_id,)).fetchone()[0])


class SpoolPreviews:
    """What a spool knows of previews; its methods block and may be called from any thread."""

    def __init__(self, index: "SpoolIndex", guarded: Callable[[], AbstractContextManager[None]]) -> None:
        self._index, self._guarded = index, guarded

    def waiting(
        self, limit: int, *, store_id: str, larger_than_bytes: float, without: frozenset[ImageId]
    ) -> list["SpooledImage"]:
        """The oldest photographs that wait, exceed a size, and of which this store has no preview."""
        with self._guarded():
            table = self._index.previews
            room, here = limit + len(without), self._index.destination_id
            found = table.unpreviewed(room, here, store_id, larger_than_bytes)
            images = (self._index.find(each) for each in found if each not in without)
            return [each for each in images if each is not None][:limit]

    def note(self, image_id: ImageId, *, store_id: str, image_number: int | None) -> None:
        """Note that a store has the preview; without a number, that it gets none."""
        with self._guarded():
            self._index.previews.note(image_id, store_id, image_number)
