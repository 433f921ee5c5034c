"""Where exactly do images see the points of a model? Patches of each point's best view are matched in the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from broker.logs import get_logger
from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.lsm.bundle import Bundle, Floats, Mask, Observations, Rows
from reconstructor.engine.lsm.kept_matches import KeptMatches, MatchFiles, WantedMatches
from reconstructor.engine.lsm.larger_photographs import LargerPhotographs, halved
from reconstructor.engine.lsm.patches import MARGIN_PX, ReferencePatches, match, windows_around
from reconstructor.engine.lsm.surface import Surface, affine_maps, corners_in_world
from reconstructor.engine.settings import EngineSettings

_PATCHES_AT_ONCE: Final = 512  # fit into the processor's cache
_PLACES_AT_ONCE: Final = 2048
_LEVELS: Final = 3
_STRETCH: Final = (0.25, 3.0)  # singular values of the affine map
_MOST_LAST_STEP_PX: Final = 0.05
_MOST_TURN: Final = 0.5
_WINDOW_PX: Final = 2 * MARGIN_PX + 1

# Where images share more, further observations repeat the errors of their one reference patch: entry-P10 was 6.2 mm off
# instead of 5.9 (2026-11-28); where they share few, a loop is closed.
_MOST_SHARED: Final = 100
_MARGIN_PX: Final = 12.0
_LEAST_COSINE: Final = 0.643  # 50 degrees from the reference's ray
_LEAST_FACING: Final = 0.2
_MOST_ENLARGED: Final = 2.0
_DEPTH_TOLERANCE: Final = 0.1
_NEIGHBOURHOOD: Final = 0.03  # of the width


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a match must satisfy."""

    correlation: float
    moved_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How differently from its reference an image may see a point that is looked for in it."""

    cosine: float = _LEAST_COSINE
    enlarged: float = _MOST_ENLARGED


OWN: Final = Bounds(correlation=0.8, moved_px=3.0)
EXTENSION: Final = Bounds(correlation=0.92, moved_px=1.5)
EXTENSION_VIEW: Final = View()


class Measuring:
    """Measures the observations of one bundle.

    Args:
        bundle: the model as it was solved.
        facts: of its images, in the bundle's order.
        settings: the engine's.
        files: where matches are kept from one refetch to the next; None to match everything.
    """

    def __init__(
        self, bundle: Bundle, facts: Sequence[ImageFacts], settings: EngineSettings, files: MatchFiles | None
    ) -> None:
        kept = [files.read(number) if files else None for number in bundle.numbers]
        self.photographs = LargerPhotographs(facts, settings, kept)
        self._files, self._numbers, self._held = files, np.array(bundle.numbers), bundle.held
        images = range(len(bundle.numbers))
        stamps = [self.photographs.stamp(image) for image in images]
        self._kept = [each if each and each.stamp == stamp else None for each, stamp in zip(kept, stamps, strict=True)]
        self._stamps = np.array(stamps)
        self.can_be_read = np.array([self.photographs.can_be_read(image) for image in images])  # (I,)
        self._latest: tuple[Bundle, Floats] | None = None
        self._surface = Surface.of(bundle, self.can_be_read)
        seen = bundle.observations[self._surface.references]
        self._reference_images, self._reference_features = seen.images, seen.features
        self._reference_places_px = (
            seen.places_px * np.array([self.photographs.scale(image) for image in images])[seen.images]
        )
        count = len(bundle.points_in_world)
        self._windows = torch.full((count, _WINDOW_PX, _WINDOW_PX), torch.nan, dtype=torch.float16)
        self._is_cut = ~self.can_be_read  # (I,) whether the patches of this image's reference observations are there
        self._matched: dict[int, list[tuple[WantedMatches, Floats]]] = {image: [] for image in images}
        self._is_new = np.zeros(len(images), np.bool_)

    def own(self, bundle: Bundle) -> Observations:
        """The bundle's observations at their exact places; those that cannot be measured are left out."""
        corners, seen = self._corners(bundle), bundle.observations
        places, is_kept = seen.places_px.copy(), np.zeros(len(seen), np.bool_)
        is_kept[self._surface.references] = True
        for image in reversed(range(len(bundle.numbers))):  # the photographs decoded last are still in memory
            rows = np.flatnonzero((seen.images == image) & ~is_kept)
            found, at = self._found(bundle, image, seen[rows], corners, OWN)
            places[rows[found]], is_kept[rows[found]] = at, True
        measured = Observations(images=seen.images, points=seen.points, features=seen.features, places_px=places)
        return measured[is_kept]

    def extended(self, bundle: Bundle) -> Observations:
        """Further observations: of points in images that should show them and share few points with their reference."""
        corners, shared = self._corners(bundle), bundle.shared_counts()
        parts = []
        for image in range(len(bundle.numbers)):
            points, places = self.expected(bundle, image, shared[image] < _MOST_SHARED)
            nothing = np.full(len(points), -1)
            expected = Observations(
                images=np.full(len(points), image), points=points, features=nothing, places_px=places
            )
            found, at = self._found(bundle, image, expected, corners, EXTENSION)
            parts.append(replace(expected[found], places_px=at))
        joined = parts[0]
        for part in parts[1:]:
            joined = joined.joined(part)
        return joined

    def is_found(self, bundle: Bundle, image: int, points: Rows, places_px: Floats) -> Mask:
        """Which points (N,), rows of the bundle's, look in an image (a row) as in their references, one bool each.

        Args:
            bundle: the model.
            image: the image to look in.
            points: (N,) int64, rows of the bundle's points.
            places_px: (N, 2) float64, where they should be, in pixels of the reduced image.
        """
        nothing = np.full(len(points), -1)
        wanted = Observations(images=np.full(len(points), image), points=points, features=nothing, places_px=places_px)
        found, _ = self._found(bundle, image, wanted, self._corners(bundle), OWN)
        is_found = np.zeros(len(points), np.bool_)
        is_found[found] = True
        return is_found

    @property
    def reference_images(self) -> Rows:
        """(P,) the image (a row) of each point's reference."""
        return self._reference_images

    def keep(self) -> None:
        """Write the matches of this time for the next one; a disk that takes none, as a full one, only costs time then."""
        try:
            self._write_new()
        except OSError as exc:
            get_logger().warning("matches_not_kept", reason=exc.strerror)

    def _write_new(self) -> None:
        for image in np.flatnonzero(self._is_new if self._files else []).tolist():
            wanted, places = self._matched[image][0]
            for more, further in self._matched[image][1:]:
                wanted, places = wanted.joined(more), np.concatenate([places, further])
            before = self._kept[image]
            if before is not None and self._numbers[image] in self._held:  # only a part of it was looked for this time
                others = ~np.isin(before.wanted.keys, wanted.keys)
                wanted = wanted.joined(before.wanted[others])
                places = np.concatenate([places, before.places_px[others]])
            stamp, size = self.photographs.stamp(image), self.photographs.size_px(image)
            kept = KeptMatches(stamp=stamp, size_px=size, wanted=wanted, places_px=places)
            if self._files is not None:
                self._files.write(int(self._numbers[image]), kept)

    def _corners(self, bundle: Bundle) -> Floats:
        if self._latest is None or self._latest[0] is not bundle:
            self._latest = bundle, self._computed_corners(bundle)
        return self._latest[1]

    def _computed_corners(self, bundle: Bundle) -> Floats:
        corners = np.full((len(bundle.points_in_world), 4, 3), np.nan)
        for image, camera_id in enumerate(bundle.camera_ids):
            rows = np.flatnonzero(self._reference_images == image)
            if len(rows) and self.photographs.can_be_read(image):
                corners[rows] = corners_in_world(
                    self.photographs.camera(image, bundle.cameras[camera_id]),
                    bundle.poses[image],
                    self._reference_places_px[rows],
                    bundle.points_in_world[rows],
                    self._surface.normals[rows],
                )
        return corners

    def _found(
        self, bundle: Bundle, image: int, sought: Observations, corners: Floats, bounds: Bounds
    ) -> tuple[Rows, Floats]:
        """Those of the sought rows that were found, and their places in the reduced image."""
        if not len(sought) or not self.photographs.can_be_read(image):
            return np.empty(0, np.int64), np.empty((0, 2))
        camera = self.photographs.camera(image, bundle.cameras[bundle.camera_ids[image]])
        matrices = affine_maps(camera, bundle.poses[image], corners[sought.points])
        is_finite: Mask = np.isfinite(matrices)
        is_whole = np.all(is_finite.reshape(-1, 4), axis=1)
        stretch = np.linalg.svdvals(np.where(is_whole[:, None, None], matrices, 0.0))
        chosen = np.flatnonzero(is_whole & (stretch[:, 1] >= _STRETCH[0]) & (stretch[:, 0] <= _STRETCH[1]))
        scale, points = self.photographs.scale(image), sought.points[chosen]
        wanted = WantedMatches(
            features=sought.features[chosen],
            references=self._numbers[self._reference_images[points]],
            reference_features=self._reference_features[points],
            reference_stamps=self._stamps[self._reference_images[points]],
            reference_places_px=self._reference_places_px[points],
            starts_px=sought.places_px[chosen] * scale,
            matrices=matrices[chosen],
        )
        kept = self._kept[image]
        is_known, places = (
            kept.look_up(wanted) if kept else (np.zeros(len(wanted), np.bool_), np.full((len(wanted), 2), np.nan))
        )
        new = np.flatnonzero(~is_known)
        if len(new):
            self._is_new[image] = True
            places[new] = self._newly_matched(image, wanted[new], points[new], bounds)
        self._matched[image].append((wanted, places))
        is_found = np.linalg.norm(places - wanted.starts_px, axis=1) < bounds.moved_px  # NaN is not
        return chosen[is_found], places[is_found] / scale

    def _newly_matched(self, image: int, wanted: WantedMatches, points: Rows, bounds: Bounds) -> Floats:
        """The places (N, 2) in the photograph; NaN where there are none."""
        self._cut(np.unique(self._reference_images[points]))
        enlarged = np.sqrt(np.abs(np.linalg.det(wanted.matrices)))
        levels = np.clip(np.floor(np.log2(enlarged)), 0, _LEVELS - 1).astype(np.int64)
        places, brightness = np.full((len(wanted), 2), np.nan), self.photographs.brightness(image)
        for level in range(int(levels.max()) + 1):
            of_level = np.flatnonzero(levels == level)
            brightness = brightness if level == 0 else halved(brightness)
            for begin in range(0, len(of_level), _PATCHES_AT_ONCE):
                some = of_level[begin : begin + _PATCHES_AT_ONCE]
                patches = ReferencePatches.of(self._windows[torch.from_numpy(points[some])].float())
                first = wanted.starts_px[some], wanted.matrices[some]
                is_found, at = _matched(patches, brightness, 2.0**level, first, bounds)
                places[some[is_found]] = at[is_found]
        return places

    def _cut(self, images: Rows) -> None:
        """Cut the patches of the reference observations in these images, once."""
        for image in images[~self._is_cut[images]].tolist():
            rows = np.flatnonzero(self._reference_images == image)
            places = torch.from_numpy(self._reference_places_px[rows]).float()
            self._windows[torch.from_numpy(rows)] = windows_around(self.photographs.brightness(image), places).half()
            self._is_cut[image] = True

    def expected(self, bundle: Bundle, image: int, is_wanted: Mask, view: View = EXTENSION_VIEW) -> tuple[Rows, Floats]:
        """Points (in world) that an image should show and does not observe, and their places in it, pixels.

        Args:
            bundle: the model.
            image: the image (a row).
            is_wanted: (I,) bool, the images in which the points' references may lie.
            view: how differently from its reference the image may see a point.

        Returns:
            (N,) int64, rows of the bundle's points; (N, 2) float64, pixels of the reduced image.
        """
        seen, points = bundle.observations, bundle.points_in_world
        own = seen.points[seen.images == image]
        camera = bundle.cameras[bundle.camera_ids[image]]
        in_camera = bundle.in_camera(image, points)
        center = bundle.centers_in_world()
        rays, reference_rays = _unit(center[image] - points), _unit(center[self._reference_images] - points)
        sharpness = camera.mean_focal_length() / np.maximum(np.linalg.norm(center[image] - points, axis=1), 1e-12)
        enlarged = sharpness / self._surface.sharpness
        is_candidate = (
            is_wanted[self._reference_images]
            & (in_camera[:, 2] > 0)
            & ((rays * reference_rays).sum(1) >= view.cosine)
            & ((rays * self._surface.normals).sum(1) >= _LEAST_FACING)
            & (enlarged <= view.enlarged)
            & (enlarged >= 1 / view.enlarged)
        )
        is_candidate[own] = False
        is_candidate &= np.bincount(seen.points, minlength=len(points)) > 1  # an adjusted point
        rows = np.flatnonzero(is_candidate)
        places = np.asarray(camera.img_from_cam(np.ascontiguousarray(in_camera[rows])))
        margin = _MARGIN_PX / self.photographs.scale(image)
        is_inside = ((places >= margin) & (places <= np.array([camera.width, camera.height]) - margin)).all(axis=1)
        rows, places = rows[is_inside], places[is_inside]
        shown = np.asarray(camera.img_from_cam(np.ascontiguousarray(in_camera[own])))
        is_visible = _fits_depths(
            (places, in_camera[rows, 2]), (shown, in_camera[own, 2]), _NEIGHBOURHOOD * camera.width
        )
        return rows[is_visible], places[is_visible]


def _matched(
    patches: ReferencePatches, image: Tensor, reduction: float, first: tuple[Floats, Floats], bounds: Bounds
) -> tuple[Mask, Floats]:
    """Which patches were found in the image, which is reduced, and where, in pixels before it was."""
    places, matrices = first
    begun = torch.from_numpy(matrices / reduction).float()
    found = match(patches, image, torch.from_numpy(places / reduction).float(), begun)
    at = found.places_px.double().numpy() * reduction
    turned = (found.matrices @ torch.linalg.inv_ex(begun)[0] - torch.eye(2)).flatten(1).norm(dim=1)
    is_kept: Mask = (
        (found.correlations > bounds.correlation) & (found.last_steps_px < _MOST_LAST_STEP_PX) & (turned < _MOST_TURN)
    ).numpy() & (np.linalg.norm(at - places, axis=1) < bounds.moved_px)
    return is_kept, at


def _fits_depths(wanted: tuple[Floats, Floats], shown: tuple[Floats, Floats], radius_px: float) -> Mask:
    """Whether wanted places (N, 2) have the depths (N,) of the nearest points that the image shows, within the radius."""
    places, depths = wanted
    shown_places, shown_depths = (torch.from_numpy(np.ascontiguousarray(each)) for each in shown)
    fits = np.zeros(len(places), np.bool_)
    if not len(shown_places):
        return fits
    for begin in range(0, len(places), _PLACES_AT_ONCE):
        some = slice(begin, begin + _PLACES_AT_ONCE)
        distances, nearest = torch.cdist(torch.from_numpy(places[some]), shown_places).min(dim=1)
        there = shown_depths[nearest].numpy()
        fits[some] = (distances.numpy() <= radius_px) & (np.abs(depths[some] - there) <= _DEPTH_TOLERANCE * there)
    return fits


def _unit(vectors: Floats) -> Floats:
    unit: NDArray[np.float64] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
