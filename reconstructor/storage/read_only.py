"""How is a store read beside a service that may be running? SQLite in read-only mode; nothing is written or locked."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.envelope import decode
from broker.ids import AnnotationId, SenderId
from broker.manifest import CameraEntry
from broker.wire.history import GenerationRow
from reconstructor.storage.annotations import MODELS, Annotation, AnnotationKey
from reconstructor.storage.database import STORE_VERSION, check_version
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.generation_files import GenerationFiles
from reconstructor.storage.images import StoredImage
from reconstructor.storage.past.generations import FACT, rows_in
from reconstructor.storage.reference_rows import read_newest
from reconstructor.storage.reference_set import ReferenceSet

DATABASE_NAME = "store.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnlyStore:
    """The store in a folder, to look at."""

    folder: Path

    def __post_init__(self) -> None:
        if not (self.folder / DATABASE_NAME).is_file():
            raise StoreError(f"no project {self.folder.name!r} below {self.folder.parent}: check --data")
        check_version(self.folder / DATABASE_NAME, number := self.version)
        if number < STORE_VERSION:
            raise StoreError(
                f"{self.folder / DATABASE_NAME}: the store has version {number}, which the service migrates to "
                f"{STORE_VERSION} when it opens it: start the service (`cairn up`, `cairn reconstructor run`) once"
            )

    @property
    def version(self) -> int:
        """The store's version; see `reconstructor.storage.database`."""
        return int(self._rows("PRAGMA user_version")[0][0])

    @property
    def generation_files(self) -> GenerationFiles:
        """The shards and manifests on disk."""
        return GenerationFiles(folder=self.folder / "generations")

    def reference(self) -> ReferenceSet | None:
        """Return the newest reference set, or None if there are no points yet."""
        newest = read_newest(self._rows)
        return newest if newest is not None and newest.manifest.generation > 0 else None

    def newest(self) -> tuple[int, int] | None:
        """Return generation and revision of the newest reference set."""
        rows = self._rows(
            "SELECT generation, revision FROM generations WHERE generation > 0 ORDER BY generation DESC LIMIT 1"
        )
        return (int(rows[0][0]), int(rows[0][1])) if rows else None

    def generations(self) -> frozenset[int]:
        """Return every generation that the service still needs."""
        return frozenset(int(row[0]) for row in self._rows("SELECT generation FROM generations"))

    def cameras(self) -> tuple[CameraEntry, ...]:
        """Return the cameras that were published last."""
        newest = read_newest(self._rows)
        return newest.cameras if newest is not None else ()

    def images(self) -> list[StoredImage]:
        """Return all images in order."""
        statement = "SELECT * FROM images ORDER BY number"
        return [StoredImage.from_row(row) for row in self._rows(statement, row_factory=sqlite3.Row)]

    def path(self, image: StoredImage) -> Path:
        """Return where an image's bytes are: the original, or its preview until that is there."""
        if image.file_name is not None:
            return self.folder / "images" / image.file_name
        return self.folder / "previews" / str(image.preview_name)

    def images_by_state(self) -> dict[str, int]:
        """Count the images of each state."""
        return dict(self._rows("SELECT state, count(*) FROM images GROUP BY state"))

    def title(self) -> str:
        """Return what people call the project; empty without a title."""
        rows = self._rows("SELECT value FROM facts WHERE name = 'title'")
        return str(rows[0][0]) if rows else ""

    def session_token(self) -> str:
        """Return the secret part of the name of the store's session with the broker; empty before the first start."""
        rows = self._rows("SELECT value FROM facts WHERE name = 'session_token'")
        return str(rows[0][0]) if rows else ""

    def generation_rows(self) -> tuple[GenerationRow, ...]:
        """Return a row for each of the last generations, the present one last."""
        rows = self._rows("SELECT value FROM facts WHERE name = ?", FACT)
        return rows_in(bytes(rows[0][0])) if rows else ()

    def annotations(self) -> list[tuple[AnnotationKey, Annotation]]:
        """Return every measure and note in the world of the newest generation."""
        rows = self._rows("SELECT type, user, id, payload FROM annotations")
        return [
            (
                AnnotationKey(type=kind, user=SenderId(user), annotation=AnnotationId(own_id)),
                decode(payload, MODELS[kind]),
            )
            for kind, user, own_id, payload in rows
        ]

    def is_paused(self) -> bool:
        """Return whether a person paused the project."""
        rows = self._rows("SELECT value FROM facts WHERE name = 'is_paused'")
        return bool(rows and rows[0][0])

    def oldest_waiting_at(self) -> float | None:
        """Return when the oldest image came that waits for the black box, seconds of the wall clock; None without one."""
        rows = self._rows(
            "SELECT min(stored_at) FROM images WHERE number IN "
            "(SELECT image_number FROM jobs WHERE kind = 'add' AND state IN ('queued', 'running'))"
        )
        return None if rows[0][0] is None else float(rows[0][0])

    def newest_image_at(self) -> float | None:
        """Return when the last image came, seconds of the wall clock; None without one."""
        rows = self._rows("SELECT max(stored_at) FROM images")
        return None if rows[0][0] is None else float(rows[0][0])

    def jobs_by_state(self) -> dict[str, int]:
        """Count the jobs of each state."""
        return dict(self._rows("SELECT state, count(*) FROM jobs GROUP BY state"))

    def _rows(self, statement: str, *values: object, row_factory: Any = None) -> list[Any]:
        uri = f"{(self.folder / DATABASE_NAME).resolve().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True)) as connection:
                connection.row_factory = row_factory
                return connection.execute(statement, values).fetchall()
        except sqlite3.Error as exc:
            raise StoreError(f"the store in {self.folder} cannot be read: {exc}") from exc
