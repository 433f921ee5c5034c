"""What is a reference set in memory? The manifest and its pages of shards and cameras; a change replaces only the pages it touches."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from broker.ids import ProjectId
from broker.manifest import (
    PAGE_ENTRIES,
    CameraEntry,
    CameraPage,
    LeftOut,
    Manifest,
    ManifestPage,
    Page,
    ShardEntry,
    cameras_of,
    shard_pages,
    shards_of,
)
from broker.messages import Bounds, WorldFrame

NO_BOUNDS = Bounds(minimum=(0.0, 0.0, 0.0), maximum=(0.0, 0.0, 0.0))
NOBODY = "0" * 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Which store publishes, and in which of its runs."""

    store_id: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceSet:
    """A reference set with its increments and cameras, complete, as it lies on the disk."""

    manifest: Manifest
    shard_pages: tuple[Page[ManifestPage], ...]
    camera_pages: tuple[Page[CameraPage], ...]

    @classmethod
    def empty(cls, project: ProjectId) -> Self:
        """Generation 0: no points yet, but cameras may be told."""
        manifest = Manifest(
            project=project,
            store_id=NOBODY,
            epoch=0,
            generation=0,
            revision=0,
            image_count=0,
            frame=WorldFrame(),
            bounds=NO_BOUNDS,
            point_count=0,
            shard_count=0,
            level_count=0,
            shard_pages=(),
            camera_pages=(),
        )
        return cls(manifest=manifest, shard_pages=(), camera_pages=())

    @property
    def shards(self) -> tuple[ShardEntry, ...]:
        """Every shard; cost grows with their number."""
        return shards_of(self.shard_pages)

    @property
    def cameras(self) -> tuple[CameraEntry, ...]:
        """Every camera; cost grows with their number."""
        return cameras_of(self.camera_pages)

    @property
    def next_index(self) -> int:
        """The index of the next shard."""
        return self.shard_pages[-1].message.shards[-1].index + 1 if self.shard_pages else 0

    def with_manifest(self, **changes: object) -> Self:
        """The same set with these facts in its manifest; the pages name themselves."""
        named = {
            "sent_at": datetime.now(UTC),
            "shard_pages": tuple(page.digest for page in self.shard_pages),
            "camera_pages": tuple(page.digest for page in self.camera_pages),
        }
        return replace(self, manifest=self.manifest.model_copy(update=named | changes))

    def with_shards(self, new: Iterable[ShardEntry]) -> Self:
        """The set with these shards after the others: fills the last page, then begins new ones."""
        manifest, pages, added = self.manifest, self.shard_pages, tuple(new)
        if pages and len(pages[-1].message.shards) < PAGE_ENTRIES:
            added, pages = (*pages[-1].message.shards, *added), pages[:-1]
        added_pages = shard_pages(manifest.project, manifest.generation, added)
        return replace(self, shard_pages=(*pages, *added_pages))

    def with_cameras(self, pages: tuple[Page[CameraPage], ...]) -> Self:
        """The set with these pages of cameras."""
        return replace(self, camera_pages=pages)

    def with_left_out(self, pages: tuple[Page[ManifestPage], ...], left_out: LeftOut) -> Self:
        """The part of the set on these pages, of the same revision; without what is left out."""
        manifest = self.manifest
        changes = {
            "shard_pages": tuple(page.digest for page in pages),
            "point_count": manifest.point_count - left_out.point_count,
            "shard_count": manifest.shard_count - left_out.shard_count,
            "left_out": left_out,
        }
        return replace(self, shard_pages=pages, manifest=manifest.model_copy(update=changes))

    def claimed(self, claim: Claim) -> Self:
        """The set under the name of the store that publishes it."""
        changes = {"store_id": claim.store_id, "epoch": claim.epoch}
        return replace(self, manifest=self.manifest.model_copy(update=changes))

    def only(self, is_kept: Callable[[ShardEntry], bool]) -> Self:
        """The set without some shards; pages that lose none stay as they are."""
        pages: list[Page[ManifestPage]] = []
        for page in self.shard_pages:
            kept = tuple(filter(is_kept, page.message.shards))
            if len(kept) == len(page.message.shards):
                pages.append(page)
            elif kept:
                pages.append(Page.of(page.message.model_copy(update={"shards": kept})))
        return replace(self, shard_pages=tuple(pages))
