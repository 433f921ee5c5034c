"""What must the broker retain? The present reference set, older ones in their grace time, the cameras."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from broker.ids import Encoding
from broker.messages import Manifest, ShardEntry
from reconstructor.clouds.sharding import ReadyShard
from reconstructor.storage.database import Database
from reconstructor.storage.durable_files import make_folder, remove_unfinished
from reconstructor.storage.generation_files import GenerationFiles, ShardGoneError

_FLOOR: Final = "generation_floor"
_CAMERAS: Final = "cameras"
_MERGED: Final = "merged-*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceSet:
    """The present reference set with its increments."""

    manifest: Manifest
    payload: bytes


class ReferenceSets:
    """The reference sets of one project: rows of the store's database and the files they name.

    The newest two generations are kept when a store is opened: viewers may still load the previous one.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder
        self._files = GenerationFiles(folder=make_folder(folder / "generations"))
        self._newest: ReferenceSet | None = None
        remove_unfinished(self._files.folder)
        self._forget_merged()
        for generation in sorted(self.kept())[:-2]:
            self.forget(generation)
        self._files.keep_only(set(self.kept()))

    def newest(self) -> ReferenceSet | None:
        """The present reference set, or None."""
        kept = self.kept()
        if not kept:
            return None
        generation, revision = max(kept.items())
        known = self._newest
        if known is None or (known.manifest.generation, known.manifest.revision) != (generation, revision):
            manifest, payload = self._files.manifest(generation, revision)
            known = self._newest = ReferenceSet(manifest=manifest, payload=payload)
        return known

    def kept(self) -> dict[int, int]:
        """Revision by generation: the newest one, and older ones that are not cleared yet."""
        rows = self._database.rows("SELECT generation, revision FROM generations ORDER BY generation")
        return {row["generation"]: row["revision"] for row in rows}

    def next_generation(self) -> int:
        """The number of the next reference set; never one that viewers have seen."""
        return max(max(self.kept(), default=0), self._floor()) + 1

    def raise_floor(self, generation: int) -> None:
        """Note generations that were published from another folder; new ones count from there."""
        if generation > self._floor():
            with self._database.transaction():
                self._database.set_fact(_FLOOR, generation)

    def forget(self, generation: int) -> None:
        """Remove a generation that viewers no longer load."""
        self.raise_floor(generation)
        with self._database.transaction():
            self._database.change("DELETE FROM generations WHERE generation = ?", generation)
        self._files.remove(generation)

    def write(self, manifest: Manifest, shards: Iterable[ReadyShard]) -> None:
        """Put files on the disk that nothing refers to yet; raises StoreError."""
        self._files.write(manifest, shards)

    def record(self, manifest: Manifest | None, cameras: bytes | None) -> None:
        """Record a manifest and cameras in the database, inside the transaction that ends a job."""
        if cameras is not None:
            self._database.set_fact(_CAMERAS, cameras)
        if manifest is not None:
            self._database.change(
                "INSERT INTO generations VALUES (?, ?) ON CONFLICT (generation) DO UPDATE SET revision = excluded.revision",
                *(manifest.generation, manifest.revision),
            )

    def leave_out_damaged(self) -> int:
        """Leave shards out of the manifest whose files are damaged, one revision on; returns how many."""
        newest = self.newest()
        if newest is None:
            return 0
        manifest = newest.manifest
        whole = tuple(entry for entry in manifest.shards if self._is_whole(manifest.generation, entry))
        lost_count = len(manifest.shards) - len(whole)
        if lost_count:
            mended = manifest.model_copy(
                update={
                    "sent_at": datetime.now(UTC),
                    "revision": manifest.revision + 1,
                    "point_count": sum(entry.point_count for entry in whole),
                    "shards": whole,
                }
            )
            self.write(mended, ())
            with self._database.transaction():
                self.record(mended, None)
        return lost_count

    def forget_old_manifests(self) -> None:
        """Remove the files of revisions that newer ones have replaced."""
        for generation, revision in self.kept().items():
            self._files.forget_manifests(generation, before=revision)

    def shard(self, generation: int, entry: ShardEntry, encoding: Encoding) -> bytes:
        """The bytes of one shard, checked; raises ShardGoneError."""
        return self._files.payload(generation, entry, encoding)

    def cameras(self) -> bytes | None:
        """The bytes for `camera/current`."""
        found: bytes | None = self._database.fact(_CAMERAS)
        return found

    def merged(self) -> Path | None:
        """One PLY of what viewers see now, or None while they see nothing; raises ShardGoneError."""
        newest = self.newest()
        if newest is None or newest.manifest.point_count == 0:
            return None
        path = self._folder / f"merged-{newest.manifest.generation}-{newest.manifest.revision}.ply"
        if not path.exists():
            self._forget_merged()
            self._files.write_merged(newest.manifest, path)
        return path

    def _is_whole(self, generation: int, entry: ShardEntry) -> bool:
        try:
            for each in entry.encodings:
                self.shard(generation, entry, each.encoding)
        except ShardGoneError:
            return False
        return True

    def _forget_merged(self) -> None:
        """Remove the merged PLY; it is not synced, so it may be incomplete after a crash."""
        for path in self._folder.glob(_MERGED):
            path.unlink(missing_ok=True)

    def _floor(self) -> int:
        return int(self._database.fact(_FLOOR) or 0)
