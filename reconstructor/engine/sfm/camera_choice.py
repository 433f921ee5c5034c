"""Which camera does an image have in a model? That of its sensor; where its focal length is another, one of its own.

The model is the only record: an image's camera is the one that the model gives it, so restarts and refetches see the
same. Ids from 1,000,001 are cameras of single images or of groups of images; smaller ones belong to sensors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np

from reconstructor.engine.colmap import intrinsics_of
from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.photographs import PhotographSensor
from reconstructor.engine.sfm.gate.bounds import FOCAL

_OWN: Final = 1_000_000
_SAME_PX: Final = 1e-9


def own_camera_id(number: int) -> int:
    """The id of the camera of this image alone, or of the group whose first image it is."""
    return _OWN + number


def is_own(camera_id: int) -> bool:
    """Whether a camera belongs to an image or a group of images, and not to all images of a sensor."""
    return camera_id > _OWN


def own_sensor(sensor: PhotographSensor, focal_px: float | None) -> PhotographSensor:
    """The sensor of an image whose focal length is not that of its sensor."""
    return replace(sensor, intrinsics=None, distortion=(), focal_px=focal_px)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraChoice:
    """The cameras of images, by those of a model.

    Attributes:
        by_image: the camera id of each image that has one in the model.
        by_sensor: the camera ids that each sensor's placed images have; sensors by their camera's id.
        set_aside: ids of the calibrated cameras whose calibration the model does not keep, because it does not fit or was
            only learned in another project.
    """

    by_image: Mapping[int, int]
    by_sensor: Mapping[int, frozenset[int]]
    set_aside: frozenset[int]

    @classmethod
    def of(cls, model: Any, known: KnownImages) -> Self:
        """The choice that a `pycolmap.Reconstruction` made."""
        by_image = {number: model.image(number).camera_id for number in model.images}
        by_sensor: dict[int, set[int]] = {}
        set_aside = set()
        for number in model.reg_image_ids():
            if number in known:
                camera_id = by_image[number]
                by_sensor.setdefault(known.camera_ids[number], set()).add(camera_id)
                if not is_own(camera_id) and _is_set_aside(model.camera(camera_id), known.facts[number]):
                    set_aside.add(camera_id)
        return cls(
            by_image=by_image,
            by_sensor={sensor: frozenset(ids) for sensor, ids in by_sensor.items()},
            set_aside=frozenset(set_aside),
        )

    def camera_id(self, number: int, sensor_camera_id: int) -> int:
        """The camera of an image: its own if its sensor has several focal lengths in the model."""
        if number in self.by_image:
            return self.by_image[number]
        used = self.by_sensor.get(sensor_camera_id, frozenset())
        if not used or sensor_camera_id in used:
            return sensor_camera_id
        return min(used) if len(used) == 1 else own_camera_id(number)


def focal_deviation(camera: Any, sensor: PhotographSensor) -> float | None:
    """How much longer a camera's focal length is than the calibrated one, as a ratio; None without a calibration."""
    if sensor.intrinsics is None:
        return None
    return float(np.log(camera.mean_focal_length() / np.mean(sensor.intrinsics[:2])))


def _is_set_aside(camera: Any, facts: ImageFacts) -> bool:
    """Whether a camera does not keep its calibration; what another project found is only where it begins."""
    if facts.is_learned and facts.sensor.intrinsics is not None:
        return not np.allclose(intrinsics_of(camera), facts.sensor.intrinsics, rtol=0.0, atol=_SAME_PX)
    return deviates(camera, facts.sensor)


def deviates(camera: Any, sensor: PhotographSensor) -> bool:
    """Whether a camera's focal length shows that its calibration was set aside."""
    deviation = focal_deviation(camera, sensor)
    return deviation is not None and abs(deviation) > FOCAL.value / 2
