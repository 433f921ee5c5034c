"""Which images does a project have? Rows of the store's database: of each image one, whatever of it has come."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from broker.envelope import checked_instant
from broker.ids import DIGEST_LENGTH, ImageId
from reconstructor.storage.database import Database
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.images import ImageState, NewImage, StoredImage

COMPLETED_COUNT: Final = "completed_count"  # how many originals took a preview's place
_BY_DIGEST = f"substr(image_id, -{DIGEST_LENGTH})"


class ImageRows:
    """The table `images`. What changes it runs inside a transaction of the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, image_id: ImageId, sha256: str) -> StoredImage | None:
        """The image of this id or with these very bytes; else the one whose preview announced this digest."""
        return self._one(
            "WHERE image_id = ? OR sha256 = ? OR (sha256 IS NULL AND "
            f"{_BY_DIGEST} = ?) ORDER BY sha256 IS NULL, image_id <> ? LIMIT 1",
            *(image_id, sha256, sha256[:DIGEST_LENGTH], image_id),
        )

    def find_digest(self, image_id: ImageId) -> StoredImage | None:
        """The image of which this id, or another one with the same digest, is known: itself or its preview."""
        return self._one(
            f"WHERE {_BY_DIGEST} = ? ORDER BY sha256 IS NULL, image_id <> ? LIMIT 1", image_id.digest, image_id
        )

    def image(self, number: int) -> StoredImage:
        """The image with this number.

        Raises:
            StoreError: there is none.
        """
        found = self._one("WHERE number = ?", number)
        if found is None:
            raise StoreError(f"there is no image {number}")
        return found

    def all(self) -> list[StoredImage]:
        """All images in order."""
        return [StoredImage.from_row(row) for row in self._database.rows("SELECT * FROM images ORDER BY number")]

    def count(self) -> int:
        """Number of images."""
        return self._database.number("SELECT max(number) FROM images")

    def counts(self) -> dict[str, int]:
        """Images by state, and those of which only the preview is there as `preview_count`."""
        by_state = self._database.rows("SELECT state, count(*) AS count FROM images GROUP BY state")
        preview_count = self._database.number("SELECT count(*) FROM images WHERE sha256 IS NULL")
        return {row["state"]: row["count"] for row in by_state} | {"preview_count": preview_count}

    def add(self, image: NewImage) -> StoredImage:
        """Give an image, of which this is the preview or the original, the next number."""
        number, is_preview = self.count() + 1, image.sha256 is None
        received_at = image.received_at.timestamp()
        self._database.change(
            "INSERT INTO images (number, image_id, sha256, sender, file_name, preview_name, photographers_name, "
            "capture_id, stored_at, original_at, captured_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(number, image.image_id, image.sha256, image.sender),
            *((None, image.file_name) if is_preview else (image.file_name, None)),
            *(image.photographers_name, image.capture_id, received_at, None if is_preview else received_at),
            image.captured_at and image.captured_at.timestamp(),
            ImageState.QUEUED,
        )
        return self.image(number)

    def complete(self, known: StoredImage, original: NewImage) -> StoredImage:
        """The original of an image is there; its number, state and jobs stay."""
        self._database.set_fact(COMPLETED_COUNT, int(self._database.fact(COMPLETED_COUNT) or 0) + 1)
        self._database.change(
            "UPDATE images SET sha256 = ?, file_name = ?, original_at = ?, photographers_name = ?, capture_id = ?, "
            "captured_at = ?, refused_code = NULL WHERE number = ? AND sha256 IS NULL",
            *(original.sha256, original.file_name, original.received_at.timestamp()),
            *(original.photographers_name, original.capture_id),
            *(original.captured_at and original.captured_at.timestamp(), known.number),
        )
        return self.image(known.number)

    def set_states(self, states: Mapping[str, ImageState]) -> None:
        """Say what became of images, by image id."""
        for image_id, state in states.items():
            self._database.change(
                "UPDATE images SET state = ? WHERE image_id = ? AND state <> ?", state, image_id, state
            )

    def _one(self, condition: str, *values: object) -> StoredImage | None:
        row = self._database.row(f"SELECT * FROM images {condition}", *values)  # noqa: S608 - constants of this module
        return StoredImage.from_row(row) if row is not None else None


def completing(known: StoredImage, original: NewImage) -> NewImage:
    """The original under the id that its preview gave; what the original's message does not say stays as it was."""
    captured_at = None
    if known.captured_at is not None:
        with contextlib.suppress(ValueError, OverflowError):  # of an older version, which checked no year
            captured_at = checked_instant(datetime.fromtimestamp(known.captured_at, UTC))
    return replace(
        original,
        image_id=known.image_id,
        sender=known.sender,
        captured_at=original.captured_at or captured_at,
        photographers_name=original.photographers_name or known.photographers_name,
        capture_id=original.capture_id or known.capture_id,
    )
