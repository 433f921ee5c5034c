"""Which cameras of a solved model are kept for the next project, and what does this one make of those that it was given?

Kept are those with enough photographs and a found centre.
"""

import contextlib
from typing import Any, Final

import numpy as np

from reconstructor.engine.colmap import distortion_of, intrinsics_of
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.learned_cameras import LearnedCamera, LearnedCameras, now
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.camera_choice import is_own
from reconstructor.engine.sfm.incremental_mapper import LiveMapper, camera_of_sensor

_LEAST_IMAGES: Final = 8
_LEAST_SHIFT_PX: Final = 1e-3  # a principal point that was estimated is not exactly in the middle


def learn_cameras(mapper: LiveMapper, known: KnownImages, settings: EngineSettings) -> None:
    """Keep the refined intrinsics of cameras with a serial number, where the settings name a file for them.

    An image with a camera of its own is not what its EXIF says, so its intrinsics are worth nothing to others.
    """
    if settings.learned_cameras is None:
        return
    numbers: dict[int, list[int]] = {}
    for number in mapper.placed_numbers():
        numbers.setdefault(mapper.camera_id_of(number), []).append(number)
    found = [
        _learned(mapper, known, each)
        for camera_id, each in numbers.items()
        if len(each) >= _LEAST_IMAGES and not is_own(camera_id) and not mapper.is_calibrated(camera_id)
    ]
    with contextlib.suppress(OSError):  # a full or foreign disk: the next refetch tries again
        LearnedCameras(path=settings.learned_cameras).learn(each for each in found if each is not None)


def set_learned_aside(mapper: LiveMapper, known: KnownImages) -> None:
    """Let the learned cameras of enough images be refined: zoom and focus are not quite those of the other project."""
    numbers: dict[int, list[int]] = {}
    for number in mapper.placed_numbers():
        numbers.setdefault(mapper.camera_id_of(number), []).append(number)
    for camera_id, each in numbers.items():
        if len(each) >= _LEAST_IMAGES and mapper.is_calibrated(camera_id) and known.facts[each[0]].is_learned:
            mapper.set_calibration_aside(camera_id)


def learned_cameras(mapper: LiveMapper, known: KnownImages) -> dict[int, Any]:
    """The `pycolmap.Camera` that another project left, of each camera that is refined here, by id."""
    facts = {mapper.camera_id_of(number): known.facts[number] for number in mapper.placed_numbers()}
    return {
        camera_id: camera_of_sensor(camera_id, each.sensor)
        for camera_id, each in facts.items()
        if each.is_learned and not is_own(camera_id) and not mapper.is_calibrated(camera_id)
    }


def _learned(mapper: LiveMapper, known: KnownImages, numbers: list[int]) -> LearnedCamera | None:
    facts, camera = known.facts[numbers[0]], mapper.camera(mapper.camera_id_of(numbers[0]))
    off_centre = np.abs(intrinsics_of(camera)[2:] - [camera.width / 2, camera.height / 2]).max()
    if not facts.is_certain_sensor or (facts.intrinsics is not None and not facts.is_learned):
        return None
    if off_centre < _LEAST_SHIFT_PX:
        return None
    across, down = facts.reduction
    fx, fy, cx, cy = (intrinsics_of(camera) / [across, down, across, down]).tolist()
    return LearnedCamera(
        sensor=facts.sensor_name,
        width_px=facts.width_px,
        height_px=facts.height_px,
        intrinsics=(fx, fy, cx, cy),
        distortion=distortion_of(camera),
        image_count=len(numbers),
        learned_at=now(),
    )
