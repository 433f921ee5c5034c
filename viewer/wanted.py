"""Which shards make the present cloud? Every shard of the manifest, coarse levels first, one encoding of each."""

from dataclasses import dataclass

from broker.ids import Encoding
from broker.messages import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedShard:
    """One shard to fetch, and how to check its bytes."""

    generation: int
    index: int
    encoding: Encoding
    point_count: int
    size_bytes: int
    sha256: str


def wanted_shards(manifest: Manifest, encoding: Encoding) -> tuple[WantedShard, ...]:
    """List the manifest's shards, coarse levels first.

    Args:
        manifest: names the complete set.
        encoding: is preferred; a shard without it comes in its first encoding, one without any is left out.
    """
    entries = (entry for entry in manifest.shards if entry.encodings)
    wanted: list[WantedShard] = []
    for entry in sorted(entries, key=lambda each: (each.level, each.index)):
        encoded = next((each for each in entry.encodings if each.encoding is encoding), entry.encodings[0])
        wanted.append(
            WantedShard(
                generation=manifest.generation,
                index=entry.index,
                encoding=encoded.encoding,
                point_count=entry.point_count,
                size_bytes=encoded.size_bytes,
                sha256=encoded.sha256,
            )
        )
    return tuple(wanted)
