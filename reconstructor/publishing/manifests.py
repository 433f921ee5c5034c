"""How is the next reference set made? From a complete new cloud, or the present set and an increment. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from broker.envelope import Vector3
from broker.errors import CairnError
from broker.ids import Generation, ProjectId
from broker.manifest import Component, Manifest
from broker.messages import Similarity, WorldFrame
from broker.shards import PointCloud
from reconstructor.black_box import Update
from reconstructor.clouds.ply import WideCloud
from reconstructor.clouds.ply_errors import NotFinitePlyError
from reconstructor.clouds.sharding import ReadyShard, bounds_of, cut, entries, join_bounds, longest_edge
from reconstructor.metric_scale.scale import NOTHING_KNOWN, Scaling, next_scale, scaled
from reconstructor.publishing.components import with_component
from reconstructor.storage.reference_set import ReferenceSet

_FLOAT32_STEP: Final = 2.0**-23
_FINEST_STEP: Final = 2.0**-17  # of the extent: half of what the packed encoding resolves
_FARTHEST: Final = 100.0  # edges of the present cloud, from its centre to an increment's


class CloudOutOfBoundsError(CairnError):
    """The increment lies far from the present cloud."""

    code = "cloud_out_of_bounds"
    remedy = "Let the function align its points to the old cloud."


@dataclass(frozen=True, slots=True, kw_only=True)
class NextReference:
    """The next reference set and the shards that are new in it."""

    reference: ReferenceSet
    shards: tuple[ReadyShard, ...]


def begin(
    cloud: WideCloud,
    *,
    project: ProjectId,
    generation: int,
    previous: ReferenceSet | None,
    image_count: int,
    update: Update | None,
    scaling: Scaling = NOTHING_KNOWN,
    further: Mapping[int, WideCloud] | None = None,
) -> NextReference:
    """A complete new reference set; its cameras stay those of the previous one.

    The further components are laid out again: the leading one may have grown to where they were. When another component
    leads from now on, the world has its frame, and what was the world moves to where the component that led is shown.

    Raises:
        NotFinitePlyError: coordinates that float32 cannot hold.
    """
    before = previous if previous is not None else ReferenceSet.empty(project)
    frame = _frame(cloud, before.manifest.frame, update, scaling)
    ready = tuple(entries(cut(_narrow(cloud, frame.offset)), first_index=0))
    bounds = join_bounds([shard.entry.bounds for shard in ready])
    components: tuple[Component, ...] = (Component(),)
    for number, points in sorted((further or {}).items()):
        own = _narrow(points, frame.offset)
        components = with_component(components, number, leading=bounds, own=bounds_of(own), up=frame.up)
        ready += tuple(entries(cut(own), first_index=len(ready), component=number))
    if leads := _leads(update):
        led = next((each.world_from_component for each in components if each.id == leads), Similarity())
        frame = frame.model_copy(update={"world_from_previous": led})
    old_generation = before.manifest.generation
    fresh = ReferenceSet.empty(project).with_manifest(
        generation=Generation(generation),
        previous_generation=Generation(old_generation) if old_generation else None,
        image_count=image_count,
        frame=frame,
        bounds=bounds,
        components=components,
    )
    return _with_shards(fresh.with_cameras(before.camera_pages), ready)


def grow(
    reference: ReferenceSet,
    increments: Sequence[tuple[int, WideCloud]],
    *,
    image_number: int,
    update: Update | None,
    scaling: Scaling = NOTHING_KNOWN,
) -> NextReference:
    """The present reference set with increments, each with its component, under the next indexes, one revision on.

    An earlier increment of the same image is left out: it held the image's first points.

    Raises:
        NotFinitePlyError: coordinates that float32 cannot hold.
        CloudOutOfBoundsError: an increment of the leading component lies nowhere near the present cloud.
    """
    manifest = reference.manifest
    bounds, components = manifest.bounds, manifest.components
    up = update.up if update is not None and update.up is not None else manifest.frame.up
    ready: tuple[ReadyShard, ...] = ()
    for component, points in increments:
        increment = _narrow(points, manifest.frame.offset)
        own = bounds_of(increment)
        if component == 0:
            _check_near(manifest, increment)
            bounds = join_bounds([bounds, own])
        shards = cut(increment, longest_edge(manifest.bounds) if component == 0 else 0.0)
        index = reference.next_index + len(ready)
        ready += tuple(entries(shards, first_index=index, image_number=image_number, component=component))
        components = with_component(components, component, leading=manifest.bounds, own=own, up=up)
    scale = next_scale(manifest.frame, scaling, growth=1.0, is_complete=False)
    grown = _without_increment(reference, image_number).with_manifest(
        revision=manifest.revision + 1,
        image_count=max(manifest.image_count, image_number),
        frame=scaled(manifest.frame, scale).model_copy(update={"up": up}),
        bounds=bounds,
        components=components,
    )
    return _with_shards(grown, ready)


def _without_increment(reference: ReferenceSet, image_number: int) -> ReferenceSet:
    first = [entry for entry in reference.shards if entry.image_number == image_number]
    if not first:
        return reference
    manifest = reference.manifest
    return reference.only(lambda entry: entry.image_number != image_number).with_manifest(
        point_count=manifest.point_count - sum(entry.point_count for entry in first),
        shard_count=manifest.shard_count - len(first),
    )


def _with_shards(reference: ReferenceSet, ready: tuple[ReadyShard, ...]) -> NextReference:
    manifest = reference.manifest
    added = reference.with_shards(shard.entry for shard in ready)
    counted = added.with_manifest(
        point_count=manifest.point_count + sum(shard.entry.point_count for shard in ready),
        shard_count=manifest.shard_count + len(ready),
        level_count=max(manifest.level_count, *(shard.entry.level + 1 for shard in ready)),
    )
    return NextReference(reference=counted, shards=ready)


def _frame(cloud: WideCloud, old: WorldFrame, update: Update | None, scaling: Scaling) -> WorldFrame:
    change = update.world_from_previous if update is not None else None
    similarity = change or Similarity()
    up = update.up if update is not None and update.up is not None else old.up
    if _leads(update):
        old = scaled(old, None)  # no metre crosses components
    offset = old.offset if _is_resolved(cloud, old.offset) else _centre(cloud)
    scale = next_scale(old, scaling, growth=similarity.scale, is_complete=True)
    return scaled(old, scale).model_copy(update={"offset": offset, "up": up, "world_from_previous": similarity})


def _leads(update: Update | None) -> int:
    return update.leads if update is not None else 0


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
