"""Which scale can be estimated without a person? The black box's own, a baseline between cameras, or GPS."""

from collections.abc import Iterable

import numpy as np

from broker.envelope import Vector3
from broker.manifest import CameraEntry
from reconstructor.black_box import Update
from reconstructor.config import Baseline
from reconstructor.metric_scale.baseline import PlacedImage, scale_of_baseline
from reconstructor.metric_scale.gps import fix_of, scale_of_gps
from reconstructor.metric_scale.scale import Scale
from reconstructor.storage.images import StoredImage
from reconstructor.storage.store import Store


def estimate_scale(
    update: Update | None,
    cameras: Iterable[CameraEntry],
    images: Iterable[StoredImage],
    store: Store,
    baseline: Baseline | None,
) -> Scale | None:
    """Estimate the scale of the world of these images' cameras from the best available source, or None."""
    if update is not None and update.metres_per_unit is not None:
        return Scale(metres_per_unit=update.metres_per_unit, source=update.scale_source)
    placed = list(_placed_images(cameras, images))
    scale = scale_of_baseline(baseline, placed) if baseline is not None else None
    return scale or _gps_scale(placed, store, update.up if update is not None else None)


def _placed_images(cameras: Iterable[CameraEntry], images: Iterable[StoredImage]) -> Iterable[PlacedImage]:
    image_by_id = {image.image_id: image for image in images}
    for camera in cameras:
        image = image_by_id.get(camera.image_id)
        is_leading = camera.component == 0  # no metre crosses components
        if image is not None and is_leading and camera.world_from_camera is not None:
            yield PlacedImage(image=image, centre_in_world=np.array(camera.world_from_camera)[:3, 3])


def _gps_scale(placed: Iterable[PlacedImage], store: Store, up_in_world: Vector3 | None) -> Scale | None:
    located = [(each, fix) for each in placed if (fix := fix_of(store.path(each.image))) is not None]
    centres = np.array([each.centre_in_world for each, _ in located]).reshape(-1, 3)
    return scale_of_gps(centres, [fix for _, fix in located], up_in_world)
