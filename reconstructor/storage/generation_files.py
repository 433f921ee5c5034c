"""Where do reference sets lie on the disk? The very bytes that are published, and the manifests that name them."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from broker.envelope import decode
from broker.files import UNFINISHED
from broker.ids import Encoding, Generation
from broker.messages import Manifest, ShardEntry
from broker.shards import BadShardError, PointCloud, decode_ply, ply_body, ply_header, sha256
from reconstructor.clouds.sharding import ReadyShard
from reconstructor.storage.durable_files import StoreError, make_folder, translate, write_durably


class ShardGoneError(StoreError):
    """A file that a manifest names is not on the disk as it was written."""

    code = "shard_gone"
    remedy = "Nothing: the damaged shard is left out and a refetch replaces it. Check the disk."


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationFiles:
    """The folder of all generations of one project."""

    folder: Path

    def write(self, manifest: Manifest, shards: Iterable[ReadyShard]) -> None:
        """Write new shards and the manifest that names them; the database does not refer to them yet.

        Raises:
            DiskFullError: there is no room.
            StoreError: another trouble with the disk.
        """
        home = make_folder(self._home(manifest.generation))
        files = {
            _shard_name(shard.entry.index, encoding): payload
            for shard in shards
            for encoding, payload in shard.payloads.items()
        }
        write_durably(home, files | {_manifest_name(manifest.revision): manifest.encode()})

    def manifest(self, generation: int, revision: int) -> tuple[Manifest, bytes]:
        """A manifest and its bytes as written.

        Raises:
            StoreError: it cannot be read.
        """
        path = self._home(generation) / _manifest_name(revision)
        try:
            payload = path.read_bytes()
        except OSError as exc:
            raise translate(exc) from exc
        return decode(payload, Manifest), payload

    def payload(self, generation: int, entry: ShardEntry, encoding: Encoding) -> bytes:
        """The bytes of one shard, checked against the manifest.

        Raises:
            ShardGoneError: the file is missing or is not what was written.
        """
        path = self._home(generation) / _shard_name(entry.index, encoding)
        wanted = {each.encoding: each.sha256 for each in entry.encodings}
        try:
            payload = path.read_bytes()
        except OSError as exc:
            raise ShardGoneError(f"shard {entry.index} of generation {generation} is gone from the disk") from exc
        if sha256(payload) != wanted[encoding]:
            raise ShardGoneError(f"shard {entry.index} of generation {generation} has changed on the disk")
        return payload

    def forget_manifests(self, generation: int, *, before: int) -> None:
        """Remove manifests that newer ones have replaced."""
        for path in self._home(generation).glob("manifest-*.json"):
            if int(path.stem.partition("-")[2]) < before:
                path.unlink(missing_ok=True)

    def remove(self, generation: int) -> None:
        """Remove one generation's folder; others may be written meanwhile."""
        shutil.rmtree(self._home(generation), ignore_errors=True)

    def keep_only(self, generations: set[int]) -> None:
        """Remove every other generation's folder; must not run while one is written."""
        for path in self.folder.iterdir():
            if path.name.isdecimal() and int(path.name) not in generations:
                shutil.rmtree(path, ignore_errors=True)

    def write_merged(self, manifest: Manifest, path: Path) -> None:
        """One PLY of all shards in the world's own coordinates, for a black box; float64 where an offset asks for it."""
        unfinished = path.with_name(path.name + UNFINISHED)
        is_shifted = any(manifest.frame.offset)
        rows = self._shifted_rows(manifest) if is_shifted else self._rows(manifest)
        header = ply_header(manifest.point_count)
        try:
            with unfinished.open("wb") as file:
                file.write(header.replace(b"float", b"double") if is_shifted else header)
                file.writelines(rows)
            unfinished.replace(path)
        except OSError as exc:
            raise translate(exc) from exc

    def _rows(self, manifest: Manifest) -> Iterator[bytes]:
        for cloud in self._clouds(manifest):
            yield ply_body(cloud)

    def _shifted_rows(self, manifest: Manifest) -> Iterator[bytes]:
        layout = np.dtype([("xyz", "<f8", 3), ("rgb", "u1", 3)])
        for cloud in self._clouds(manifest):
            rows = np.empty(len(cloud), layout)
            rows["xyz"] = cloud.points_in_world.astype(np.float64) + manifest.frame.offset
            rows["rgb"] = cloud.colors_rgb
            yield rows.tobytes()

    def _clouds(self, manifest: Manifest) -> Iterator[PointCloud]:
        for entry in manifest.shards:
            try:
                yield decode_ply(self.payload(manifest.generation, entry, Encoding.PLY))
            except BadShardError as exc:
                raise ShardGoneError(f"shard {entry.index} cannot be read") from exc

    def _home(self, generation: int) -> Path:
        return self.folder / f"{Generation(generation):06d}"


def _shard_name(index: int, encoding: Encoding) -> str:
    return f"{index:06d}.{encoding.value}"


def _manifest_name(revision: int) -> str:
    return f"manifest-{revision}.json"
