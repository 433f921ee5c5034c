"""How does the present cloud become a PLY? Header of the total first, then the rows of every shard; one for each component."""

import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from broker import shards
from broker.config import Connection
from broker.errors import CairnError
from broker.ids import Encoding, ProjectId
from broker.live import follow
from broker.manifest import Manifest
from viewer.fetch import Fetch, GetShard, LoadedShard, ManifestMovedError
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
        point_count: of the component that the file holds.
        components: those that have points, the leading one first.
        header: its first bytes.
        rows: what follows, one piece per shard; raises like `Fetch.shards`.
    """

    manifest: Manifest
    point_count: int
    components: tuple[int, ...]
    header: bytes
    rows: AsyncIterator[bytes]

    @property
    def size_bytes(self) -> int:
        """Length of the whole file."""
        return len(self.header) + self.point_count * shards.PLY_BYTES_PER_POINT


@contextlib.asynccontextmanager
async def open_cloud(
    connection: Connection, project: ProjectId, component: int = 0, *, by_http: GetShard | None = None
) -> AsyncIterator[CloudStream]:
    """Read the manifest and get ready to stream a component's cloud; exact PLY shards are preferred over packed ones.

    Raises:
        NoManifestError: no such project, or nothing in it yet.
        UnevenManifestError: the manifest contradicts itself.
        PageMissingError: its pages do not come.
        BrokerLostError: no broker.
    """
    async with follow(connection) as follower:
        fetch = Fetch(follower, connection, project, by_http)
        complete = await fetch.manifest()
        manifest, plan = complete.manifest, wanted_shards(complete, Encoding.PLY, component)
        point_count = complete.point_count(component)
        first = header(manifest, point_count, component)
        scale = _metres(manifest, component) or 1.0
        async with contextlib.aclosing(_rows(fetch, plan, scale)) as rows:
            yield CloudStream(
                manifest=manifest, point_count=point_count, components=complete.components, header=first, rows=rows
            )


def header(manifest: Manifest, point_count: int, component: int = 0) -> bytes:
    """A PLY header for the whole cloud; the frame's offset and units stand in comments, for rows are float32.

    Once a scale is known, rows and offset are metres. The page writes the same comments: `wire/clouds/ply.ts`.
    """
    first, form, rest = shards.ply_header(point_count).split(b"\n", 2)
    metres = _metres(manifest, component)
    comments = [
        f"comment cairn {manifest.project} generation {manifest.generation} revision {manifest.revision}",
        f"comment units {'unscaled' if metres is None else 'metres'}",
        "comment add_to_xyz " + " ".join(repr(value * (metres or 1.0)) for value in manifest.frame.offset),
    ]
    if component:
        comments.append(f"comment component {component}")
    return b"\n".join([first, form, *(line.encode() for line in comments), rest])


def _metres(manifest: Manifest, component: int) -> float | None:
    """Metres per world unit of a component; no metre crosses components."""
    return None if component else manifest.frame.metres_per_unit


async def write_ply(
    connection: Connection,
    project: ProjectId,
    out: Path,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
    *,
    by_http: GetShard | None = None,
) -> Manifest:
    """Write the present cloud to a file, which appears only when it is complete; begins again when the cloud changes.

    Each further component goes into a file of its own beside it: see `component_path`.

    Args:
        connection: broker and user.
        project: whose cloud.
        out: the file of the leading component; an existing one is replaced at the end.
        tell: called with points so far and points in all, of one file after the other.
        by_http: gets shards from a page server; None: all come from the broker.

    Raises:
        CannotWriteError: the folder or disk does not allow it.
        ManifestMovedError: the cloud moved on at every try.
        Others like `open_cloud` and `Fetch.shards`.
    """
    parts: dict[Path, Path] = {}
    try:
        for _ in range(MAX_TRIES):
            _discard(parts)
            with contextlib.suppress(ManifestMovedError):
                manifest = await _write_once(
                    partial(open_cloud, connection, project, by_http=by_http), out, parts, tell
                )
                for path, part in parts.items():
                    part.replace(path)
                return manifest
    except OSError as exc:
        raise CannotWriteError(f"cannot write {out}: {exc.strerror or exc}") from exc
    finally:
        _discard(parts)
    raise ManifestMovedError(f"{project!r} moved on {MAX_TRIES} times while it was fetched: try again later")


def component_path(out: Path, component: int) -> Path:
    """The file of a component: `chapel.ply` of the leading one, `chapel-component-1.ply` of another."""
    return out.with_name(f"{out.stem}-component-{component}{out.suffix}") if component else out


async def _write_once(
    open_component: Callable[[int], contextlib.AbstractAsyncContextManager[CloudStream]],
    out: Path,
    parts: dict[Path, Path],
    tell: Callable[[int, int], None],
) -> Manifest:
    """Write each component into a part file, and note it; all of one generation."""
    parts[out] = _part_of(out)
    async with open_component(0) as cloud:
        await _write_part(cloud, parts[out], tell)
    manifest = cloud.manifest
    for component in cloud.components[1:]:
        path = component_path(out, component)
        parts[path] = _part_of(path)
        async with open_component(component) as further:
            if further.manifest.generation != manifest.generation:
                raise ManifestMovedError(f"{manifest.project!r} moved on to generation {further.manifest.generation}")
            await _write_part(further, parts[path], tell)
    return manifest


def _discard(parts: dict[Path, Path]) -> None:
    for part in parts.values():
        part.unlink(missing_ok=True)
    parts.clear()


def _part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


async def _write_part(cloud: CloudStream, part: Path, tell: Callable[[int, int], None]) -> None:
    with part.open("wb") as file:
        file.write(cloud.header)
        tell(0, cloud.point_count)
        async for rows in cloud.rows:
            file.write(rows)
            done = (file.tell() - len(cloud.header)) // shards.PLY_BYTES_PER_POINT
            tell(done, cloud.point_count)


async def _rows(fetch: Fetch, plan: tuple[WantedShard, ...], scale: float) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(fetch.shards(plan)) as loaded_shards:
        async for loaded in loaded_shards:
            yield _body(loaded, scale)


def _body(loaded: LoadedShard, scale: float) -> bytes:
    cloud = shards.decode(loaded.payload, loaded.wanted.encoding)
    if len(cloud) != loaded.wanted.point_count:
        raise UnevenManifestError(
            f"shard {loaded.wanted.index} has {len(cloud)} points, its manifest says {loaded.wanted.point_count}"
        )
    if scale != 1.0:
        cloud = shards.PointCloud(
            points_in_world=(cloud.points_in_world.astype(np.float64) * scale).astype(np.float32),
            colors_rgb=cloud.colors_rgb,
        )
    return shards.ply_body(cloud)
