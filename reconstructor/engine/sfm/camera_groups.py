"""Whose focal length is not that of its sensor? Every image gets a camera of its own, and cameras alike are joined again.

A zoom that EXIF does not tell of bends a model, or stops it from growing. With a focal length for each image it is sound,
but less exact; so images of one sensor whose focal lengths lie close together share one again, and all is solved again.
"""

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.camera_choice import is_own, own_camera_id, own_sensor
from reconstructor.engine.sfm.gate.bounds import TIGHT_GAIN_OF_CAMERAS, TIGHT_SHARE_OF_CAMERAS
from reconstructor.engine.sfm.global_mapper import finish_solution, write_database
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.mapper_options import MIN_REGISTRATION_INLIERS
from reconstructor.engine.sfm.model_comparison import tight_share, tight_share_among
from reconstructor.engine.sfm.restore import build_mapper

_JOINING_LOSS: Final = (
    0.005  # of the share, when images with cameras of their own share one again: it is the more exact
)
_GAP: Final = 0.06  # of log focal lengths; one camera's images differed by 0.5 %, in one hard set by 2 % from the next
_LONE_GAP: Final = 0.15  # a single image is a group of its own from this gap
_MOST_IMAGES: Final = 60  # incremental mapping of more takes longer than a refetch may
_MOST_LIVE_IMAGES: Final = 16  # and of more than these, longer than an image may
_LEAST_WAITING: Final = 3


def groups_of(focals_px: Mapping[int, float]) -> list[tuple[int, ...]]:
    """Groups of images with nearly one focal length: sorted, and divided at gaps of more than 6 %.

    A single image joins the nearest group unless it is far from it.
    """
    order = sorted(focals_px, key=lambda number: (focals_px[number], number))
    logs = np.log([focals_px[number] for number in order])
    ends = [index + 1 for index, (low, high) in enumerate(pairwise(logs)) if high - low > _GAP]
    bounds = list(pairwise([0, *ends, len(order)]))
    while lone := [index for index, (begin, end) in enumerate(bounds) if end - begin == 1 and len(bounds) > 1]:
        gaps = {index: _gaps(logs, bounds, index) for index in lone}
        nearest = min(lone, key=lambda index: min(gaps[index]))
        if min(gaps[nearest]) > _LONE_GAP:
            break
        first = nearest - (gaps[nearest][0] <= gaps[nearest][1])
        bounds[first : first + 2] = [(bounds[first][0], bounds[first + 1][1])]
    return [tuple(sorted(order[begin:end])) for begin, end in bounds]


def _gaps(logs: Any, bounds: list[tuple[int, int]], index: int) -> tuple[float, float]:
    """The distances from a group to the ones below and above it."""
    begin, end = bounds[index]
    below = float(logs[begin] - logs[begin - 1]) if index > 0 else np.inf
    above = float(logs[end] - logs[end - 1]) if index + 1 < len(bounds) else np.inf
    return below, above


def regrouped(
    known: KnownImages, settings: EngineSettings, folder: Path, focals_px: Mapping[int, float] | None = None
) -> LiveMapper | None:
    """A mapper whose model has a camera for each group of images, or None where one for each sensor is right.

    Args:
        known: all images.
        settings: the engine's.
        folder: exists; temporary files are written into a folder of their own in it.
        focals_px: of the images, if they are known already; else they are found with a camera for each image.
    """
    if len(known.numbers) > _MOST_IMAGES:
        return None
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        if focals_px is None:
            every = {number: own_camera_id(number) for number in known.numbers}
            alone = _incremental(_mapper(known, settings, every, {}), known, settings, Path(scratch) / "alone")
            focals_px = {} if alone is None else _focals_of(alone)
        camera_ids, of_groups = _grouped_cameras(known, focals_px)
        if not of_groups:
            return None
        mapper = _mapper(known, settings, camera_ids, of_groups)
        solution = _incremental(mapper, known, settings, Path(scratch) / "grouped")
    if solution is None:
        return None
    finish_solution(known, mapper, solution)
    return mapper


def _focals_of(model: Any) -> dict[int, float]:
    return {number: float(model.image(number).camera.mean_focal_length()) for number in model.reg_image_ids()}


class CameraSearch:
    """Seeks other cameras for several models of the same images; arguments as of `regrouped`.

    To give each image a camera takes by far the longest and does not depend on the model: it is done once.
    """

    def __init__(self, known: KnownImages, settings: EngineSettings, folder: Path) -> None:
        self._known, self._settings, self._folder = known, settings, folder
        self._is_done = False
        self._model: Any | None = None

    def fitting(self, mapper: LiveMapper) -> LiveMapper:
        """The mapper itself, or one whose model has other cameras, if matches agree with that one better.

        Where the model's matches agree, and no image waits in vain, nothing is tried.
        """
        if not _is_suspect(mapper, self._known):
            return mapper
        is_joining = _has_lone_cameras(mapper)
        other = self._regrouped(_focals_of(mapper.model)) if is_joining else self._sought()
        if other is None:
            return mapper
        gain = tight_share(other.model, self._known) - tight_share(mapper.model, self._known)
        is_better = gain > -_JOINING_LOSS if is_joining else TIGHT_GAIN_OF_CAMERAS.is_met(gain)
        return other if is_better else mapper

    def _sought(self) -> LiveMapper | None:
        if not self._is_done:
            found = self._regrouped()
            self._is_done = True
            self._model = None if found is None else pycolmap.Reconstruction(found.model)
            return found
        if self._model is None:
            return None
        return build_mapper(self._known, self._settings, model=pycolmap.Reconstruction(self._model))

    def _regrouped(self, focals_px: Mapping[int, float] | None = None) -> LiveMapper | None:
        return regrouped(self._known, self._settings, self._folder, focals_px)


def _is_suspect(mapper: LiveMapper, known: KnownImages) -> bool:
    placed = set(mapper.placed_numbers())
    waiting = [number for number in known.numbers if matches_placed_ones(number, known, mapper)]
    return (
        len(waiting) >= _LEAST_WAITING
        or _has_lone_cameras(mapper)
        or not TIGHT_SHARE_OF_CAMERAS.is_met(tight_share_among(mapper.model, known, placed))
    )


def _has_lone_cameras(mapper: LiveMapper) -> bool:
    """Whether an image has a camera of its own, because it came after its sensor's images had been grouped."""
    counts = Counter(mapper.camera_id_of(number) for number in mapper.placed_numbers())
    return any(is_own(camera_id) and count == 1 for camera_id, count in counts.items())


class Regrouping:
    """Tries other cameras for a live model that does not grow any more; each time with half as many images more."""

    def __init__(self, settings: EngineSettings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._next_count = 0

    def unstuck(self, known: KnownImages, mapper: LiveMapper) -> LiveMapper | None:
        """A mapper with a model of more images, in another world frame; None if there is none, or no need."""
        count = len(known.numbers)
        if count < self._next_count or not is_stuck(known, mapper):
            return None
        self._next_count = count + count // 2
        other = CameraSearch(known, self._settings, self._folder).fitting(mapper)
        other.world_count = mapper.world_count + (other is not mapper)
        return None if other is mapper else other


def is_stuck(known: KnownImages, mapper: LiveMapper) -> bool:
    """Whether the newest images match placed ones and are not placed, in a project that is small enough to solve now."""
    newest = known.numbers[-_LEAST_WAITING:]
    return (
        len(newest) == _LEAST_WAITING
        and len(known.numbers) <= _MOST_LIVE_IMAGES
        and all(matches_placed_ones(number, known, mapper) for number in newest)
        and any(known.facts[number].intrinsics is None for number in newest)
    )


def matches_placed_ones(number: int, known: KnownImages, mapper: LiveMapper) -> bool:
    """Whether an image waits although enough of its matches are with one that is placed."""
    return not mapper.is_placed(number) and any(
        len(pair.matches) >= MIN_REGISTRATION_INLIERS
        and mapper.is_placed(pair.earlier if pair.newer == number else pair.newer)
        for pair in known.pairs[number]
    )


def _grouped_cameras(known: KnownImages, focals_px: Mapping[int, float]) -> tuple[dict[int, int], dict[int, float]]:
    """The camera id of each image, and the focal lengths of the groups; sensors with one focal length have no group."""
    camera_ids, of_groups = dict(known.camera_ids), dict[int, float]()
    by_sensor: dict[int, dict[int, float]] = {}
    for number, focal_px in focals_px.items():
        by_sensor.setdefault(known.camera_ids[number], {})[number] = focal_px
    for of_sensor in by_sensor.values():
        groups = groups_of(of_sensor)
        if len(groups) == 1 and not _contradicts(of_sensor, known):
            continue
        for group in groups:
            camera_id = own_camera_id(group[0])
            of_groups[camera_id] = float(np.median([of_sensor[number] for number in group]))
            camera_ids.update(dict.fromkeys(group, camera_id))
    return camera_ids, of_groups


def _contradicts(focals_px: Mapping[int, float], known: KnownImages) -> bool:
    """Whether the focal lengths of a sensor's images are not the one that was given for it."""
    given = known.facts[next(iter(focals_px))].intrinsics
    return given is not None and abs(np.log(np.median(list(focals_px.values())) / np.mean(given[:2]))) > _GAP


def _mapper(
    known: KnownImages, settings: EngineSettings, camera_ids: Mapping[int, int], focals_px: Mapping[int, float]
) -> LiveMapper:
    """A mapper of all images with these cameras; those whose focal length is given, or that are one image's, are own."""
    mapper = LiveMapper(settings)
    for number in known.numbers:
        camera_id, sensor = camera_ids[number], known.facts[number].sensor
        if camera_id != known.camera_ids[number]:
            sensor = own_sensor(sensor, focals_px.get(camera_id, sensor.focal_px))
        mapper.add_camera(camera_id, sensor)
        mapper.add_image(number, camera_id, known.features[number].keypoints, _earlier(known, number))
    return mapper


def _earlier(known: KnownImages, number: int) -> list[Any]:
    return [pair for pair in known.pairs[number] if pair.newer == number]


def _incremental(mapper: LiveMapper, known: KnownImages, settings: EngineSettings, folder: Path) -> Any | None:
    """The largest `pycolmap.Reconstruction` that COLMAP's incremental mapping finds with a mapper's cameras, or None."""
    folder.mkdir()
    database = write_database(known, mapper, folder / "solve.db")
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads, options.random_seed = settings.threads, settings.random_seed
    options.constant_cameras = {each for each in _camera_ids(mapper, known.numbers) if mapper.is_calibrated(each)}
    models = pycolmap.incremental_mapping(str(database), str(folder), str(folder), options)
    return max(models.values(), key=lambda model: model.num_reg_images(), default=None)


def _camera_ids(mapper: LiveMapper, numbers: Iterable[int]) -> set[int]:
    return {mapper.camera_id_of(number) for number in numbers}
