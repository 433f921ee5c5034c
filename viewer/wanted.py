"""Which shards make the present cloud? Those of one component, coarse levels first, one encoding of each."""

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
    def components(self) -> tuple[int, ...]:
        """The components that have points, the leading one first."""
        return tuple(sorted({0, *(each.component for each in self.shards if each.encodings)}))

    def of(self, component: int) -> tuple[ShardEntry, ...]:
        """The shards of one component; each has a frame of its own."""
        return tuple(each for each in self.shards if each.component == component and each.encodings)

    def point_count(self, component: int = 0) -> int:
        """Points of one component."""
        return sum(each.point_count for each in self.of(component))


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedShard:
    """One shard to fetch, and how to check its bytes."""

    generation: int
    index: int
    encoding: Encoding
    point_count: int
    size_bytes: int
    sha256: str


def wanted_shards(complete: CompleteManifest, encoding: Encoding, component: int = 0) -> tuple[WantedShard, ...]:
    """List the shards of one component, coarse levels first.

    Args:
        complete: names the complete set.
        encoding: is preferred; a shard without it comes in its first encoding, one without any is left out.
        component: by default the leading one.
    """
    wanted: list[WantedShard] = []
    for entry in sorted(complete.of(component), key=lambda each: (each.level, each.index)):
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
