"""A manifest with its pages, for stand-ins of the reconstructor: pages first, then the pointer, as the contract wants it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from broker.contract import CAMERA_PAGE, MANIFEST_PAGE, REFERENCE
from broker.manifest import CameraEntry, CameraPage, Manifest, ManifestPage, Page, ShardEntry, camera_pages, shard_pages
from broker.outgoing import Outgoing
from broker.topics import TopicSpace

STORE_ID = "0123456789abcdef"
BOX = {"minimum": (0.0, 0.0, 0.0), "maximum": (1.0, 1.0, 1.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PagedManifest:
    """A manifest, and the pages that it names."""

    manifest: Manifest
    shard_pages: tuple[Page[ManifestPage], ...]
    camera_pages: tuple[Page[CameraPage], ...]

    def outgoing(self, space: TopicSpace) -> list[Outgoing]:
        """All messages, in the order in which they are published."""
        project = self.manifest.project
        return [
            *(MANIFEST_PAGE.outgoing(space, project, page.payload, page=page.digest) for page in self.shard_pages),
            *(CAMERA_PAGE.outgoing(space, project, page.payload, page=page.digest) for page in self.camera_pages),
            REFERENCE.outgoing(space, project, self.manifest),
        ]


def paged(
    project: str,
    shards: Iterable[ShardEntry] = (),
    cameras: Iterable[CameraEntry] = (),
    *,
    generation: int = 1,
    **facts: Any,
) -> PagedManifest:
    """A manifest of these shards and cameras; `facts` replace what follows from them."""
    entries = tuple(shards)
    pages_of_shards, pages_of_cameras = shard_pages(project, generation, entries), camera_pages(project, cameras)
    said = {
        "project": project,
        "store_id": STORE_ID,
        "epoch": 1,
        "generation": generation,
        "revision": 0,
        "image_count": 0,
        "frame": {},
        "bounds": BOX,
        "point_count": sum(entry.point_count for entry in entries),
        "shard_count": len(entries),
        "level_count": 1 + max((entry.level for entry in entries), default=-1),
        "shard_pages": tuple(page.digest for page in pages_of_shards),
        "camera_pages": tuple(page.digest for page in pages_of_cameras),
    }
    manifest = Manifest.model_validate(said | facts)
    return PagedManifest(manifest=manifest, shard_pages=pages_of_shards, camera_pages=pages_of_cameras)
