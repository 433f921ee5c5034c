"""How does the dense cloud grow, and how is it computed again? Depth maps by image, a consistency check, voxel fusion."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import torch

from broker.errors import CairnError
from reconstructor.engine.exposure.gains import Exposure, exposure_beside, exposures_of
from reconstructor.engine.mvs.consistency import ConsistencyThresholds, alone, confirmed, is_new_surface
from reconstructor.engine.mvs.depth_cache import CachedDepth
from reconstructor.engine.mvs.depth_maps import DepthMap, SurfacePoints, surface_points
from reconstructor.engine.mvs.edge_matting import without_rims
from reconstructor.engine.mvs.entry import Entry
from reconstructor.engine.mvs.first_points import HalfDepth, first_points
from reconstructor.engine.mvs.fusion import VOXEL_RATIO, fused_in_groups, without_outliers, without_strays
from reconstructor.engine.mvs.packed_depth import PackedDepth
from reconstructor.engine.mvs.retriangulation import retriangulated
from reconstructor.engine.mvs.views import View, best_sources, has_content

_SURE_SOURCES = 2  # a depth from one other image is a guess
Report = Callable[[str, int, int], None]  # stage, how much of it is done, how much there is
Take = Callable[[SurfacePoints], None]


class UnknownImageError(CairnError):
    """An image that the dense model does not hold."""

    code = "unknown_image"
    remedy = "A defect of the engine: report it with the log."


class DepthEngine(Protocol):
    """Computes the depth of an image under known poses; a learned model must fit its scale to the sparse points."""

    def half_depth_map(self, reference: View, sources: Sequence[View]) -> DepthMap | None:
        """The depth map of `reference.halved()`, in a quarter of the time; None if half the size is too small for depth.

        Raises:
            TooLittleSparseError: fewer than 8 sparse points ahead of the reference.
            NoSourceError: no sources.
        """
        ...

    def depth_map(
        self, reference: View, sources: Sequence[View], *, is_quick: bool = False, half: DepthMap | None = None
    ) -> DepthMap:
        """The depth map of the reference, on the reference's device.

        A quick one may miss a little of the surface: it is refined from `half`, the map of `half_depth_map`.

        Raises:
            TooLittleSparseError: fewer than 8 sparse points ahead of the reference.
            NoSourceError: no sources.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseSettings:
    """Settings of the dense model.

    Attributes:
        source_count: how many images a depth map is matched against.
        check_image_count: how many images may confirm a depth; they cost little.
        agreement: when an image confirms a depth.
        voxel_ratio: side of a fused voxel, in ground sampling distances.
        max_depth_change_ratio, max_epipolar_error_px: a refetch keeps a depth map that its new poses change by less.
    """

    source_count: int = 3
    check_image_count: int = 6
    agreement: ConsistencyThresholds = field(default_factory=ConsistencyThresholds)
    voxel_ratio: float = VOXEL_RATIO
    max_depth_change_ratio: float = 0.0015
    max_epipolar_error_px: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DenseUpdate:
    """How an image, or a refetch, changed the dense model.

    Attributes:
        points: all new points, averaged over the images that agree.
        sure_points: the new points of images that were matched against at least two others; the rest is provisional.
        replaced: images whose earlier points these replace, because they were provisional.
        entries: the changed entries by image number, to be stored.
    """

    points: SurfacePoints
    sure_points: SurfacePoints
    replaced: frozenset[int] = frozenset()
    entries: Mapping[int, Entry] = field(default_factory=dict)


class DenseModel:
    """The dense model of one project: depth maps by image number. It knows neither disk nor network.

    Args:
        engine: computes depth maps.
        settings: how they are checked and fused.
        keep: moves a depth map to where it lives between uses.
    """

    def __init__(
        self,
        engine: DepthEngine,
        settings: DenseSettings,
        keep: Callable[[PackedDepth], CachedDepth] = PackedDepth.load,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._keep = keep
        self._views: dict[int, View] = {}
        self._entries: dict[int, Entry] = {}

    @property
    def entries(self) -> Mapping[int, Entry]:
        """By image number, in the order in which depth was computed."""
        return self._entries

    def copy(self) -> "DenseModel":
        """A second model of the same images, for a refetch while this one grows; depth maps are shared, not copied."""
        other = DenseModel(self._engine, self._settings, self._keep)
        other._views, other._entries = dict(self._views), dict(self._entries)
        return other

    def restore(self, view: View, entry: Entry | None) -> None:
        """Add an image that was stored, with its depth map if it had one."""
        self._views[view.image_number] = view
        if entry is not None:
            self._entries[view.image_number] = self._put_away(entry)

    @torch.inference_mode()
    def recover(self) -> list[Entry]:
        """Compute the depth of restored images that lost theirs on the disk; their points were published before."""
        lost = [view for number, view in self._views.items() if number not in self._entries and self._sources(view)]
        for view in lost:
            entry = self._matched(view, is_quick=True)
            self._entries[view.image_number] = replace(entry, exposure=self._exposure_beside(view))
        return [self._publish(view)[1] for view in lost]

    def replace(self, view: View) -> None:
        """Give a known image its new pose and sparse points; its depth map stays until the next refetch.

        Raises:
            UnknownImageError: it was never added.
        """
        if view.image_number not in self._views:
            raise UnknownImageError(f"image {view.image_number} has no dense view: add it first")
        self._views[view.image_number] = view

    def discard(self, image_number: int) -> None:
        """Remove an image that the sparse model no longer places."""
        self._views.pop(image_number, None)
        self._entries.pop(image_number, None)

    @torch.inference_mode()
    def add(self, view: View, take_first: Take | None = None) -> DenseUpdate:
        """Add an image; its new points are those that earlier images do not show as well.

        A depth map matched against fewer than two sources is provisional: it is computed again, and its points are
        replaced, as soon as there are two. Adding an image again changes nothing.

        `take_first` is called with the points of `first_points`, if any, before the rest is computed.
        """
        if view.image_number in self._views:
            return DenseUpdate(points=SurfacePoints.empty(), sure_points=SurfacePoints.empty())
        self._views[view.image_number] = view
        waiting = [known for known in self._views.values() if self._gains(known)]
        replaced = {known.image_number for known in waiting if known.image_number in self._entries}
        for known in waiting:
            self._entries.pop(known.image_number, None)
        halves = [self._engine.half_depth_map(known, self._sources(known)) for known in waiting]
        if take_first is not None and None not in halves:
            pairs = zip(waiting, filter(None, halves), strict=True)
            first = first_points([self._half_of(*pair) for pair in pairs], self._settings.agreement)
            if len(first):
                take_first(first)
        for known, half in zip(waiting, halves, strict=True):
            entry = self._matched(known, is_quick=True, half=half)
            self._entries[known.image_number] = replace(entry, exposure=self._exposure_beside(known))
        changed = [self._publish(known) for known in waiting]
        return DenseUpdate(
            points=SurfacePoints.join([points for points, _ in changed]),
            sure_points=SurfacePoints.join(
                [points for points, entry in changed if len(entry.sources) >= _SURE_SOURCES]
            ),
            replaced=frozenset(replaced),
            entries={entry.view.image_number: entry for _, entry in changed},
        )

    @torch.inference_mode()
    def adopt(self, view: View, entry: Entry | None) -> DenseUpdate:
        """Like `add`, but reuse a depth map that was made under other poses, if the cameras moved as one rigid body."""
        if view.image_number not in self._views and entry is not None:
            self._views[view.image_number], self._entries[view.image_number] = view, entry
            kept = self._retriangulated(view, least_sources=self._settings.source_count)
            if kept is not None:
                self._entries[view.image_number] = replace(kept, exposure=self._exposure_beside(view))
                points, published = self._publish(view)
                return DenseUpdate(points=points, sure_points=points, entries={view.image_number: published})
            self.discard(view.image_number)
        return self.add(view)

    @torch.inference_mode()
    def refetch(
        self,
        views: Sequence[View],
        report: Report = lambda _stage, _done, _total: None,
        *,
        is_quick: bool = False,
    ) -> DenseUpdate:
        """Compute the complete cloud under new poses; images that are not among the views are removed.

        A depth map whose cameras hardly moved relative to each other is triangulated again from its matches; any other
        is matched again, and so is a quick one unless `is_quick`. Of the former, published surface stays even where
        the new maps do not confirm it: two more photographs did. `report` is called after each image of the stages
        `depth` and `fusion`.
        """
        self._views = {view.image_number: view for view in views}
        entries, earlier = {}, {}
        for done, view in enumerate(views):
            kept = self._retriangulated(view, least_sources=_SURE_SOURCES)
            if kept is not None:
                earlier[view.image_number] = kept
            if kept is not None and self._is_complete(kept) and (is_quick or not kept.is_quick):
                entries[view.image_number] = kept
            elif self._sources(view):
                entries[view.image_number] = self._matched(view, is_quick=is_quick)
            report("depth", done + 1, len(views))
        self._entries = self._with_exposures(entries)
        shown: dict[int, Entry] = {}
        clouds = self._shown_points(earlier, shown, report)
        cloud = fused_in_groups(clouds, voxel_ratio=self._settings.voxel_ratio)
        cloud = without_strays(without_outliers(cloud))
        self._entries = shown
        return DenseUpdate(points=cloud, sure_points=cloud, replaced=frozenset(entries), entries=dict(self._entries))

    def _shown_points(
        self, earlier: Mapping[int, Entry], shown: dict[int, Entry], report: Report
    ) -> Iterator[SurfacePoints]:
        """The points of each image; published pixels that no image confirms now come from the `earlier` depth map."""
        for done, (image_number, entry) in enumerate(self._entries.items(), 1):
            view, before = self._views[image_number], earlier.get(image_number)
            depth_map = self._filter_consistent(view)
            if before is not None:
                its_depth = before.depth_map
                is_left = before.published & its_depth.valid & ~depth_map.valid
                depth_map = depth_map.overlaid(alone(its_depth), is_left)
                if before.kept is not entry.kept:
                    entry = entry.with_depth(self._keep, entry.depth_map.overlaid(its_depth, is_left))  # noqa: PLW2901
            shown[image_number] = entry.publishing(depth_map.valid)
            yield surface_points(view, depth_map, entry.exposure)
            report("fusion", done, len(self._entries))

    def _sources(self, view: View) -> list[View]:
        return best_sources(view, list(self._views.values()), self._settings.source_count)

    def _gains(self, view: View) -> bool:
        """Whether the image has fewer than two sources so far and more sources now."""
        entry = self._entries.get(view.image_number)
        used = 0 if entry is None else len(entry.sources)
        return used < _SURE_SOURCES and len(self._sources(view)) > used

    def _half_of(self, view: View, half: DepthMap) -> HalfDepth:
        return HalfDepth(
            view=view.on_device().halved(),
            depth_map=half,
            is_sure=len(self._sources(view)) >= _SURE_SOURCES,
            earlier=[
                (self._views[each.view.image_number], each.depth_map, each.published)
                for each in self._check_images(view)
            ],
            exposure=self._exposure_beside(view),
        )

    def _matched(self, view: View, *, is_quick: bool, half: DepthMap | None = None) -> Entry:
        view, sources = view.on_device(), [source.on_device() for source in self._sources(view)]
        matched = self._engine.depth_map(view, sources, is_quick=is_quick, half=half).masked(has_content(view))
        depth_map = without_rims(view, matched)
        return self._put_away(Entry.of(view, sources, depth_map, is_quick=is_quick))

    def _publish(self, view: View) -> tuple[SurfacePoints, Entry]:
        depth_map = self._filter_consistent(view)
        earlier = [
            (self._views[entry.view.image_number], replace(entry.depth_map, valid=entry.published))
            for entry in self._check_images(view)
        ]
        deviation = self._entries[view.image_number].depth_map.deviation  # as matched, like those of the earlier maps
        as_sure = replace(depth_map, deviation=deviation)
        depth_map = depth_map.masked(is_new_surface(view, as_sure, earlier, self._settings.agreement))
        entry = self._entries[view.image_number].publishing(depth_map.valid)
        self._entries[view.image_number] = entry
        return surface_points(view, depth_map, entry.exposure), entry

    def _filter_consistent(self, view: View) -> DepthMap:
        others = [(self._views[entry.view.image_number], entry.depth_map) for entry in self._check_images(view)]
        return confirmed(view, self._entries[view.image_number].depth_map, others, self._settings.agreement)

    def _check_images(self, view: View) -> list[Entry]:
        known = [other for other in self._views.values() if other.image_number in self._entries]
        chosen = best_sources(view, known, self._settings.check_image_count)
        return [self._entries[other.image_number] for other in chosen]

    def _exposure_beside(self, view: View) -> Exposure:
        """Of an image whose points are added to the published ones; the falloff is that of the last refetch."""
        same_camera = (each for each in self._entries.values() if each.view.camera_id == view.camera_id)
        falloff = next((each.exposure.falloff for each in same_camera), 0.0)
        published = [
            (self._views[entry.view.image_number].color_samples(), entry.exposure) for entry in self._check_images(view)
        ]
        return exposure_beside(view.color_samples(), published, falloff=falloff)

    def _with_exposures(self, entries: Mapping[int, Entry]) -> dict[int, Entry]:
        views = {number: self._views[number] for number in entries}
        exposures = exposures_of(
            {number: view.color_samples() for number, view in views.items()},
            {number: view.camera_id for number, view in views.items()},
        )
        return {number: replace(entry, exposure=exposures[number]) for number, entry in entries.items()}

    def _is_complete(self, entry: Entry) -> bool:
        return len(entry.sources) >= self._settings.source_count  # else there may be more now

    def _retriangulated(self, view: View, *, least_sources: int) -> Entry | None:
        entry = self._entries.get(view.image_number)
        if entry is None or len(entry.sources) < least_sources:
            return None
        if any(source.image_number not in self._views for source in entry.sources):
            return None
        after = (view, *(self._views[source.image_number] for source in entry.sources))
        moved = retriangulated(entry.depth_map, (entry.view, *entry.sources), after)
        is_still = moved.depth_change_ratio <= self._settings.max_depth_change_ratio
        if not is_still or moved.epipolar_error_px > self._settings.max_epipolar_error_px:
            return None
        again = replace(
            Entry.of(view, after[1:], moved.depth_map, is_quick=entry.is_quick), published_bits=entry.published_bits
        )
        return self._put_away(again)

    def _put_away(self, entry: Entry) -> Entry:
        return replace(entry, kept=self._keep(entry.kept.load()))
