"""Who sent the images of a project? How much each sender stored since then, and whose a session is."""

from datetime import datetime
from pathlib import Path

from broker.ids import DIGEST_LENGTH, ImageId, SenderId
from reconstructor.storage.database import Database


class Senders:
    """The senders of the stored images."""

    def __init__(self, database: Database, images_folder: Path, previews_folder: Path) -> None:
        self._database, self._images_folder, self._previews_folder = database, images_folder, previews_folder

    def stored_since(self, at: datetime) -> list[tuple[SenderId, int]]:
        """Sender and size of every image, or its preview, that was stored since an instant."""
        rows = self._database.rows(
            "SELECT sender, file_name, preview_name FROM images WHERE coalesce(original_at, stored_at) >= ?",
            at.timestamp(),
        )
        files = [
            (
                SenderId(row["sender"]),
                self._images_folder / row["file_name"]
                if row["file_name"] is not None
                else self._previews_folder / row["preview_name"],
            )
            for row in rows
        ]
        return [(sender, path.stat().st_size) for sender, path in files if path.exists()]

    def owner_of(self, session: str) -> SenderId | None:
        """Who stored images of a session; None before the first. Images with the sequence 0 bear a label, no session."""
        row = self._database.row(
            "SELECT sender FROM images WHERE image_id BETWEEN ? AND ? AND length(image_id) = ? LIMIT 1",
            *(f"{session}-000001-", f"{session}-999999-~", len(session) + len("-000000-") + DIGEST_LENGTH),
        )
        return SenderId(row["sender"]) if row is not None else None

    def stored_before(self, at_s: float) -> frozenset[ImageId]:
        """The images that came before a time, seconds of the wall clock."""
        rows = self._database.rows("SELECT image_id FROM images WHERE stored_at < ?", at_s)
        return frozenset(ImageId(row["image_id"]) for row in rows)
