"""What must the broker retain? The present reference set with its cameras, and older ones in their grace time."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from broker.ids import Encoding
from broker.manifest import CameraEntry, ShardEntry
from reconstructor.clouds.sharding import ReadyShard
from reconstructor.storage import reference_rows
from reconstructor.storage.database import Database
from reconstructor.storage.durable_files import StoreError, make_folder, remove_unfinished
from reconstructor.storage.generation_files import GenerationFiles, ShardGoneError
from reconstructor.storage.past.generations import EarlierGenerations, coarse
from reconstructor.storage.reference_set import ReferenceSet

_FLOOR: Final = "generation_floor"
_MERGED: Final = "merged-*"


class ReferenceSets:
    """The reference sets of one project: rows of the store's database and the files they name.

    The newest two generations are kept when a store is opened: viewers may still load the previous one.
    """

    def __init__(self, database: Database, folder: Path, earlier_count: int) -> None:
        self._database, self._folder = database, folder
        self.earlier = EarlierGenerations(database, folder, kept_count=earlier_count)
        self._files = GenerationFiles(folder=make_folder(folder / "generations"))
        self._known: ReferenceSet | None = None
        remove_unfinished(self._files.folder)
        self._forget_merged()
        for generation in sorted(self.kept())[:-2]:
            self.forget(generation)
        self._files.keep_only(set(self.kept()))
        if (newest := self.newest()) is not None:  # of a version that kept no rows
            with database.transaction():
                self.earlier.begin(newest)

    def newest(self) -> ReferenceSet | None:
        """The present reference set, or None before there are points."""
        present = self.present()
        return present if present is not None and present.manifest.generation > 0 else None

    def present(self) -> ReferenceSet | None:
        """What the broker must point to: like `newest`, or generation 0 with cameras alone."""
        row = self._database.row(
            "SELECT generation, revision FROM generations ORDER BY generation DESC, revision DESC LIMIT 1"
        )
        if row is None:
            return None
        known = self._known
        if known is None or (known.manifest.generation, known.manifest.revision) != tuple(row):
            known = self._known = reference_rows.read_newest(self._database.rows)
        return known

    def kept(self) -> dict[int, int]:
        """Revision by generation: the newest one, and older ones that are not cleared yet."""
        rows = self._database.rows("SELECT generation, revision FROM generations WHERE generation > 0 ORDER BY 1")
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
        """Remove a generation that viewers no longer load; a coarse copy stays."""
        self.raise_floor(generation)
        with contextlib.suppress(StoreError):  # then there is none
            self._keep_earlier(generation)
        with self._database.transaction():
            self._database.change("DELETE FROM generations WHERE generation = ?", generation)
        self._files.remove(generation)

    def keep_earlier(self) -> None:
        """Keep a coarse copy of each generation that another one replaced; raises StoreError, also ShardGoneError."""
        for generation in sorted(self.kept())[:-1]:
            self._keep_earlier(generation)

    def write(self, generation: int, shards: Iterable[ReadyShard]) -> None:
        """Put files on the disk that nothing refers to yet; raises StoreError."""
        self._files.write(generation, shards)

    def record(self, reference: ReferenceSet) -> None:
        """Record a reference set in the database, inside the transaction that ends a job."""
        before = self.present()
        reference_rows.write(self._database, reference, before)
        if before is None or before.manifest.generation != reference.manifest.generation:
            self.earlier.begin(reference, before)
        self._known = reference  # if the transaction fails, `present` sees other numbers and reads again

    def extend(self, reference: ReferenceSet, shards: Iterable[ReadyShard]) -> None:
        """Record a revision with new shards that no job ended with; raises StoreError."""
        self.write(reference.manifest.generation, shards)
        self.revise(reference)

    def revise(self, reference: ReferenceSet) -> None:
        """Record a revision that no job made; raises StoreError."""
        with self._database.transaction():
            self.record(reference)

    def leave_out_damaged(self) -> int:
        """Leave shards out of the manifest whose files are damaged, one revision on; returns how many."""
        newest = self.newest()
        if newest is None:
            return 0
        manifest = newest.manifest
        whole = newest.only(lambda entry: self._is_whole(manifest.generation, entry))
        entries = whole.shards
        lost_count = manifest.shard_count - len(entries)
        if lost_count:
            mended = whole.with_manifest(
                revision=manifest.revision + 1,
                point_count=sum(entry.point_count for entry in entries),
                shard_count=len(entries),
            )
            with self._database.transaction():
                self.record(mended)
        return lost_count

    def shard(self, generation: int, entry: ShardEntry, encoding: Encoding) -> bytes:
        """The bytes of one shard, checked; raises ShardGoneError."""
        return self._files.payload(generation, entry, encoding)

    def cameras(self) -> tuple[CameraEntry, ...]:
        """The cameras as they were published last."""
        present = self.present()
        return present.cameras if present is not None else ()

    def merged(self, *, is_read: bool = True) -> Path | None:
        """One PLY of the leading component as viewers see it, or None while they see nothing; raises ShardGoneError.

        Where nobody reads it, no file is written and its path alone says that there are points.
        """
        newest = self.newest()
        if newest is None or newest.manifest.point_count == 0:
            return None
        path = self._folder / f"merged-{newest.manifest.generation}-{newest.manifest.revision}.ply"
        if is_read and not path.exists():
            self._forget_merged()
            self._files.write_merged(newest, path)
        return path

    def _keep_earlier(self, generation: int) -> None:
        if not self.earlier.wants(generation):
            return
        reference = reference_rows.read_earlier(self._database.rows, generation)
        if reference is not None:
            clouds = self._files.clouds(generation, coarse(reference.shards))
            self.earlier.keep(reference.manifest, clouds)

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
