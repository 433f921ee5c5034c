"""What is left out when the broker's budget is full? First the `ply` of the finest levels, then the finest levels. Pure.

Half of a project's budget is for the present reference set, half for the one that it replaces or that will replace it, so
that both fit while viewers change over. The newest image always shows. On the disk and in exports everything stays.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from broker.ids import Encoding, PageDigest
from broker.manifest import EncodedShard, LeftOut, ManifestPage, Page, ShardEntry
from reconstructor.storage.reference_set import ReferenceSet


@dataclass(slots=True, kw_only=True)
class Budget:
    """Cuts reference sets to what the broker may retain.

    Attributes:
        bytes_limit: of all generations of a project that are retained at the same time.
    """

    bytes_limit: int
    _sizes: dict[PageDigest, int] = field(default_factory=dict)
    _cut: dict[tuple[PageDigest, tuple[int, ...]], Page[ManifestPage] | None] = field(default_factory=dict)

    def within(self, reference: ReferenceSet) -> tuple[ReferenceSet, int]:
        """The part of a reference set that is retained, and its size in bytes.

        The cost does not grow with the set while all of it fits.
        """
        self._sizes = {
            page.digest: self._sizes[page.digest] if page.digest in self._sizes else _size_of(page.message.shards)
            for page in reference.shard_pages
        }
        size_bytes = sum(self._sizes.values())
        if size_bytes <= self.bytes_limit // 2:
            return reference.with_left_out(reference.shard_pages, LeftOut()), size_bytes
        entries = reference.shards
        counts = _encodings_within(entries, self.bytes_limit // 2)
        pages = tuple(self._pages_of(reference, counts))
        left_out = LeftOut(
            point_count=sum(entry.point_count for entry in entries if not counts[entry.index]),
            shard_count=sum(1 for count in counts.values() if count == 0),
            ply_count=sum(1 for count in counts.values() if count == 1),
        )
        return reference.with_left_out(pages, left_out), sum(_size_of(page.message.shards) for page in pages)

    def _pages_of(self, reference: ReferenceSet, counts: dict[int, int]) -> Iterator[Page[ManifestPage]]:
        """The pages with what is kept of them; a page that was cut in the same way before is not encoded again."""
        cut: dict[tuple[PageDigest, tuple[int, ...]], Page[ManifestPage] | None] = {}
        for page in reference.shard_pages:
            key = (page.digest, tuple(counts[entry.index] for entry in page.message.shards))
            cut[key] = self._cut[key] if key in self._cut else _cut_page(page, key[1])
            if (kept := cut[key]) is not None:
                yield kept
        self._cut = cut


def _encodings_within(entries: tuple[ShardEntry, ...], bytes_limit: int) -> dict[int, int]:
    """How many encodings of each shard fit, by index: none, the packed one, or all."""
    counts = dict.fromkeys((entry.index for entry in entries), 0)
    newest = max((entry.image_number or 0 for entry in entries), default=0)

    def rank(entry: ShardEntry) -> tuple[bool, int, bool, int, int]:
        """The newest image, then coarse levels, the reference set before increments, new increments before old."""
        number = entry.image_number or 0
        return (not number or number != newest, entry.level, number > 0, -number, entry.index)

    ranked = sorted(entries, key=rank)
    left = bytes_limit
    for place, entry in enumerate(ranked):
        left -= _encoded_sizes(entry)[0]
        if left < 0 and place > 0:
            return counts
        counts[entry.index] = 1
    for entry in sorted(entries, key=lambda each: (each.level, each.index)):
        left -= sum(_encoded_sizes(entry)[1:])
        if left < 0:
            return counts
        counts[entry.index] = 2
    return counts


def _packed_first(entry: ShardEntry) -> list[EncodedShard]:
    return sorted(entry.encodings, key=lambda each: each.encoding is not Encoding.PACKED)


def _encoded_sizes(entry: ShardEntry) -> list[int]:
    return [each.size_bytes for each in _packed_first(entry)]


def _size_of(entries: Iterable[ShardEntry]) -> int:
    return sum(each.size_bytes for entry in entries for each in entry.encodings)


def _cut_page(page: Page[ManifestPage], counts: tuple[int, ...]) -> Page[ManifestPage] | None:
    shards = tuple(
        entry if count > 1 else entry.model_copy(update={"encodings": (_packed_first(entry)[0],)})
        for entry, count in zip(page.message.shards, counts, strict=True)
        if count > 0
    )
    if not shards:
        return None
    return page if shards == page.message.shards else Page.of(page.message.model_copy(update={"shards": shards}))
