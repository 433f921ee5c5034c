"""Which shards make the present cloud? A pure reducer, mirrored by `viewer/web/src/scene` and the same golden cases.

Manifests and loaded shards go in, a new scene comes out. The shown set stays until the coming one, of another
generation, has as many points, is complete, or has shown its coarsest level for `PATIENCE_S`; then both flip at once.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from broker.ids import Encoding
from broker.messages import Manifest

PATIENCE_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedShard:
    """One shard to fetch, and how to know that it is right."""

    generation: int
    index: int
    encoding: Encoding
    points: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardSet:
    """One generation, as far as it is loaded.

    Attributes:
        manifest: what names the complete set.
        plan: the shards to show within the point budget by index, in the order to fetch them: coarse levels first.
        coarsest: indexes of the plan's lowest level.
        loaded: indexes of the plan that have arrived.
        points: how many points those have.
        coarse_at_s: when the coarsest level was complete, or None.
    """

    manifest: Manifest
    plan: Mapping[int, WantedShard]
    coarsest: frozenset[int]
    loaded: frozenset[int] = frozenset()
    points: int = 0
    coarse_at_s: float | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every planned shard has arrived."""
        return len(self.loaded) == len(self.plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is shown, what is coming, which encoding is preferred, and under which budget."""

    encoding: Encoding = Encoding.PACKED
    point_budget: int | None = None
    shown: ShardSet | None = None
    coming: ShardSet | None = None


def take_manifest(scene: Scene, manifest: Manifest, now_s: float) -> Scene:
    """Follow a new manifest; one that is older than what we have is ignored."""
    newest = scene.coming or scene.shown
    if newest is not None and _is_older(manifest, newest.manifest):
        return scene
    if scene.shown is None or scene.shown.manifest.generation == manifest.generation:
        shown = _renew(scene, scene.shown, manifest, now_s)
        return dataclasses.replace(scene, shown=shown, coming=None)
    coming = scene.coming if scene.coming and scene.coming.manifest.generation == manifest.generation else None
    return _flip_when_ready(dataclasses.replace(scene, coming=_renew(scene, coming, manifest, now_s)), now_s)


def take_shard(scene: Scene, generation: int, index: int, now_s: float) -> Scene:
    """Note that a shard has arrived and was verified; one that nobody wants any more changes nothing."""
    if scene.shown is not None and scene.shown.manifest.generation == generation:
        return dataclasses.replace(scene, shown=_load(scene.shown, (index,), now_s))
    if scene.coming is not None and scene.coming.manifest.generation == generation:
        coming = _load(scene.coming, (index,), now_s)
        return _flip_when_ready(dataclasses.replace(scene, coming=coming), now_s)
    return scene


def tick(scene: Scene, now_s: float) -> Scene:
    """Let time pass: patience with a coming set may have run out."""
    return _flip_when_ready(scene, now_s)


def set_point_budget(scene: Scene, point_budget: int | None, now_s: float) -> Scene:
    """Show more or fewer levels; what is loaded and still planned stays."""
    scene = dataclasses.replace(scene, point_budget=point_budget)
    shown = scene.shown and _renew(scene, scene.shown, scene.shown.manifest, now_s)
    coming = scene.coming and _renew(scene, scene.coming, scene.coming.manifest, now_s)
    return _flip_when_ready(dataclasses.replace(scene, shown=shown, coming=coming), now_s)


def wanted(scene: Scene) -> tuple[WantedShard, ...]:
    """What to fetch next, best first; once another generation is coming, nothing more of the shown one."""
    newest = scene.coming or scene.shown
    return () if newest is None else tuple(each for each in newest.plan.values() if each.index not in newest.loaded)


def visible(scene: Scene) -> tuple[WantedShard, ...]:
    """What is on display: loaded shards of one generation, never of two."""
    shown = scene.shown
    return () if shown is None else tuple(each for each in shown.plan.values() if each.index in shown.loaded)


def _plan(scene: Scene, manifest: Manifest) -> dict[int, WantedShard]:
    """Coarse first, as many as the budget allows, and always the first: nobody wants to look at nothing."""
    plan: dict[int, WantedShard] = {}
    points = 0
    encoded_entries = (entry for entry in manifest.shards if entry.encodings)
    for entry in sorted(encoded_entries, key=lambda each: (each.level, each.index)):
        points += entry.point_count
        if plan and scene.point_budget is not None and points > scene.point_budget:
            break
        encoded = next((each for each in entry.encodings if each.encoding is scene.encoding), entry.encodings[0])
        plan[entry.index] = WantedShard(
            generation=manifest.generation,
            index=entry.index,
            encoding=encoded.encoding,
            points=entry.point_count,
            bytes=encoded.size_bytes,
            sha256=encoded.sha256,
        )
    return plan


def _is_older(manifest: Manifest, than: Manifest) -> bool:
    """Whether it came late; a project that was begun anew counts from 1 again, but was sent later."""
    place, present = (manifest.generation, manifest.revision), (than.generation, than.revision)
    return place < present and manifest.sent_at <= than.sent_at


def _renew(scene: Scene, old: ShardSet | None, manifest: Manifest, now_s: float) -> ShardSet:
    """A set for this manifest that keeps what is loaded and unchanged."""
    plan = _plan(scene, manifest)
    lowest = min((entry.level for entry in manifest.shards), default=0)
    coarsest = frozenset(entry.index for entry in manifest.shards if entry.level == lowest and entry.index in plan)
    fresh = ShardSet(manifest=manifest, plan=plan, coarsest=coarsest)
    if old is None:
        return fresh
    loaded = (index for index in old.loaded if plan.get(index) == old.plan[index])
    return _load(dataclasses.replace(fresh, coarse_at_s=old.coarse_at_s), loaded, now_s)


def _load(shards: ShardSet, indexes: Iterable[int], now_s: float) -> ShardSet:
    new = {index for index in indexes if index in shards.plan and index not in shards.loaded}
    loaded = shards.loaded | new
    is_coarse_in = shards.coarse_at_s is None and bool(loaded) and shards.coarsest <= loaded
    return dataclasses.replace(
        shards,
        loaded=loaded,
        points=shards.points + sum(shards.plan[index].points for index in new),
        coarse_at_s=now_s if is_coarse_in else shards.coarse_at_s,
    )


def _flip_when_ready(scene: Scene, now_s: float) -> Scene:
    shown, coming = scene.shown, scene.coming
    if coming is None:
        return scene
    has_as_many = shown is None or coming.points >= shown.points
    is_overdue = coming.coarse_at_s is not None and now_s - coming.coarse_at_s >= PATIENCE_S
    if has_as_many or is_overdue or coming.is_complete:
        return dataclasses.replace(scene, shown=coming, coming=None)
    return scene
