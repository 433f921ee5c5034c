"""How do a reference set's manifest and pages lie in the database? One row a page, so a change writes only what it touches."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from broker.envelope import Message, decode
from broker.manifest import CameraPage, Manifest, ManifestPage, Page, digest_of
from reconstructor.storage.database import Database
from reconstructor.storage.reference_set import ReferenceSet

P = TypeVar("P", bound=Message)

Rows = Callable[..., Sequence[sqlite3.Row | tuple[Any, ...]]]
NEWEST = "SELECT generation, revision, manifest FROM generations ORDER BY generation DESC LIMIT 1"
_SHARD_PAGES = "SELECT payload FROM shard_pages WHERE generation = ? ORDER BY number"
_CAMERA_PAGES = "SELECT payload FROM camera_pages ORDER BY number"


def read_newest(rows: Rows) -> ReferenceSet | None:
    """The newest reference set; None before the first.

    Args:
        rows: runs a query, with its values, and returns the rows.
    """
    found = rows(NEWEST)
    if not found:
        return None
    reference = _with_shards(rows, found[0][2])
    return reference.with_cameras(tuple(_page(row[0], CameraPage) for row in rows(_CAMERA_PAGES)))


def read_earlier(rows: Rows, generation: int) -> ReferenceSet | None:
    """A generation without its cameras, which only the newest one has; None when it is forgotten."""
    found = rows("SELECT manifest FROM generations WHERE generation = ?", generation)
    return _with_shards(rows, found[0][0]) if found else None


def _with_shards(rows: Rows, payload: bytes) -> ReferenceSet:
    manifest = decode(bytes(payload), Manifest)
    pages = tuple(_page(row[0], ManifestPage) for row in rows(_SHARD_PAGES, manifest.generation))
    return ReferenceSet(manifest=manifest, shard_pages=pages, camera_pages=())


def write(database: Database, reference: ReferenceSet, before: ReferenceSet | None) -> None:
    """Write a reference set inside a transaction; of what stands there, `before`, equal pages stay untouched."""
    manifest = reference.manifest
    generation, revision = manifest.generation, manifest.revision
    database.change(
        "INSERT INTO generations VALUES (?, ?, ?) ON CONFLICT (generation) "
        "DO UPDATE SET revision = excluded.revision, manifest = excluded.manifest",
        *(generation, revision, manifest.encode()),
    )
    if generation > 0:
        database.change("DELETE FROM generations WHERE generation = 0")
    is_same = before is not None and before.manifest.generation == generation
    old = before.shard_pages if before is not None and is_same else ()
    for number, page in _changed(reference.shard_pages, old):
        database.change("INSERT OR REPLACE INTO shard_pages VALUES (?, ?, ?)", generation, number, page.payload)
    if len(reference.shard_pages) < len(old):
        database.change(
            "DELETE FROM shard_pages WHERE generation = ? AND number >= ?", generation, len(reference.shard_pages)
        )
    for number, camera_page in _changed(reference.camera_pages, before.camera_pages if before is not None else ()):
        database.change("INSERT OR REPLACE INTO camera_pages VALUES (?, ?)", number, camera_page.payload)
    database.change("DELETE FROM camera_pages WHERE number >= ?", len(reference.camera_pages))


def _changed(new: tuple[Page[P], ...], old: tuple[Page[P], ...]) -> list[tuple[int, Page[P]]]:
    return [
        (number, page) for number, page in enumerate(new) if number >= len(old) or old[number].digest != page.digest
    ]


def _page(payload: bytes, model: type[P]) -> Page[P]:
    return Page(message=decode(payload, model), payload=payload, digest=digest_of(payload))
