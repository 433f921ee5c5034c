"""Where do shards lie on the disk? One folder a generation, with the very bytes that are published."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broker.envelope import Vector3
from broker.files import UNFINISHED
from broker.ids import Encoding, Generation
from broker.manifest import ShardEntry
from broker.shards import BadShardError, PointCloud, decode_ply, ply_body, ply_header, sha256
from reconstructor.clouds.sharding import ReadyShard
from reconstructor.storage.durable_files import StoreError, make_folder, translate, write_durably
from reconstructor.storage.reference_set import ReferenceSet


class ShardGoneError(StoreError):
    """A file that a manifest names is not on the disk as it was written."""

    code = "shard_gone"
    remedy = "Nothing: the damaged shard is left out and a refetch replaces it. Check the disk."


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationFiles:
    """The folder of all generations of one project."""

    folder: Path

    def write(self, generation: int, shards: Iterable[ReadyShard]) -> None:
        """Write new shards; the database does not refer to them yet.

        Raises:
            DiskFullError: there is no room.
            StoreError: another trouble with the disk.
        """
        home = make_folder(self._home(generation))
        files = {
            _shard_name(shard.entry.index, encoding): payload
            for shard in shards
            for encoding, payload in shard.payloads.items()
        }
        write_durably(home, files)

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

    def remove(self, generation: int) -> None:
        """Remove one generation's folder; others may be written meanwhile."""
        shutil.rmtree(self._home(generation), ignore_errors=True)

    def keep_only(self, generations: set[int]) -> None:
        """Remove every other generation's folder; must not run while one is written."""
        for path in self.folder.iterdir():
            if path.name.isdecimal() and int(path.name) not in generations:
                shutil.rmtree(path, ignore_errors=True)

    def write_merged(self, reference: ReferenceSet, path: Path) -> None:
        """One PLY of the leading component in world coordinates, for a black box; float64 where an offset asks for it."""
        unfinished = path.with_name(path.name + UNFINISHED)
        frame, entries = reference.manifest.frame, [entry for entry in reference.shards if entry.component == 0]
        clouds = self.clouds(reference.manifest.generation, entries)
        is_shifted = any(frame.offset)
        rows = _shifted_rows(clouds, frame.offset) if is_shifted else (ply_body(cloud) for cloud in clouds)
        header = ply_header(sum(entry.point_count for entry in entries))
        try:
            with unfinished.open("wb") as file:
                file.write(header.replace(b"float", b"double") if is_shifted else header)
                file.writelines(rows)
            unfinished.replace(path)
        except OSError as exc:
            raise translate(exc) from exc

    def every_nth(self, reference: ReferenceSet, step: int) -> NDArray[np.float64]:
        """Every `step`-th point (N, 3) of the leading component, world units; never holds more than those and one shard.

        Raises:
            ShardGoneError: a file is missing or is not what was written.
        """
        offset = np.array(reference.manifest.frame.offset, np.float64)
        entries = [entry for entry in reference.shards if entry.component == 0]
        taken, first = [np.empty((0, 3), np.float64)], 0
        for cloud in self.clouds(reference.manifest.generation, entries):
            taken.append(cloud.points_in_world[first::step].astype(np.float64) + offset)
            first = (first - len(cloud)) % step
        return np.concatenate(taken)

    def clouds(self, generation: int, entries: Iterable[ShardEntry]) -> Iterator[PointCloud]:
        """The points of shards, one after the other; raises ShardGoneError."""
        for entry in entries:
            try:
                yield decode_ply(self.payload(generation, entry, Encoding.PLY))
            except BadShardError as exc:
                raise ShardGoneError(f"shard {entry.index} cannot be read") from exc

    def _home(self, generation: int) -> Path:
        return self.folder / f"{Generation(generation):06d}"


def _shard_name(index: int, encoding: Encoding) -> str:
    return f"{index:06d}.{encoding.value}"


def _shifted_rows(clouds: Iterable[PointCloud], offset: Vector3) -> Iterator[bytes]:
    layout = np.dtype([("xyz", "<f8", 3), ("rgb", "u1", 3)])
    for cloud in clouds:
        rows = np.empty(len(cloud), layout)
        rows["xyz"] = cloud.points_in_world.astype(np.float64) + offset
        rows["rgb"] = cloud.colors_rgb
        yield rows.tobytes()
