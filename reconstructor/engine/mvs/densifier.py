"""How does a placed image become dense points? Undistorted views of the sparse model feed the dense model and its files."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from broker.memory import trim_heap
from reconstructor.engine.device import compute_of
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.mvs.dense_model import DenseModel, DenseSettings, Report, Take
from reconstructor.engine.mvs.depth_cache import DepthCache
from reconstructor.engine.mvs.depth_files import DepthFiles
from reconstructor.engine.mvs.depth_maps import SurfacePoints
from reconstructor.engine.mvs.entry import Entry
from reconstructor.engine.mvs.patch_match import PatchMatchSettings
from reconstructor.engine.mvs.pixel_cache import CachedPixels, CameraModel, PixelCache, scaled_intrinsics
from reconstructor.engine.mvs.plane_sweep import PlaneSweep, SweepSettings
from reconstructor.engine.mvs.surface_loss import surface_lost_share
from reconstructor.engine.mvs.views import View
from reconstructor.engine.parallel import in_parallel
from reconstructor.engine.settings import EngineSettings, Quality
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.model_comparison import point_ids

_SURE_SOURCES: Final = 2
_MIN_SPARSE_POINTS: Final = 8
_RENEWED_NEIGHBOURS: Final = 16  # views that get their present poses when an image is added


class Densifier:
    """Dense points for a mapper's placed images; `dense` is the model to continue, by default a new one."""

    def __init__(
        self,
        files: DepthFiles,
        settings: EngineSettings,
        known: KnownImages,
        mapper: LiveMapper,
        dense: DenseModel | None = None,
    ) -> None:
        self._files, self._settings, self._known, self._mapper = files, settings, known, mapper
        self._compute = compute_of(settings)
        self._dense = dense or DenseModel(
            PlaneSweep(sweep_settings(settings.quality)),
            DenseSettings(source_count=self._compute.dense_sources),
            DepthCache(files.folder, in_memory_bytes=self._compute.cached_depth_bytes).store,
        )
        self._pixels = PixelCache(files, self._compute.device)
        self._added: set[int] = set()
        self._prepared: dict[int, Entry] = {}
        self._position_of: dict[int, NDArray[np.float64]] = {}  # of sparse points, while nothing moves them
        self.surface_lost_share = 0.0

    def keep_pixels(self, number: int, colors_rgb: NDArray[np.uint8]) -> None:
        """Store a photograph (H, W, 3) at the size of the depth maps, in memory and on disk."""
        height, width = colors_rgb.shape[:2]
        reduction = min(1.0, self._compute.dense_max_side_px / max(height, width))
        size = (max(1, round(width * reduction)), max(1, round(height * reduction)))
        reduced = np.array(Image.fromarray(colors_rgb).resize(size, Image.Resampling.LANCZOS))
        self._pixels.keep(number, reduced)

    def restore(self, newest_sequence: int) -> None:
        """Load the depth maps of the placed images as they were after the step of this sequence.

        Those that a power cut destroyed are computed again; what they show counts as published.
        """
        self._files.forget_unfinished(newest_sequence)
        views = self._views()
        for number, view in views.items():
            self._dense.restore(view, self._files.read_entry(number, views))
        self._added = set(views)
        if len(views) > _SURE_SOURCES:  # two images have no depth yet
            for entry in self._dense.recover():
                self._files.write_entry(entry.view.image_number, entry, newest_sequence)

    def add(self, sequence: int, take_first: Take | None = None) -> SurfacePoints:
        """The sure points of all images placed since the last call; entries are stored for the step of this sequence.

        `take_first` is as in `DenseModel.add`, of one image after the other.
        """
        if len(self._mapper.placed_numbers()) <= _SURE_SOURCES:
            return SurfacePoints.empty()  # depth from one source alone would be computed again with the third image
        changed: dict[int, Entry] = {}
        brought: list[SurfacePoints] = []
        self._position_of.clear()
        numbers = self._forget_lost()
        if not self._added:
            self._begin(numbers[:_SURE_SOURCES])
            numbers = numbers[_SURE_SOURCES:]
        for number in numbers:
            view = self._view(number)
            if view is None:
                continue
            self._renew(self._known.neighbours(number)[:_RENEWED_NEIGHBOURS])
            update = self._dense.add(view, take_first)
            changed.update(update.entries)
            brought.append(update.sure_points)
            self._added.add(number)
        self._keep(changed.values(), sequence)
        return SurfacePoints.join(brought)

    def remake(self, sequence: int) -> SurfacePoints:
        """Compute the complete cloud; entries are stored for the step of this sequence."""
        if len(self._mapper.placed_numbers()) <= _SURE_SOURCES:
            return SurfacePoints.empty()
        points = self.rebuild(is_quick=True)
        self.keep_all(sequence)
        return points

    def next_densifier(self, mapper: LiveMapper) -> "Densifier":
        """A densifier for another mapper of the same images; it begins with this one's depth maps and changes none."""
        other = Densifier(self._files, self._settings, self._known, mapper, self._dense.copy())
        other._pixels, other._added = self._pixels, set(self._added)
        return other

    def rebuild(self, report: Report = lambda _stage, _done, _total: None, *, is_quick: bool = False) -> SurfacePoints:
        """Compute the complete cloud under the mapper's present poses; empty for two images, whose depth is uncertain.

        Nothing is written: see `keep_all`. Depth maps that were made quickly are made again unless `is_quick`; then
        `surface_lost_share` says how much of the surface published before is lost.
        """
        if len(self._mapper.placed_numbers()) <= _SURE_SOURCES:
            return SurfacePoints.empty()
        views, before = self._views(), dict(self._dense.entries)
        self._added = set(views)
        points = self._dense.refetch(list(views.values()), report, is_quick=is_quick).points
        if not is_quick:
            self.surface_lost_share = surface_lost_share(before, self._dense.entries, views)
        return points

    def catch_up(self, live: "Densifier") -> SurfacePoints:
        """The sure points of all images placed since `rebuild`; depth maps of `live` are reused where they fit."""
        brought: list[SurfacePoints] = []
        self._position_of.clear()
        for number in self._forget_lost():
            if (view := self._view(number)) is not None:
                brought.append(self._dense.adopt(view, live.entry(number)).sure_points)
                self._added.add(number)
        return SurfacePoints.join(brought)

    def entry(self, number: int) -> Entry | None:
        """The entry of an image, or None if it has no depth map."""
        return self._dense.entries.get(number)

    def prepare_all(self) -> None:
        """Write all entries that `keep_all` will store, so that it only renames those that do not change until then."""
        for number, entry in self._dense.entries.items():
            if self._prepared.get(number) is not entry:
                self._files.prepare_entry(number, entry)
                self._prepared[number] = entry

    def keep_all(self, sequence: int) -> None:
        """Store all entries for the step of this sequence."""
        prepared = {number for number, entry in self._dense.entries.items() if self._prepared.get(number) is entry}
        self._keep((entry for number, entry in self._dense.entries.items() if number not in prepared), sequence)
        for number in prepared:
            self._files.finish_entry(number, sequence)
        self._prepared.clear()

    def _begin(self, numbers: Iterable[int]) -> None:
        """Let the dense model know the first images; their depth is computed with that of the next one."""
        for number in numbers:
            if (view := self._view(number)) is not None:
                self._dense.restore(view, None)
                self._added.add(number)

    def _forget_lost(self) -> list[int]:
        """Discard the images that the mapper no longer places; returns those that it has placed since."""
        placed = self._mapper.placed_numbers()
        for number in self._added.difference(placed):
            self._dense.discard(number)
            self._added.discard(number)
        return [number for number in placed if number not in self._added]

    def _renew(self, numbers: Iterable[int]) -> None:
        for view in in_parallel(self._view, self._added.intersection(numbers)):
            if view is not None:
                self._dense.replace(view)

    def _keep(self, entries: Iterable[Entry], sequence: int) -> None:
        self._files.forget_replaced(sequence)
        for entry in entries:
            self._files.write_entry(entry.view.image_number, entry, sequence)

    def _views(self) -> dict[int, View]:
        """The views of all placed images that can have one, by image number."""
        views = {}
        self._position_of.clear()
        for number in self._mapper.placed_numbers():
            if (view := self._view(number)) is not None:
                views[number] = view
            trim_heap()
        self._position_of.clear()
        return views

    def _positions(self, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """(N, 3) of sparse points (N,); asking COLMAP for one takes longer than all the rest, and views share most."""
        known, point3d = self._position_of, self._mapper.model.point3D
        wanted: list[int] = ids.tolist()
        known.update((each, point3d(each).xyz) for each in wanted if each not in known)
        return np.array([known[each] for each in wanted])

    def _view(self, number: int) -> View | None:
        """The undistorted view of a placed image; None without its pixels or with fewer than 8 sparse points."""
        shape = self._pixels.shape(number)
        ids = point_ids(self._mapper.model, number)
        ids = np.unique(ids[ids >= 0])
        if shape is None or len(ids) < _MIN_SPARSE_POINTS:
            return None
        pose = np.eye(4)
        pose[:3, :4] = self._mapper.model.image(number).cam_from_world().matrix()
        camera = self._mapper.camera(self._mapper.camera_id_of(number))
        return View(
            image_number=number,
            image_rgb=torch.empty((*shape, 3), dtype=torch.uint8, device="meta"),
            pixels=CachedPixels(cache=self._pixels, number=number, model=CameraModel.of(camera)),
            compute_device=self._compute.device,
            intrinsics=scaled_intrinsics(camera, *shape),
            camera_from_world=pose,
            sparse_ids=ids,
            sparse_in_world=self._positions(ids),
            camera_id=self._known.camera_ids[number],
        )


def sweep_settings(quality: Quality) -> SweepSettings:
    """The settings of the plane sweep for a quality."""
    return SweepSettings(slant=PatchMatchSettings() if quality is Quality.HIGH else None)
