"""How long does a preview stay on the disk? Until its image has the original and no job may read the preview any more.

The row goes first and the files after it, so that a crash in between leaves files that no row names: those are removed
when the store is opened.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from broker.ids import ImageId, SenderId
from reconstructor.storage.database import Database
from reconstructor.storage.durable_files import make_folder, translate, write_durably
from reconstructor.storage.images import NewImage, StoredImage, files_of

_SURPLUS: Final = "sha256 IS NOT NULL AND preview_name IS NOT NULL"
_READ_BY_A_JOB: Final = "SELECT image_number FROM jobs WHERE state IN ('queued', 'running')"


class Previews:
    """The previews of one project: files in a folder of their own, named by the images' rows."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self.folder = database, make_folder(folder)
        self._remove_unnamed()

    def write(self, preview: NewImage, payload: bytes) -> None:
        """Make a preview's files durable; no row names them yet. Raises StoreError."""
        write_durably(self.folder, files_of(preview, payload))

    def content(self, image: StoredImage) -> bytes | None:
        """The bytes of a preview, or None when there is none."""
        if image.preview_name is None:
            return None
        try:
            return (self.folder / image.preview_name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise translate(exc) from exc

    def surplus(self) -> list[StoredImage]:
        """The images whose preview lies beside the original, and is read by no job."""
        where = f"{_SURPLUS} AND number NOT IN ({_READ_BY_A_JOB}) ORDER BY number"
        rows = self._database.rows(f"SELECT * FROM images WHERE {where}")  # noqa: S608 - constants of this module
        return [StoredImage.from_row(row) for row in rows]

    def drop(self, surplus: Sequence[StoredImage]) -> None:
        """Drop the previews of images that have their originals."""
        with self._database.transaction():
            for image in surplus:
                self._database.change(
                    f"UPDATE images SET preview_name = NULL WHERE number = ? AND {_SURPLUS}",  # noqa: S608 - a constant
                    image.number,
                )
        for image in surplus:
            self._unlink(str(image.preview_name))

    def awaited(self, most: int) -> dict[SenderId, tuple[ImageId, ...]]:
        """The originals to ask each sender for: first of the images that wait to be placed, then the oldest."""
        rows = self._database.rows(
            "SELECT sender, image_id FROM images WHERE sha256 IS NULL AND refused_code IS NULL "
            "ORDER BY state <> 'waiting', number"
        )
        found = defaultdict[SenderId, list[ImageId]](list)
        for row in rows:
            found[SenderId(row["sender"])].append(ImageId(row["image_id"]))
        return {sender: tuple(images[:most]) for sender, images in found.items()}

    def completed(self) -> tuple[int, ...]:
        """Numbers that change whenever an original takes its preview's place."""
        row = self._database.row("SELECT count(*), max(original_at) FROM images WHERE original_at > stored_at")
        return tuple(row) if row is not None else ()

    def note_refused(self, sender: SenderId, name: str, code: str) -> None:
        """The original of this sender's preview was refused: it is not asked for any more."""
        with self._database.transaction():
            self._database.change(
                "UPDATE images SET refused_code = ? WHERE image_id = ? AND sender = ? AND sha256 IS NULL",
                *(code, name, sender),
            )

    def _unlink(self, name: str) -> None:
        for each in _files_beside(name):
            (self.folder / each).unlink(missing_ok=True)

    def _remove_unnamed(self) -> None:
        rows = self._database.rows("SELECT preview_name FROM images WHERE preview_name IS NOT NULL")
        named = {each for row in rows for each in _files_beside(row["preview_name"])}
        for path in self.folder.iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)


def _files_beside(preview_name: str) -> tuple[str, ...]:
    """The preview, what the black box reads beside it, and its record; see `files_of`."""
    return preview_name, f"{preview_name}.json", f"{Path(preview_name).stem}.json"
