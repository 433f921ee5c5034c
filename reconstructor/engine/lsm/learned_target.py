"""What does an adjustment know of a camera that another project learned? As much as from a photograph of a target.

Freed, the intrinsics of a few photographs may end far from what another project found; held, they cannot follow a lens
that was focused again. So a target is added whose marks lie where the learned camera saw them: being few, they hold what
the photographs leave open and give way to what they show. A camera whose zoom is another one gets none.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from reconstructor.clouds.similarity import Sim3
from reconstructor.engine.colmap import pycolmap, sim3

_MARKS_ACROSS: Final = 2  # and down; more marks give way less to what the photographs show (2026-11-30)
_PHOTOGRAPHS: Final = 2  # of the target: COLMAP adjusts no point that is seen once
_MOST_FOCAL_CHANGE: Final = 0.01  # as a calibration may be off; another focus changes it by less


def is_like(learned: Any, freed: Any) -> bool:
    """Whether a learned `pycolmap.Camera` has the focal length that the photographs alone give it."""
    return bool(abs(np.log(freed.mean_focal_length() / learned.mean_focal_length())) <= _MOST_FOCAL_CHANGE)


def add_target(model: Any, config: Any, camera: Any) -> None:
    """Add photographs of a target by a learned camera to a `pycolmap.Reconstruction` and its adjustment's configuration."""
    sides = (np.arange(_MARKS_ACROSS) + 0.5) / _MARKS_ACROSS
    across, down = np.meshgrid(sides * camera.width, sides * camera.height)
    places_px = np.column_stack([across.ravel(), down.ravel()])
    directions = np.asarray(camera.cam_from_img(np.ascontiguousarray(places_px)))
    is_seen = np.isfinite(directions).all(axis=1)  # strong distortion may have no inverse in a corner
    begin = max(model.images) + 1
    for number in range(begin, begin + _PHOTOGRAPHS):
        places = np.ascontiguousarray(places_px[is_seen])
        photograph = pycolmap.Image(
            name=f"target {number}", keypoints=places, camera_id=camera.camera_id, image_id=number
        )
        model.add_image_with_trivial_frame(photograph, pycolmap.Rigid3d())
        config.add_image(number)
        config.set_constant_rig_from_world_pose(model.image(number).frame_id)
    for index, (x, y) in enumerate(directions[is_seen]):
        track = [pycolmap.TrackElement(number, index) for number in range(begin, begin + _PHOTOGRAPHS)]
        config.add_constant_point(model.add_point3D(np.array([x, y, 1.0]), pycolmap.Track(track)))  # at any depth


def keep_size(model: Any, anchor: int, centers_before: Mapping[int, Any]) -> None:
    """Give an adjusted model the size that it had; its anchor, an image that was held, stays where it is.

    COLMAP would hold a second image for that, but takes the photographs of a target for held ones.
    """
    at = centers_before[anchor]
    before = {number: np.linalg.norm(center - at) for number, center in centers_before.items() if number != anchor}
    after = {number: np.linalg.norm(model.image(number).projection_center() - at) for number in before}
    ratios = [before[number] / after[number] for number in before if after[number] > 0.0]
    if ratios:
        scale = float(np.median(ratios))
        model.transform(sim3(Sim3(scale=scale, rotation=np.eye(3), translation=(1.0 - scale) * at)))
