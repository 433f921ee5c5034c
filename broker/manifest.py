"""How is the present cloud named? The manifest points to pages of shards and cameras, each an immutable message.

A page's topic is the digest of its bytes, and the manifest names each page by its digest alone. An increment changes the
last page, so an image costs a constant number of index bytes, whatever the size of the project.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Generic, Literal, Self, TypeVar

from pydantic import Field

from broker.envelope import (
    HARMLESS,
    ComponentId,
    Count,
    ImageNumber,
    Matrix4,
    Message,
    Sentence,
    Sha256,
    SizeBytes,
    StoreId,
    WireModel,
    Word,
    decode,
)
from broker.errors import CairnError
from broker.ids import PAGE_DIGEST_LENGTH, Encoding, Generation, ImageId, PageDigest, RequestId
from broker.messages import Bounds, Similarity, WorldFrame

PAGE_ENTRIES: Final = 64  # at 460 bytes a shard and 550 a camera, a full page is some 32 KB
P = TypeVar("P", bound=Message)
E = TypeVar("E")


class EncodedShard(WireModel):
    """One encoding of one shard."""

    encoding: Encoding
    size_bytes: SizeBytes
    sha256: Sha256


class ShardEntry(WireModel):
    """One shard of a manifest. Only the encodings that the broker retains are listed."""

    # The index stands in the shard's topic, which has room for seven digits.
    index: Annotated[int, Field(ge=0, le=9_999_999)]
    level: Annotated[int, Field(ge=0, le=32)]
    kind: Literal["reference", "incremental"]
    image_number: ImageNumber | None = None
    component: ComponentId = 0
    point_count: Annotated[int, Field(ge=1)]
    bounds: Bounds
    encodings: tuple[EncodedShard, ...]


class CameraState(StrEnum):
    """What became of an image in the reconstruction."""

    PLACED = "placed"
    WAITING = "waiting"
    REJECTED = "rejected"


class CameraEntry(WireModel):
    """One image as a camera: OpenCV axes, pixel centres at half integers, distortion as OpenCV's k1, k2, p1, p2."""

    image_id: ImageId
    image_number: ImageNumber | None = None
    file_name: Annotated[str, Field(max_length=120), HARMLESS] | None = None  # what the photographer's file is called
    capture_id: RequestId | None = None  # shared by images that several rigs took at one instant
    has_original: bool = True  # false while only the preview has come
    state: CameraState
    component: ComponentId = 0
    code: Word | None = None
    reason: Sentence | None = None
    world_from_camera: Matrix4 | None = None
    intrinsics: tuple[float, float, float, float] | None = None
    distortion: Annotated[tuple[float, ...], Field(max_length=8)] = ()
    reprojection_error_px: Annotated[float, Field(ge=0)] | None = None
    width_px: Annotated[int, Field(ge=1)] | None = None
    height_px: Annotated[int, Field(ge=1)] | None = None


class Component(WireModel):
    """Photographs that fit each other; each further component has a frame of its own and is shown beside the leading one.

    `world_from_component` says where; nothing is measured across components.
    """

    id: ComponentId = 0
    image_count: Count = 0
    world_from_component: Similarity = Similarity()


class LeftOut(WireModel):
    """What the broker does not retain because of the project's budget; the reconstructor's disk has it all."""

    point_count: Count = 0
    shard_count: Count = 0
    ply_count: Count = 0


class Manifest(Message):
    """The one pointer, written last: names the pages that name all shards and all cameras, each by its digest.

    Generation 0 has no points yet. The bounds are those of the leading component.
    """

    type: Literal["manifest"] = "manifest"
    store_id: StoreId
    epoch: Count
    generation: Annotated[int, Field(ge=0, lt=10**9)]
    revision: Count
    previous_generation: Generation | None = None
    image_count: Count
    frame: WorldFrame
    bounds: Bounds
    point_count: Count
    shard_count: Count
    level_count: Annotated[int, Field(ge=0, le=32)]
    components: Annotated[tuple[Component, ...], Field(min_length=1)] = (Component(),)
    shard_pages: tuple[PageDigest, ...]
    camera_pages: tuple[PageDigest, ...]
    left_out: LeftOut = LeftOut()


class ManifestPage(Message):
    """Up to 64 entries of the manifest. A page that changes is published under its new digest."""

    type: Literal["manifest_page"] = "manifest_page"
    generation: Generation
    shards: Annotated[tuple[ShardEntry, ...], Field(min_length=1, max_length=PAGE_ENTRIES)]


class CameraPage(Message):
    """Up to 64 images and where their cameras stood, in the world of the manifest that names this page."""

    type: Literal["camera_page"] = "camera_page"
    cameras: Annotated[tuple[CameraEntry, ...], Field(min_length=1, max_length=PAGE_ENTRIES)]


class BadPageError(CairnError):
    """Bytes that are not the page whose digest the manifest names."""

    code = "bad_page"
    remedy = "Read the page again; if it stays so, ask for a resync."


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[P]):
    """A page as it is retained: the message, its very bytes, and their digest."""

    message: P
    payload: bytes
    digest: PageDigest

    @classmethod
    def of(cls, message: P) -> Self:
        """Encode a page."""
        payload = message.encode()
        return cls(message=message, payload=payload, digest=digest_of(payload))


def digest_of(payload: bytes) -> PageDigest:
    """The digest under which a page's bytes are retained."""
    return PageDigest(hashlib.sha256(payload).hexdigest()[:PAGE_DIGEST_LENGTH])


def read_page(payload: bytes, digest: PageDigest, model: type[P]) -> Page[P]:
    """Check a page's bytes.

    Raises:
        BadPageError: the bytes have another digest.
        BadMessageError, UnknownSchemaError: they are not such a page.
    """
    if digest_of(payload) != digest:
        raise BadPageError(f"{len(payload)} bytes are not the page {digest}")
    return Page(message=decode(payload, model), payload=payload, digest=digest)


def shard_pages(project: str, generation: int, shards: Iterable[ShardEntry]) -> tuple[Page[ManifestPage], ...]:
    """Pages of a generation's shards, each but the last one full."""
    return tuple(
        Page.of(ManifestPage.model_validate({"project": project, "generation": generation, "shards": part}))
        for part in _parts(tuple(shards))
    )


def camera_pages(project: str, cameras: Iterable[CameraEntry]) -> tuple[Page[CameraPage], ...]:
    """Pages of cameras, each but the last one full."""
    return tuple(
        Page.of(CameraPage.model_validate({"project": project, "cameras": part})) for part in _parts(tuple(cameras))
    )


def shards_of(pages: Iterable[Page[ManifestPage]]) -> tuple[ShardEntry, ...]:
    """The entries of all pages, in order."""
    return tuple(entry for page in pages for entry in page.message.shards)


def cameras_of(pages: Iterable[Page[CameraPage]]) -> tuple[CameraEntry, ...]:
    """The cameras of all pages, in order."""
    return tuple(entry for page in pages for entry in page.message.cameras)


def _parts(entries: tuple[E, ...]) -> list[tuple[E, ...]]:
    return [entries[begin : begin + PAGE_ENTRIES] for begin in range(0, len(entries), PAGE_ENTRIES)]
