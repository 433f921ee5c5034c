"""Are a camera's intrinsics found again by its next project, and is no other camera, and no damaged file, believed?"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconstructor.engine.features.image_files import ImageFacts
from reconstructor.engine.features.learned_cameras import MOST_CAMERAS, LearnedCamera, LearnedCameras

_AT = datetime(2026, 11, 28, tzinfo=UTC)


def camera(sensor: str = "Aperture 77 28 mm", *, image_count: int = 10, focal_px: float = 2000.0) -> LearnedCamera:
    return LearnedCamera(
        sensor=sensor,
        width_px=3000,
        height_px=2000,
        intrinsics=(focal_px, focal_px, 1510.0, 990.0),
        distortion=(-0.1, 0.0, 0.0, 0.0),
        image_count=image_count,
        learned_at=_AT,
    )


def facts(sensor: str = "Aperture 77 28 mm", *, width_px: int = 3000, is_certain: bool = True) -> ImageFacts:
    return ImageFacts(
        image_id="1",
        path="1.jpg",
        file_name="1.jpg",
        width_px=width_px,
        height_px=2000,
        sensor_name=sensor,
        reduced_width_px=width_px // 2,
        reduced_height_px=1000,
        intrinsics=None,
        focal_px=None,
        is_certain_sensor=is_certain,
    )


@pytest.fixture
def learned(tmp_path: Path) -> LearnedCameras:
    return LearnedCameras(path=tmp_path / "data" / "learned_cameras.json")


def test_a_camera_is_found_again_in_pixels_of_the_reduced_image(learned: LearnedCameras) -> None:
    learned.learn([camera()])
    found = learned.applied(facts(), [])
    assert found.intrinsics == pytest.approx((1000.0, 1000.0, 755.0, 495.0))
    assert found.distortion == (-0.1, 0.0, 0.0, 0.0)
    assert found.is_learned
    assert found.sensor.distortion == found.distortion


@pytest.mark.parametrize("other", [facts("Aperture 78 28 mm"), facts(width_px=2000), facts(is_certain=False)])
def test_another_camera_is_not_given_these_intrinsics(learned: LearnedCameras, other: ImageFacts) -> None:
    learned.learn([camera()])
    assert learned.applied(other, []) == other


def test_a_project_that_began_without_intrinsics_goes_on_without(learned: LearnedCameras) -> None:
    learned.learn([camera()])
    assert learned.applied(facts(), [facts()]).intrinsics is None


def test_a_project_that_began_with_intrinsics_keeps_them(learned: LearnedCameras) -> None:
    learned.learn([camera()])
    first = learned.applied(facts(), [])
    learned.learn([camera(focal_px=2100.0)])
    assert learned.applied(facts(), [first]).intrinsics == first.intrinsics


def test_a_project_with_few_photographs_does_not_replace_what_many_said(learned: LearnedCameras) -> None:
    for image_count, focal_px in ((40, 2000.0), (8, 2050.0)):
        learned.learn([camera(image_count=image_count, focal_px=focal_px)])
    assert [each.intrinsics[0] for each in learned.read()] == [2000.0]


def test_only_the_latest_are_kept(learned: LearnedCameras) -> None:
    cameras = [
        camera(f"camera {index}").model_copy(update={"learned_at": _AT + timedelta(minutes=index)})
        for index in range(MOST_CAMERAS + 3)
    ]
    learned.learn(cameras)
    assert [each.sensor for each in learned.read()] == [each.sensor for each in cameras[3:]]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"cameras": [{"sensor": "x"}]}',
        camera().model_copy(update={"intrinsics": (float("inf"), 1.0, 1.0, 1.0)}).model_dump_json(),
        '{"cameras": [' + camera().model_dump_json().replace("2000.0", "-5") + "]}",
    ],
)
def test_a_damaged_file_counts_as_empty_and_is_replaced(learned: LearnedCameras, content: str) -> None:
    assert learned.path is not None
    learned.path.parent.mkdir()
    learned.path.write_text(content)
    assert learned.read() == ()
    learned.learn([camera()])
    assert learned.read() == (camera(),)


def test_projects_that_learn_at_once_lose_nothing(learned: LearnedCameras) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda index: learned.learn([camera(f"camera {index}")]), range(24)))
    assert {each.sensor for each in learned.read()} == {f"camera {index}" for index in range(24)}
