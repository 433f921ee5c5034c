"""How does the present cloud become one PLY? Header of the total first, then the rows of every shard."""

import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker import shards
from broker.config import Connection
from broker.errors import CairnError
from broker.ids import Encoding, ProjectId
from broker.live import follow
from broker.manifest import Manifest
from viewer.fetch import Fetch, LoadedShard, ManifestMovedError
from viewer.wanted import UnevenManifestError, WantedShard, wanted_shards

MAX_TRIES: Final = 5


class CannotWriteError(CairnError):
    """The file for the cloud cannot be written."""

    code = "cannot_write"
    remedy = "Check the folder's rights and free space."


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudStream:
    """One PLY on its way.

    Attributes:
        manifest: the cloud that it is.
        point_count: of its leading component, which the file holds.
        header: its first bytes.
        rows: what follows, one piece per shard; raises like `Fetch.shards`.
    """

    manifest: Manifest
    point_count: int
    header: bytes
    rows: AsyncIterator[bytes]

    @property
    def size_bytes(self) -> int:
        """Length of the whole file."""
        return len(self.header) + self.point_count * shards.PLY_BYTES_PER_POINT


@contextlib.asynccontextmanager
async def open_cloud(connection: Connection, project: ProjectId) -> AsyncIterator[CloudStream]:
    """Read the manifest and get ready to stream its cloud; exact PLY shards are preferred over packed ones.

    Raises:
        NoManifestError: no such project, or nothing in it yet.
        UnevenManifestError: the manifest contradicts itself.
        PageMissingError: its pages do not come.
        BrokerLostError: no broker.
    """
    async with follow(connection) as follower:
        fetch = Fetch(follower, connection, project)
        complete = await fetch.manifest()
        manifest, plan = complete.manifest, wanted_shards(complete, Encoding.PLY)
        first = header(manifest, complete.point_count)
        async with contextlib.aclosing(_rows(fetch, plan)) as rows:
            yield CloudStream(manifest=manifest, point_count=complete.point_count, header=first, rows=rows)


def header(manifest: Manifest, point_count: int) -> bytes:
    """A PLY header for the whole cloud; the frame's offset and units stand in comments, for rows are float32."""
    first, form, rest = shards.ply_header(point_count).split(b"\n", 2)
    frame = manifest.frame
    comments = [
        f"comment cairn {manifest.project} generation {manifest.generation} revision {manifest.revision}",
        "comment units unscaled"
        if frame.metres_per_unit is None
        else f"comment metres_per_unit {frame.metres_per_unit!r}",
        "comment add_to_xyz " + " ".join(repr(value) for value in frame.offset),
    ]
    return b"\n".join([first, form, *(line.encode() for line in comments), rest])


async def write_ply(
    connection: Connection, project: ProjectId, out: Path, tell: Callable[[int, int], None] = lambda _done, _all: None
) -> Manifest:
    """Write the present cloud to a file, which appears only when it is complete; begins again when the cloud changes.

    Args:
        connection: broker and user.
        project: whose cloud.
        out: the file; an existing one is replaced at the end.
        tell: called with points so far and points in all.

    Raises:
        CannotWriteError: the folder or disk does not allow it.
        ManifestMovedError: the cloud moved on at every try.
        Others like `open_cloud` and `Fetch.shards`.
    """
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        for _ in range(MAX_TRIES):
            with contextlib.suppress(ManifestMovedError):
                manifest = await _write_once(connection, project, part, tell)
                part.replace(out)
                return manifest
    except OSError as exc:
        raise CannotWriteError(f"cannot write {out}: {exc.strerror or exc}") from exc
    finally:
        part.unlink(missing_ok=True)
    raise ManifestMovedError(f"{project!r} moved on {MAX_TRIES} times while it was fetched: try again later")


async def _write_once(
    connection: Connection, project: ProjectId, part: Path, tell: Callable[[int, int], None]
) -> Manifest:
    async with open_cloud(connection, project) as cloud:
        with part.open("wb") as file:
            file.write(cloud.header)
            tell(0, cloud.point_count)
            async for rows in cloud.rows:
                file.write(rows)
                done = (file.tell() - len(cloud.header)) // shards.PLY_BYTES_PER_POINT
                tell(done, cloud.point_count)
        return cloud.manifest


async def _rows(fetch: Fetch, plan: tuple[WantedShard, ...]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(fetch.shards(plan)) as loaded_shards:
        async for loaded in loaded_shards:
            yield _body(loaded)


def _body(loaded: LoadedShard) -> bytes:
    cloud = shards.decode(loaded.payload, loaded.wanted.encoding)
    if len(cloud) != loaded.wanted.point_count:
        raise UnevenManifestError(
            f"shard {loaded.wanted.index} has {len(cloud)} points, its manifest says {loaded.wanted.point_count}"
        )
    return shards.ply_body(cloud)
