"""How does a solution become exact? Its tracks are measured again in the larger photographs and adjusted robustly.

Bounds are those of the prototype of 2026-11-27, in pixels of the larger photographs.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.kept_matches import MatchFiles
from reconstructor.engine.lsm.learned_target import is_like
from reconstructor.engine.lsm.measuring import Measuring
from reconstructor.engine.lsm.robust_adjustment import RobustAdjustment
from reconstructor.engine.lsm.triangulation import triangulated
from reconstructor.engine.settings import EngineSettings

_COARSE_PX: Final = 2.0
_FINE_PX: Final = 1.2
_LIVE_PX: Final = 2.0  # of the bundle's images: the live model's poses are less exact than what is measured
_LEAST_MEASURED: Final = 30  # observations of an image; with fewer it keeps its features


def remeasured(
    model: Any,
    facts: Mapping[int, ImageFacts],
    constant_cameras: Collection[int],
    settings: EngineSettings,
    files: MatchFiles | None = None,
    *,
    learned: Mapping[int, Any] = MappingProxyType({}),
    holds_poses: bool = False,
) -> list[Bundle]:
    """The placed images and points of a model, measured again and adjusted; the model does not change.

    Where the principal point of a camera is not known and may be estimated, a second bundle has it.

    Args:
        model: the `pycolmap.Reconstruction`.
        facts: of its images, by number.
        constant_cameras: ids of the cameras that keep their intrinsics.
        settings: the engine's.
        files: where matches are kept from one refetch to the next.
        learned: `pycolmap.Camera` of cameras that are not constant, as another project left them, by id.
        holds_poses: only points and places of features become exact; no image moves.
    """
    bundle = Bundle.of(model, held=model.reg_image_ids() if holds_poses else ())
    return refined(replace(bundle, learned=learned), facts, constant_cameras, settings, files)


def refined(
    bundle: Bundle,
    facts: Mapping[int, ImageFacts],
    constant_cameras: Collection[int],
    settings: EngineSettings,
    files: MatchFiles | None = None,
    *,
    is_window: bool = False,
) -> list[Bundle]:
    """The same for a bundle; a window of a large model, whose surroundings are held, is adjusted once instead of five times.

    With 200 photographs, twice took a sixth longer, and cameras then were 0.94 thousandths off, as with once (2026-12-01).
    """
    learned = bundle.learned
    measuring = Measuring(bundle, [facts[number] for number in bundle.numbers], settings, files)
    scale = float(np.median([measuring.photographs.scale(image) for image in range(len(bundle.numbers))]))
    adjustment = RobustAdjustment(scale=scale, constant_cameras=constant_cameras, threads=settings.threads)
    bundle = replace(_measured(bundle, measuring), learned={})
    if not is_window:
        bundle = adjustment.adjusted(bundle, _COARSE_PX, _FINE_PX)
        likely = {each: camera for each, camera in learned.items() if is_like(camera, bundle.cameras[each])}
        bundle = replace(bundle, learned=likely)
    extended = measuring.extended(bundle)
    measuring.keep()
    bundle = replace(bundle, observations=bundle.observations.joined(extended))
    if is_window:
        return [adjustment.adjusted(bundle.within(_LIVE_PX))]
    return adjustment.with_principal_points(adjustment.adjusted(bundle, _FINE_PX))


def _measured(bundle: Bundle, measuring: Measuring) -> Bundle:
    """The bundle with exact observations; an image that would be left with few keeps those of its features."""
    exact, features = measuring.own(bundle), bundle.observations
    counts = np.bincount(exact.images, minlength=len(bundle.numbers))
    is_weak = counts < _LEAST_MEASURED
    kept = exact[~is_weak[exact.images]].joined(features[is_weak[features.images]])
    return replace(bundle, observations=kept)


def write_back(model: Any, bundle: Bundle) -> None:
    """Give a `pycolmap.Reconstruction` a bundle's cameras, poses, points and places of features; held poses stay as they are.

    Points that too few measured observations are left of get the place where the rays of all their features meet.
    """
    for camera_id, camera in bundle.cameras.items():
        model.camera(camera_id).params = camera.params
    for number, pose in zip(bundle.numbers, bundle.poses, strict=True):
        if number not in bundle.held:
            model.frame(model.image(number).frame_id).rig_from_world = pose
    seen = bundle.observations
    for image, number in enumerate(bundle.numbers):
        points = model.image(number).points2D
        rows = np.flatnonzero((seen.images == image) & (seen.features >= 0))
        for feature, place in zip(seen.features[rows].tolist(), seen.places_px[rows], strict=True):
            points[feature].xy = place
    counts = np.bincount(seen.points, minlength=len(bundle.point_ids))
    for point_id, place in zip(bundle.point_ids.tolist(), bundle.points_in_world, strict=True):
        model.point3D(point_id).xyz = place
    left = bundle.point_ids[counts < 2]  # noqa: PLR2004 - an adjusted point is seen twice
    if len(left):
        now = Bundle.of(model, _observing(model, left.tolist()))
        rows = np.searchsorted(now.point_ids, left)
        moved = triangulated(now, rows)
        for point_id, place in zip(left.tolist(), moved.points_in_world[rows], strict=True):
            model.point3D(point_id).xyz = place


def _observing(model: Any, point_ids: Iterable[int]) -> set[int]:
    """The images that observe at least one of these points."""
    return {element.image_id for each in point_ids for element in model.point3D(each).track.elements}
