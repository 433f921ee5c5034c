"""When is a camera published again? When what it says changed, or its pose by more than half a ground sampling distance.

The ground sampling distance is what a pixel covers on the object. A black box refines all poses with each image; without
this threshold each image would publish each camera.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from broker.envelope import Vector3
from broker.manifest import PAGE_ENTRIES, CameraEntry, CameraPage, Page
from broker.messages import Bounds
from reconstructor.clouds.sharding import join_bounds
from reconstructor.storage.images import StoredImage
from reconstructor.storage.reference_set import ReferenceSet

_MOVED_PX: Final = 0.5
_DISTORTION_STEP: Final = 1e-3  # moves a pixel at the corner of a photograph of 60 degrees by less than half a pixel
_ERROR_STEP_PX: Final = 0.1
_MOST_NAME_SIGNS: Final = 120
_MEASURED: Final = ("world_from_camera", "intrinsics", "distortion", "reprojection_error_px")


def renewed(
    pages: tuple[Page[CameraPage], ...], cameras: Iterable[CameraEntry], project: str, centres: Mapping[int, Vector3]
) -> tuple[Page[CameraPage], ...]:
    """Pages of these cameras; a page on which no camera changed stays the very same.

    Args:
        pages: as published before.
        cameras: every camera, with its image number.
        project: the pages' project.
        centres: of the components that have points, by their numbers, each in its component's frame; see `centres_of`.
    """
    before = {entry.image_id: entry for page in pages for entry in page.message.cameras}
    page_by_place = {_place(page.message.cameras[0]): page for page in pages}
    parts: dict[int, list[CameraEntry]] = {}
    for each in cameras:
        parts.setdefault(_place(each), []).append(_kept(before.get(each.image_id), each, centres.get(each.component)))
    return tuple(
        page
        if (page := page_by_place.get(place)) is not None and _is_same(page.message.cameras, part)
        else Page.of(CameraPage.model_validate({"project": project, "cameras": tuple(part)}))
        for place, part in sorted(parts.items())
    )


def with_facts(reference: ReferenceSet, images: Iterable[StoredImage]) -> ReferenceSet | None:
    """The set one revision on, whose cameras say which files of these images are there; None when they say so already."""
    facts_by_id = {image.image_id: facts_of(image) for image in images}
    cameras = [_with(camera, facts_by_id.get(camera.image_id, {})) for camera in reference.cameras]
    manifest = reference.manifest
    pages = renewed(reference.camera_pages, cameras, manifest.project, centres_of(reference))
    if [page.digest for page in pages] == list(manifest.camera_pages):
        return None
    return reference.with_cameras(pages).with_manifest(revision=manifest.revision + 1)


def facts_of(image: StoredImage) -> dict[str, object]:
    """What a camera says of its image's file."""
    name = image.photographers_name
    return {
        "file_name": name[-_MOST_NAME_SIGNS:] if name else None,
        "capture_id": image.capture_id,
        "has_original": image.has_original,
    }


def _with(camera: CameraEntry, facts: dict[str, object]) -> CameraEntry:
    is_told = all(getattr(camera, name) == value for name, value in facts.items())
    return camera if is_told else camera.model_copy(update=facts)


def _place(camera: CameraEntry) -> int:
    """Which page an image is on: by its number, so that a late one moves no other."""
    return ((camera.image_number or 1) - 1) // PAGE_ENTRIES


def centres_of(reference: ReferenceSet) -> dict[int, Vector3]:
    """The centre of each component's points, by its number, in the frame that its cameras are in: its own."""
    manifest = reference.manifest
    boxes = {0: [manifest.bounds]}
    if len(manifest.components) > 1:  # else all shards need not be gone through
        for shard in reference.shards:
            if shard.component:
                boxes.setdefault(shard.component, []).append(shard.bounds)
    return {number: _centre_of(join_bounds(each), manifest.frame.offset) for number, each in boxes.items()}


def _centre_of(bounds: Bounds, offset: Vector3) -> Vector3:
    """The centre of a box of shard coordinates, in its component's frame."""
    x, y, z = (np.add(bounds.minimum, bounds.maximum) / 2 + offset).tolist()
    return x, y, z


def _is_same(before: Sequence[CameraEntry], now: Sequence[CameraEntry]) -> bool:
    return len(before) == len(now) and all(one is other for one, other in zip(before, now, strict=True))


def _kept(before: CameraEntry | None, now: CameraEntry, centre: Vector3 | None) -> CameraEntry:
    """The camera as it was published, unless it has to be published again."""
    if before is None:
        return now
    if before == now:
        return before
    is_same = before.model_copy(update={name: getattr(now, name) for name in _MEASURED}) == now
    return before if is_same and not _is_moved(before, now, centre) else now


def _is_moved(before: CameraEntry, now: CameraEntry, centre: Vector3 | None) -> bool:
    if before.world_from_camera is None or now.world_from_camera is None or not before.intrinsics or not now.intrinsics:
        return (before.world_from_camera, before.intrinsics) != (now.world_from_camera, now.intrinsics)
    old, new = np.array(before.world_from_camera), np.array(now.world_from_camera)
    focal_px = max(now.intrinsics[:2])
    distance = 0.0 if centre is None else float(np.linalg.norm(new[:3, 3] - centre))
    step = float(np.linalg.norm(new[:3, 3] - old[:3, 3]))
    if step * focal_px > _MOVED_PX * distance:
        return True
    # Two rotations differ by the angle 2 asin(|R1 - R2| / sqrt 8), with Frobenius' norm.
    if float(np.linalg.norm(new[:3, :3] - old[:3, :3])) / np.sqrt(2) * focal_px > _MOVED_PX:
        return True
    return _is_another_lens(before, now)


def _is_another_lens(before: CameraEntry, now: CameraEntry) -> bool:
    if np.abs(np.subtract(before.intrinsics or (), now.intrinsics or ())).max() > _MOVED_PX:
        return True
    if len(before.distortion) != len(now.distortion):
        return True
    if now.distortion and np.abs(np.subtract(before.distortion, now.distortion)).max() > _DISTORTION_STEP:
        return True
    errors = (before.reprojection_error_px, now.reprojection_error_px)
    if errors[0] is None or errors[1] is None:
        return errors[0] != errors[1]
    return abs(errors[0] - errors[1]) > _ERROR_STEP_PX
