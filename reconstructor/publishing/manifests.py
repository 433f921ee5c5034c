"""How is the next manifest made? From a complete new reference set, or the present one and an increment. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from broker.envelope import Vector3
from broker.errors import CairnError
from broker.ids import Generation, ProjectId
from broker.messages import Manifest, Similarity, WorldFrame
from broker.shards import PointCloud
from reconstructor.black_box import Update
from reconstructor.clouds.ply import NotFinitePlyError, WideCloud
from reconstructor.clouds.sharding import ReadyShard, Shard, bounds_of, cut, entries, join_bounds, longest_edge
from reconstructor.metric_scale.scale import NOTHING_KNOWN, Scaling, next_scale, scaled

_FLOAT32_STEP: Final = 2.0**-23
_FINEST_STEP: Final = 2.0**-17  # of the extent: half of what the packed encoding resolves
_FARTHEST: Final = 100.0  # edges of the present cloud, from its centre to an increment's


class CloudOutOfBoundsError(CairnError):
    """The increment lies far from the present cloud."""

    code = "cloud_out_of_bounds"
    remedy = "Let the function align its points to the old cloud."


@dataclass(frozen=True, slots=True, kw_only=True)
class NextManifest:
    """The next manifest, the shards that are new in it, and how many points found no room."""

    manifest: Manifest | None
    shards: tuple[ReadyShard, ...]
    left_out_count: int


def begin(
    cloud: WideCloud,
    *,
    project: ProjectId,
    generation: int,
    previous: Manifest | None,
    image_count: int,
    update: Update | None,
    bytes_limit: int,
    scaling: Scaling = NOTHING_KNOWN,
) -> NextManifest:
    """A complete new reference set.

    Raises:
        NotFinitePlyError: coordinates that float32 cannot hold.
    """
    frame = _frame(cloud, previous.frame if previous else WorldFrame(), update, scaling)
    shards = cut(_narrow(cloud, frame.offset))
    ready, left_out = _within(shards, bytes_limit, first_index=0, image_number=None)
    manifest = Manifest(
        project=project,
        generation=Generation(generation),
        revision=0,
        previous_generation=previous.generation if previous else None,
        image_count=image_count,
        frame=frame,
        bounds=join_bounds([shard.entry.bounds for shard in ready]),
        point_count=sum(shard.entry.point_count for shard in ready),
        level_count=max(shard.entry.level for shard in ready) + 1,
        shards=tuple(shard.entry for shard in ready),
    )
    return NextManifest(manifest=manifest, shards=ready, left_out_count=left_out)


def grow(
    manifest: Manifest,
    cloud: WideCloud,
    *,
    image_number: int,
    update: Update | None,
    bytes_limit: int,
    scaling: Scaling = NOTHING_KNOWN,
) -> NextManifest:
    """The present reference set with an increment under the next indexes, one revision on.

    Raises:
        NotFinitePlyError: coordinates that float32 cannot hold.
        CloudOutOfBoundsError: the increment lies nowhere near the present cloud.
    """
    increment = _narrow(cloud, manifest.frame.offset)
    _check_near(manifest, increment)
    shards = cut(increment, longest_edge(manifest.bounds))
    used_bytes = sum(each.size_bytes for entry in manifest.shards for each in entry.encodings)
    first_index = max((entry.index for entry in manifest.shards), default=-1) + 1
    ready, left_out = _within(shards, bytes_limit - used_bytes, first_index=first_index, image_number=image_number)
    if not ready:
        return NextManifest(manifest=None, shards=(), left_out_count=left_out)
    up = update.up if update is not None and update.up is not None else manifest.frame.up
    scale = next_scale(manifest.frame, scaling, growth=1.0, is_complete=False)
    grown = manifest.model_copy(
        update={
            "sent_at": datetime.now(UTC),
            "revision": manifest.revision + 1,
            "image_count": max(manifest.image_count, image_number),
            "frame": scaled(manifest.frame, scale).model_copy(update={"up": up}),
            "bounds": join_bounds([manifest.bounds, bounds_of(increment)]),
            "point_count": manifest.point_count + sum(shard.entry.point_count for shard in ready),
            "level_count": max(manifest.level_count, *(shard.entry.level + 1 for shard in ready)),
            "shards": (*manifest.shards, *(shard.entry for shard in ready)),
        }
    )
    return NextManifest(manifest=grown, shards=ready, left_out_count=left_out)


def _within(
    shards: list[Shard], bytes_limit: int, *, first_index: int, image_number: int | None
) -> tuple[tuple[ReadyShard, ...], int]:
    """As many shards as there is room for, coarse ones first; a reference set has at least its first."""
    ready: list[ReadyShard] = []
    used_bytes = 0
    is_incremental = image_number is not None
    for shard in entries(shards, first_index=first_index, image_number=image_number, is_incremental=is_incremental):
        used_bytes += shard.size_bytes
        if used_bytes > bytes_limit and (ready or is_incremental):
            break
        ready.append(shard)
    kept_count = sum(shard.entry.point_count for shard in ready)
    return tuple(ready), sum(len(shard.cloud) for shard in shards) - kept_count


def _frame(cloud: WideCloud, old: WorldFrame, update: Update | None, scaling: Scaling) -> WorldFrame:
    change = update.world_from_previous if update is not None else None
    similarity = change or Similarity()
    up = update.up if update is not None and update.up is not None else old.up
    offset = old.offset if _is_resolved(cloud, old.offset) else _centre(cloud)
    scale = next_scale(old, scaling, growth=similarity.scale, is_complete=True)
    return scaled(old, scale).model_copy(update={"offset": offset, "up": up, "world_from_previous": similarity})


def _is_resolved(cloud: WideCloud, offset: Vector3) -> bool:
    """Whether float32 resolves the cloud around this offset as finely as its shards do."""
    extent = float(np.ptp(cloud.points_in_world, axis=0).max())
    farthest = float(np.abs(cloud.points_in_world - offset).max())
    return farthest * _FLOAT32_STEP <= max(extent * _FINEST_STEP, float(np.finfo(np.float32).tiny))


def _centre(cloud: WideCloud) -> Vector3:
    x, y, z = (float(np.round(value)) for value in np.median(cloud.points_in_world, axis=0))
    return x, y, z


def _narrow(cloud: WideCloud, offset: Vector3) -> PointCloud:
    with np.errstate(over="ignore"):
        points = (cloud.points_in_world - offset).astype(np.float32)
    if not np.isfinite(points).all():
        raise NotFinitePlyError("the cloud has coordinates beyond what single precision holds: scale it down")
    return PointCloud(points_in_world=points, colors_rgb=cloud.colors_rgb)


def _check_near(manifest: Manifest, increment: PointCloud) -> None:
    edge = longest_edge(manifest.bounds)
    centre = np.add(manifest.bounds.minimum, manifest.bounds.maximum) / 2
    distance = float(np.abs(np.median(increment.points_in_world, axis=0) - centre).max())
    if edge > 0 and distance > _FARTHEST * edge:
        raise CloudOutOfBoundsError(
            f"the new points lie {distance / edge:.0f} times the present cloud's extent away from it: "
            "return points in the frame of old_point_cloud"
        )
