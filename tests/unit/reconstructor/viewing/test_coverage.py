"""Without three placed photographs of the leading component no coverage is computed."""

import pytest

from broker.ids import ProjectId
from broker.manifest import CameraEntry, CameraState, camera_pages
from reconstructor.viewing.coverage import has_enough_placed

POSE = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def camera(number: int, *, is_placed: bool = True, component: int = 0) -> CameraEntry:
    return CameraEntry.model_validate(
        {
            "image_id": f"walk-{number:06d}-0123456789abcdef",
            "image_number": number,
            "state": CameraState.PLACED if is_placed else CameraState.WAITING,
            "component": component,
            "world_from_camera": [POSE[row : row + 4] for row in range(0, 16, 4)] if is_placed else None,
            "intrinsics": (500.0, 500.0, 306.0, 204.0) if is_placed else None,
        }
    )


@pytest.mark.parametrize(
    ("cameras", "is_enough"),
    [
        ([], False),
        ([camera(1), camera(2)], False),
        ([camera(1), camera(2), camera(3, is_placed=False)], False),
        ([camera(1), camera(2), camera(3, component=1)], False),
        ([camera(1), camera(2), camera(3)], True),
        ([camera(number, is_placed=number > 197) for number in range(1, 201)], True),  # on the last page
    ],
)
def test_three_placed_photographs_of_the_leading_component_are_enough(
    cameras: list[CameraEntry], is_enough: bool
) -> None:
    assert has_enough_placed(camera_pages(ProjectId("wall"), cameras)) is is_enough
