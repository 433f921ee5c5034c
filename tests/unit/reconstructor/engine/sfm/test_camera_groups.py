"""Are focal lengths grouped where a gap divides them, and is a zoom that nothing tells of found in the photographs?"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.calibration_check import set_unfit_calibrations_aside, words_on_calibration
from reconstructor.engine.sfm.camera_choice import own_camera_id
from reconstructor.engine.sfm.camera_groups import CameraSearch, groups_of, regrouped
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.restore import add_to_mapper, build_mapper
from tests.unit.reconstructor.engine.synthetic import FOCAL_PX, INTRINSICS, Walk, seen_points

_CENTRE = INTRINSICS[2:]
_ZOOM = 1.35
SETTINGS = EngineSettings(threads=1)


@pytest.mark.parametrize(
    ("focals_px", "groups"),
    [
        ({1: 500.0, 2: 503.0, 3: 497.0}, [(1, 2, 3)]),
        ({1: 500.0, 2: 676.0, 3: 503.0, 4: 668.0}, [(1, 3), (2, 4)]),
        ({1: 500.0, 2: 503.0, 3: 900.0}, [(1, 2), (3,)]),  # far from all others
        ({1: 500.0, 2: 503.0, 3: 545.0}, [(1, 2, 3)]),  # a lone one that is only a little off
        ({1: 500.0, 2: 503.0, 3: 610.0, 4: 680.0, 5: 682.0}, [(1, 2), (3, 4, 5)]),  # joins the nearer group
        ({1: 500.0}, [(1,)]),
    ],
)
def test_focal_lengths_are_divided_at_gaps(focals_px: dict[int, float], groups: list[tuple[int, ...]]) -> None:
    assert groups_of(focals_px) == groups


def zoomed_walk(*, cameras: int) -> Walk:
    """A walk whose every second camera has a longer focal length; the engine does not know it."""
    seen = seen_points(cameras=cameras, noise_px=0.1)
    features = list(seen.features)
    for index in range(1, cameras, 2):
        keypoints = features[index].keypoints.copy()
        keypoints[:, :2] = (keypoints[:, :2] - _CENTRE) * _ZOOM + _CENTRE
        features[index] = replace(features[index], keypoints=keypoints)
    walk = Walk(replace(seen, features=tuple(features)), intrinsics=None)
    for number in range(1, cameras + 1):
        walk.add(number)
    return walk


@pytest.fixture(scope="module")
def walk() -> Walk:
    return zoomed_walk(cameras=8)


@pytest.fixture(scope="module")
def search(walk: Walk, tmp_path_factory: pytest.TempPathFactory) -> CameraSearch:
    return CameraSearch(walk.known, SETTINGS, tmp_path_factory.mktemp("groups"))


@pytest.fixture(scope="module")
def mapper(walk: Walk, search: CameraSearch) -> LiveMapper:
    return search.fitting(walk.mapper)


def test_a_zoom_that_nothing_tells_of_does_not_bend_the_model(walk: Walk, mapper: LiveMapper) -> None:
    assert mapper.placed_numbers() == walk.known.numbers
    cameras = [mapper.camera(mapper.camera_id_of(number)) for number in walk.known.numbers]
    assert [camera.camera_id for camera in cameras] == [own_camera_id(1), own_camera_id(2)] * 4
    assert [camera.focal_length for camera in cameras] == pytest.approx([FOCAL_PX, _ZOOM * FOCAL_PX] * 4, rel=0.01)
    walk.mapper = mapper
    assert walk.center_error() < 0.02


def test_a_second_model_of_the_same_images_gets_the_same_cameras_without_another_search(
    walk: Walk, search: CameraSearch, mapper: LiveMapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("reconstructor.engine.sfm.camera_groups.regrouped")
    second = search.fitting(build_mapper(walk.known, SETTINGS))
    assert second is not mapper
    assert second.placed_numbers() == walk.known.numbers
    assert all(second.camera_id_of(number) == mapper.camera_id_of(number) for number in walk.known.numbers)


def test_a_model_that_is_read_again_keeps_its_groups(walk: Walk, mapper: LiveMapper) -> None:
    again = build_mapper(walk.known, SETTINGS, model=pycolmap.Reconstruction(mapper.model))
    numbers = walk.known.numbers
    assert [again.camera_id_of(number) for number in numbers] == [mapper.camera_id_of(number) for number in numbers]


def test_a_new_photograph_of_a_grouped_sensor_has_a_camera_of_its_own_and_then_joins(
    walk: Walk, mapper: LiveMapper, tmp_path: Path
) -> None:
    model = pycolmap.Reconstruction(mapper.model)
    model.deregister_frame(8)
    again = build_mapper(walk.known, SETTINGS, list(range(1, 8)), without(model, 8))
    add_to_mapper(8, walk.known, again)
    assert again.place([8]) == [8]
    assert again.camera_id_of(8) == own_camera_id(8)
    joined = CameraSearch(walk.known, SETTINGS, tmp_path).fitting(again)
    assert joined.camera_id_of(8) == own_camera_id(2)


def without(model: Any, number: int) -> Any:
    """The model as it is read from disk: without the images that are not placed."""
    with tempfile.TemporaryDirectory() as folder:
        assert not model.image(number).has_pose
        model.write_binary(folder)
        read = pycolmap.Reconstruction()
        read.read_binary(folder)
    return read


def test_photographs_of_one_focal_length_keep_their_sensors_camera(tmp_path: Path) -> None:
    walk = Walk(seen_points(cameras=5), intrinsics=None)
    for number in range(1, 6):
        walk.add(number)
    assert regrouped(walk.known, SETTINGS, tmp_path) is None
    assert CameraSearch(walk.known, SETTINGS, tmp_path).fitting(walk.mapper) is walk.mapper


def test_a_wrong_calibration_is_set_aside_and_said() -> None:
    walk = Walk(seen_points(cameras=7, noise_px=0.1), intrinsics=(1.04 * FOCAL_PX, 1.04 * FOCAL_PX, *_CENTRE))
    for number in range(1, 8):
        walk.add(number)
    assert set_unfit_calibrations_aside(walk.mapper, SETTINGS) == {1}
    assert not walk.mapper.is_calibrated(1)
    assert walk.mapper.camera(1).mean_focal_length() == pytest.approx(FOCAL_PX, rel=0.005)
    assert "does not fit" in words_on_calibration(walk.mapper.camera(1), walk.known.facts[1].sensor)
    again = build_mapper(walk.known, SETTINGS, model=pycolmap.Reconstruction(walk.mapper.model))
    assert not again.is_calibrated(1)


def test_a_right_calibration_is_kept() -> None:
    walk = Walk(seen_points(cameras=7))
    for number in range(1, 8):
        walk.add(number)
    assert not set_unfit_calibrations_aside(walk.mapper, SETTINGS)
    assert walk.mapper.is_calibrated(1)
    assert words_on_calibration(walk.mapper.camera(1), walk.known.facts[1].sensor) == ""
