"""What does the engine report of its model? The pose of each image or why it has none, and the up direction."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from broker.manifest import CameraState
from reconstructor.black_box import BadUpdateError, CameraUpdate, Pose, Row, Triple, Update, read_update
from reconstructor.engine.colmap import distortion_of, intrinsics_of
from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.sfm.calibration_check import UNFIT_CODE, words_on_calibration
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.snapshots import StepImage
from reconstructor.engine.sfm.up_direction import UpDirection, estimate_upward
from reconstructor.engine.sfm.waiting_reasons import why_waiting


def describe(
    images: Sequence[StepImage],
    known: KnownImages,
    mappers: Mapping[int, LiveMapper],
    upward: UpDirection | None = None,
    solution: int = 0,
) -> Update:
    """The update that describes the present models, without their points; `mappers` by number of the component."""
    component_of = {number: one for one, mapper in mappers.items() for number in mapper.placed_numbers()}
    return Update(
        cameras=tuple(_camera(image, known, mappers, component_of) for image in images),
        up=None if upward is None else cast("Triple", tuple(map(float, upward.direction))),
        solution=solution,
    )


def up_direction_of(mapper: LiveMapper) -> UpDirection | None:
    """The up direction, estimated from the present poses."""
    poses = [world_from_camera(mapper.model.image(number)) for number in mapper.placed_numbers()]
    return estimate_upward(np.array(poses).reshape(-1, 4, 4))


def stored_up_direction(output: Path, mapper: LiveMapper) -> UpDirection | None:
    """The up direction in an earlier step's output; its deviation is estimated again from the present poses."""
    try:
        update = read_update(output)
    except BadUpdateError:  # damaged by a power cut
        update = None
    again = up_direction_of(mapper)
    if update is None or update.up is None or again is None:
        return None
    return UpDirection(direction=np.array(update.up), deviation_rad=again.deviation_rad)


def world_from_camera(image: Any) -> NDArray[np.float64]:
    """The pose (4, 4) float64 of a placed `pycolmap.Image`, from its camera frame to the world frame."""
    pose = np.eye(4)
    pose[:3, :4] = image.cam_from_world().inverse().matrix()
    return pose


def _camera(
    image: StepImage, known: KnownImages, mappers: Mapping[int, LiveMapper], component_of: Mapping[int, int]
) -> CameraUpdate:
    number = image.number
    if image.rejection:
        return CameraUpdate(
            image_id=image.image_id, state=CameraState.REJECTED, code=image.rejection, reason=image.sentence
        )
    facts = known.facts[number]
    size = {"width_px": facts.width_px, "height_px": facts.height_px}
    if number in component_of:
        component = component_of[number]
        mapper = mappers[component]
        state = mapper.residuals.state(mapper.model, number)
        if (kept := mapper.described.get(number)) is None or kept[0] != state:
            kept = mapper.described[number] = (state, _placed_camera(image, facts, mapper, component))
        return kept[1]
    why = why_waiting(
        is_only_image=len(known.facts) == 1,
        feature_count=len(known.features[number]),
        pairs=known.pairs[number],
        placed=component_of,
        number=number,
        visible_point_count=max(
            mapper.visible_point_count(number) for mapper in mappers.values() if mapper.knows(number)
        ),
    )
    return CameraUpdate(image_id=image.image_id, state=CameraState.WAITING, code=why.code, reason=why.reason, **size)


def _placed_camera(image: StepImage, facts: ImageFacts, mapper: LiveMapper, component: int) -> CameraUpdate:
    number = image.number
    pose = world_from_camera(mapper.model.image(number))
    camera = mapper.camera(mapper.camera_id_of(number))
    remark = "" if facts.is_learned else words_on_calibration(camera, facts.sensor)
    return CameraUpdate(
        image_id=image.image_id,
        state=CameraState.PLACED,
        component=component,
        code=UNFIT_CODE if remark else "",
        reason=remark,
        world_from_camera=cast("Pose", tuple(map(tuple, pose.tolist()))),
        intrinsics=_intrinsics(camera, facts),
        distortion=distortion_of(camera),
        reprojection_error_px=_reprojection_error(mapper, number, facts),
        width_px=facts.width_px,
        height_px=facts.height_px,
    )


def _intrinsics(camera: Any, facts: ImageFacts) -> Row:
    """fx, fy, cx, cy in pixels of the photograph, not of the reduced image."""
    across, down = facts.reduction
    return cast("Row", tuple(map(float, intrinsics_of(camera) / [across, down, across, down])))


def _reprojection_error(mapper: LiveMapper, number: int, facts: ImageFacts) -> float | None:
    """Root mean square, in pixels of the photograph, not of the reduced image."""
    across, down = facts.reduction
    error_px = mapper.residuals.of(mapper.model, number)
    return None if error_px is None else error_px / float(np.sqrt(across * down))
