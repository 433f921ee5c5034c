"""Which cameras are published again: those that a person or a measurement could tell apart."""

import math
from dataclasses import replace

import pytest

from broker.ids import ImageId, ProjectId, SenderId
from broker.manifest import CameraEntry, CameraPage, CameraState, Component, Page
from broker.messages import Bounds, WorldFrame
from reconstructor.publishing.camera_changes import centres_of, renewed, with_facts
from reconstructor.storage.images import ImageState, StoredImage
from reconstructor.storage.reference_set import ReferenceSet
from tests.unit.reconstructor.publishing.entries import entry, reference_of

CENTRE = {0: (0.0, 0.0, 0.0)}
FOCAL_PX = 1000.0
DISTANCE = 10.0
GSD = DISTANCE / FOCAL_PX


def camera(number: int, *, x: float = 0.0, turn_rad: float = 0.0, **facts: object) -> CameraEntry:
    """A camera that looks at the centre from a distance of 10."""
    cosine, sine = math.cos(turn_rad), math.sin(turn_rad)
    said = {
        "image_id": ImageId.build(session="walk", sequence=number, sha256=f"{number:064x}"),
        "image_number": number,
        "state": CameraState.PLACED,
        "world_from_camera": ((cosine, -sine, 0, x), (sine, cosine, 0, 0), (0, 0, 1, -DISTANCE), (0, 0, 0, 1)),
        "intrinsics": (FOCAL_PX, FOCAL_PX, 500.0, 400.0),
        "reprojection_error_px": 0.5,
    }
    return CameraEntry.model_validate(said | facts)


def pages_of(*cameras: CameraEntry) -> tuple[Page[CameraPage], ...]:
    return renewed((), cameras, "chapel", CENTRE)


@pytest.mark.parametrize(
    "now",
    [
        camera(1),
        camera(1, x=0.4 * GSD),
        camera(1, turn_rad=0.4 / FOCAL_PX),
        camera(1, intrinsics=(FOCAL_PX + 0.4, FOCAL_PX + 0.4, 500.0, 400.0)),
        camera(1, reprojection_error_px=0.55),
    ],
    ids=["equal", "moved a little", "turned a little", "another focal length", "another error"],
)
def test_a_camera_that_moved_by_less_than_half_a_pixel_on_the_object_stays(now: CameraEntry) -> None:
    before = pages_of(camera(1))
    assert renewed(before, [now], "chapel", CENTRE) == before


@pytest.mark.parametrize(
    "now",
    [
        camera(1, x=0.6 * GSD),
        camera(1, turn_rad=0.6 / FOCAL_PX),
        camera(1, intrinsics=(FOCAL_PX + 0.6, FOCAL_PX + 0.6, 500.0, 400.0)),
        camera(1, reprojection_error_px=0.9),
        camera(1, component=1),
        camera(1, state=CameraState.REJECTED, code="blurred"),
        camera(1, world_from_camera=None),
        camera(1, distortion=(0.1,)),
    ],
    ids=["moved", "turned", "focal length", "error", "component", "state", "no pose", "distortion"],
)
def test_a_camera_that_changed_is_published_again(now: CameraEntry) -> None:
    (page,) = renewed(pages_of(camera(1)), [now], "chapel", CENTRE)
    assert page.message.cameras == (now,)


def test_a_camera_of_a_further_component_is_compared_at_the_distance_of_its_own_points() -> None:
    far = Bounds(minimum=(89.0, -1.0, -1.0), maximum=(91.0, 1.0, 1.0))
    near = Bounds(minimum=(-1.0, -1.0, -1.0), maximum=(1.0, 1.0, 1.0))
    shards = (entry(0), entry(1, component=1).model_copy(update={"bounds": near}))
    reference = reference_of(shards).with_manifest(bounds=far, components=(Component(), Component(id=1)))
    before = pages_of(camera(1), camera(2, component=1))
    now = [camera(1, x=0.6 * GSD), camera(2, component=1, x=0.6 * GSD)]  # the leading object is nine times as far
    (page,) = renewed(before, now, "chapel", centres_of(reference))
    assert page.message.cameras == (before[0].message.cameras[0], now[1])
    reference = reference.with_manifest(frame=WorldFrame(offset=(0.0, 0.0, 100.0)))
    assert centres_of(reference) == {0: (90.0, 0.0, 100.0), 1: (0.0, 0.0, 100.0)}
    assert centres_of(reference.with_manifest(components=(Component(),))) == {0: (90.0, 0.0, 100.0)}


def test_a_camera_of_a_component_without_points_is_published_whenever_it_moves() -> None:
    before = pages_of(camera(1, component=1))
    assert renewed(before, [camera(1, component=1)], "chapel", CENTRE) == before
    (page,) = renewed(before, [camera(1, component=1, x=0.01 * GSD)], "chapel", CENTRE)
    assert page.message.cameras == (camera(1, component=1, x=0.01 * GSD),)


def test_small_steps_do_not_add_up_unseen() -> None:
    pages = pages_of(camera(1))
    for step in range(1, 10):
        pages = renewed(pages, [camera(1, x=0.2 * step * GSD)], "chapel", CENTRE)
    (shown,) = pages[0].message.cameras
    assert shown.world_from_camera is not None
    assert abs(shown.world_from_camera[0][3] - 1.8 * GSD) <= 0.5 * GSD


def test_a_new_image_changes_only_its_own_page() -> None:
    before = pages_of(*(camera(number) for number in range(1, 201)))
    assert [len(page.message.cameras) for page in before] == [64, 64, 64, 8]
    after = renewed(before, [camera(number) for number in range(1, 202)], "chapel", CENTRE)
    assert [page is old for page, old in zip(after, before, strict=True)] == [True, True, True, False]


def test_an_image_that_comes_late_moves_no_other_to_another_page() -> None:
    numbers = [number for number in range(1, 200) if number != 3]
    before = pages_of(*(camera(number) for number in numbers))
    after = renewed(before, [camera(number) for number in range(1, 200)], "chapel", CENTRE)
    assert [page is old for page, old in zip(after, before, strict=True)] == [False, True, True, True]


def stored(number: int, *, photographers_name: str) -> StoredImage:
    """The image of `camera(number)`, of which only the preview is there."""
    return StoredImage(
        number=number,
        image_id=camera(number).image_id,
        sender=SenderId("rig-north"),
        sha256=None,
        file_name=None,
        preview_name="preview.webp",
        stored_at=0.0,
        captured_at=None,
        state=ImageState.PLACED,
        photographers_name=photographers_name,
    )


def test_a_cameras_page_is_written_again_when_its_original_comes_and_no_other_page_is() -> None:
    cameras = [camera(number, has_original=False, file_name="a.jpg") for number in (1, 65)]
    reference = ReferenceSet.empty(ProjectId("chapel")).with_cameras(pages_of(*cameras)).with_manifest(revision=4)
    images = [stored(number, photographers_name="a.jpg") for number in (1, 65)]
    assert with_facts(reference, images) is None
    revised = with_facts(reference, [images[0], replace(images[1], sha256="0" * 64, file_name="b.jpg")])
    assert revised is not None
    assert [each.has_original for each in revised.cameras] == [False, True]
    assert revised.manifest.revision == 5
    assert revised.camera_pages[0] is reference.camera_pages[0]
    assert revised.manifest.camera_pages[1] != reference.manifest.camera_pages[1]
    assert with_facts(revised, [images[0]]) is None, "a camera of which nothing is known stays as it is"
