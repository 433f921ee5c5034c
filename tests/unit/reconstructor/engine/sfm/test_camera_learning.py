"""Is a camera that another project knew refined by enough photographs of this one, and held by fewer?"""

import pytest

from reconstructor.engine.colmap import distortion_of, intrinsics_of, pycolmap
from reconstructor.engine.features.photographs import Intrinsics, PhotographSensor
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.camera_learning import learned_cameras, set_learned_aside
from reconstructor.engine.sfm.incremental_mapper import camera_of_sensor
from reconstructor.engine.sfm.restore import build_mapper
from tests.unit.reconstructor.engine.synthetic import FOCAL_PX, INTRINSICS, Walk, seen_points

SETTINGS = EngineSettings(threads=1)
LEARNED = (1.005 * FOCAL_PX, 1.005 * FOCAL_PX, *INTRINSICS[2:])


def walk_with_learned_camera(cameras: int) -> Walk:
    walk = Walk(seen_points(cameras=cameras, noise_px=0.1), intrinsics=LEARNED, is_learned=True)
    for number in range(1, cameras + 1):
        walk.add(number)
    return walk


def test_eight_photographs_refine_it_and_it_stays_refined() -> None:
    walk = walk_with_learned_camera(8)
    set_learned_aside(walk.mapper, walk.known)
    assert not walk.mapper.is_calibrated(1)
    walk.mapper.refine_globally(is_robust=True)
    refined = walk.mapper.camera(1).mean_focal_length()
    assert refined == pytest.approx(FOCAL_PX, rel=0.002)

    again = build_mapper(walk.known, SETTINGS, model=pycolmap.Reconstruction(walk.mapper.model))
    assert not again.is_calibrated(1)
    assert not again.changed_calibrations()
    assert again.camera(1).mean_focal_length() == refined


def test_seven_photographs_keep_it() -> None:
    walk = walk_with_learned_camera(7)
    set_learned_aside(walk.mapper, walk.known)
    assert walk.mapper.is_calibrated(1)
    again = build_mapper(walk.known, SETTINGS, model=pycolmap.Reconstruction(walk.mapper.model))
    assert again.is_calibrated(1)


def test_what_another_project_found_is_known_of_cameras_that_are_refined_here() -> None:
    walk = walk_with_learned_camera(8)
    assert learned_cameras(walk.mapper, walk.known) == {}
    set_learned_aside(walk.mapper, walk.known)
    (found,) = learned_cameras(walk.mapper, walk.known).values()
    assert (found.model_name, tuple(found.params)) == ("SIMPLE_RADIAL", (LEARNED[0], *LEARNED[2:], 0.0))


@pytest.mark.parametrize(
    ("intrinsics", "distortion", "is_learned", "model"),
    [
        ((500.0, 500.0, 241.0, 179.0), (0.1, 0.0, 0.0, 0.0), True, "SIMPLE_RADIAL"),
        ((500.0, 501.0, 241.0, 179.0), (0.1, 0.0, 0.0, 0.0), True, "OPENCV"),
        ((500.0, 500.0, 241.0, 179.0), (0.1, 0.02, 0.0, 0.0), True, "OPENCV"),
        ((500.0, 500.0, 241.0, 179.0), (0.1,), False, "OPENCV"),
        ((500.0, 500.0, 241.0, 179.0), (), False, "PINHOLE"),
    ],
)
def test_a_learned_camera_has_no_more_free_numbers_than_it_was_found_with(
    intrinsics: Intrinsics, distortion: tuple[float, ...], is_learned: bool, model: str
) -> None:
    sensor = PhotographSensor(
        name="a",
        width_px=480,
        height_px=360,
        intrinsics=intrinsics,
        focal_px=None,
        distortion=distortion,
        is_learned=is_learned,
    )
    camera = camera_of_sensor(3, sensor)
    assert camera.model_name == model
    assert tuple(intrinsics_of(camera)) == intrinsics
    assert distortion_of(camera)[: len(distortion)] == distortion
