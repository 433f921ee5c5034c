"""Which shards make the present cloud? Those of the leading component, coarse levels first, one encoding of each."""

from dataclasses import dataclass

from broker.errors import CairnError
from broker.ids import Encoding
from broker.manifest import Manifest, ShardEntry


class UnevenManifestError(CairnError):
    """A manifest whose counts disagree with its shards."""

    code = "uneven_manifest"
    remedy = "Ask for a resync; report it if it stays so."


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteManifest:
    """A manifest and the shards that its pages list."""

    manifest: Manifest
    shards: tuple[ShardEntry, ...]

    def __post_init__(self) -> None:
        listed = sum(each.point_count for each in self.shards)
        if listed != self.manifest.point_count:
            raise UnevenManifestError(
                f"the manifest of {self.manifest.project!r} says {self.manifest.point_count} points, "
                f"its shards have {listed}"
            )

    @property
    def leading(self) -> tuple[ShardEntry, ...]:
        """The shards of the leading component; each other one has a frame of its own."""
        return tuple(each for each in self.shards if each.component == 0 and each.encodings)

    @property
    def point_count(self) -> int:
        """Points of the leading component."""
        return sum(each.point_count for each in self.leading)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedShard:
    """One shard to fetch, and how to check its bytes."""

    generation: int
    index: int
    encoding: Encoding
    point_count: int
    size_bytes: int
    sha256: str


def wanted_shards(complete: CompleteManifest, encoding: Encoding) -> tuple[WantedShard, ...]:
    """List the shards of the leading component, coarse levels first.

    Args:
        complete: names the complete set.
        encoding: is preferred; a shard without it comes in its first encoding, one without any is left out.
    """
    wanted: list[WantedShard] = []
    for entry in sorted(complete.leading, key=lambda each: (each.level, each.index)):
        encoded = next((each for each in entry.encodings if each.encoding is encoding), entry.encodings[0])
        wanted.append(
            WantedShard(
                generation=complete.manifest.generation,
                index=entry.index,
                encoding=encoded.encoding,
                point_count=entry.point_count,
                size_bytes=encoded.size_bytes,
                sha256=encoded.sha256,
            )
        )
    return tuple(wanted)
