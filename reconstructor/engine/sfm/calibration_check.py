"""Does a given calibration fit the photographs? Once a model is solved, its focal length is let free in one adjustment.

A right one moved by 0.01 to 0.23 %, one that was 2 % too long by 2.07 % (six sets, 2026-11-28).
"""

from collections import Counter
from collections.abc import Collection
from typing import Any, Final

import numpy as np

from reconstructor.engine.features.photographs import PhotographSensor
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.refinement import write_back
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.camera_choice import deviates, focal_deviation
from reconstructor.engine.sfm.gate.bounds import FOCAL
from reconstructor.engine.sfm.incremental_mapper import LiveMapper

UNFIT_CODE: Final = "calibration_does_not_fit"
_LOSS_PX: Final = 0.5
_LEAST_IMAGES: Final = 5  # fewer do not say what the focal length is
_MOST_IMAGES: Final = 200


def set_unfit_calibrations_aside(mapper: LiveMapper, settings: EngineSettings) -> frozenset[int]:
    """Free the calibrated cameras whose focal length is more than 1 % off; returns their ids.

    The mapper's model gets cameras, poses and points of the adjustment with free focal lengths if there are such cameras.
    """
    if mapper.model.num_reg_images() > _MOST_IMAGES:
        return frozenset()
    before = Bundle.of(mapper.model)
    held = [each for each in before.cameras if mapper.is_calibrated(each)]
    changes = focal_changes(before, held, settings.threads)
    unfit = frozenset(each for each, change in changes.items() if not FOCAL.is_met(abs(change)))
    if unfit:
        write_back(mapper.model, before.adjusted(_LOSS_PX, _others(before.cameras, unfit), settings.threads))
        for camera_id in unfit:
            mapper.set_calibration_aside(camera_id)
    return unfit


def focal_changes(before: Bundle, held: Collection[int], threads: int) -> dict[int, float]:
    """How much the focal lengths of held cameras change when they are let free, as a logarithm of the ratio.

    Args:
        before: an adjusted model.
        held: ids of cameras; those that took few photographs are left out.
        threads: of the adjustment.
    """
    counts = Counter(before.camera_ids)
    checked = [each for each in held if counts[each] >= _LEAST_IMAGES]
    if not checked:
        return {}
    after = before.adjusted(_LOSS_PX, _others(before.cameras, checked), threads)
    return {each: _change(before.cameras[each], after.cameras[each]) for each in checked}


def words_on_calibration(camera: Any, sensor: PhotographSensor) -> str:
    """What a photographer should know of a calibration that was set aside; empty if it was not."""
    deviation = focal_deviation(camera, sensor)
    if deviation is None or not deviates(camera, sensor):
        return ""
    way = "longer" if deviation > 0 else "shorter"
    return (
        f"The calibration does not fit: the photographs show a focal length {abs(np.expm1(deviation)):.1%} {way} than it "
        "says, and are solved with that one. Calibrate this camera again, with the zoom and focus of these photographs."
    )


def _others(cameras: Collection[int], freed: Collection[int]) -> set[int]:
    return set(cameras).difference(freed)


def _change(before: Any, after: Any) -> float:
    return float(np.log(after.mean_focal_length() / before.mean_focal_length()))
