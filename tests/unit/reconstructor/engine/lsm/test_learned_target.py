"""Does a learned camera hold what photographs leave open, and give way to what they show?"""

from dataclasses import replace

import numpy as np
import pytest

from reconstructor.engine.colmap import intrinsics_of, pycolmap
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.learned_target import is_like
from tests.unit.reconstructor.engine.synthetic import FOCAL_PX, HEIGHT_PX, INTRINSICS, WIDTH_PX, Walk, seen_points

IMAGES = 8


def camera(ratio: float = 1.0) -> pycolmap.Camera:
    """The camera that saw the points, or one whose focal length is another."""
    params = [ratio * FOCAL_PX, WIDTH_PX / 2, HEIGHT_PX / 2, 0.0]
    return pycolmap.Camera(model="SIMPLE_RADIAL", params=params, width=WIDTH_PX, height=HEIGHT_PX, camera_id=1)


def bundle_of(*, points: int, angle_deg: float, noise_px: float) -> Bundle:
    walk = Walk(seen_points(cameras=IMAGES, points=points, angle_deg=angle_deg, noise_px=noise_px))
    for number in range(1, IMAGES + 1):
        walk.add(number)
    assert len(walk.mapper.placed_numbers()) == IMAGES
    return replace(Bundle.of(walk.mapper.model), cameras={1: camera()})


@pytest.fixture(scope="module")
def strong() -> Bundle:
    return bundle_of(points=400, angle_deg=20.0, noise_px=0.1)


def off_px(bundle: Bundle) -> float:
    return float(np.abs(intrinsics_of(bundle.cameras[1]) - INTRINSICS).max())


def test_what_the_photographs_leave_open_stays_as_it_was_learned() -> None:
    weak = bundle_of(points=60, angle_deg=1.5, noise_px=0.5)
    freed = weak.adjusted(0.5, (), 1, frees_principal_point=True)
    with_target = replace(weak, learned={1: camera()}).adjusted(0.5, (), 1, frees_principal_point=True)
    assert off_px(freed) > 20
    assert off_px(with_target) < 10


def test_what_the_photographs_show_counts_more_than_what_was_learned_from_others(strong: Bundle) -> None:
    learned = camera(1.01)
    adjusted = replace(strong, learned={1: learned}).adjusted(0.5, (), 1)
    assert off_px(adjusted) < 0.4 * (learned.mean_focal_length() - FOCAL_PX)


def test_another_zoom_is_not_the_camera_that_was_learned(strong: Bundle) -> None:
    freed = replace(strong, cameras={1: camera(1.02)}).adjusted(0.5, (), 1)
    assert is_like(camera(1.005), freed.cameras[1])
    assert not is_like(camera(1.02), freed.cameras[1])


def test_the_world_stays_where_it_is_and_as_large_as_it_is(strong: Bundle) -> None:
    before = replace(strong, cameras={1: camera(1.01)}, learned={1: camera()})
    centers, now = before.centers_in_world(), before.adjusted(0.5, (), 1).centers_in_world()
    distances, distances_now = (np.linalg.norm(each - each[0], axis=1)[1:] for each in (centers, now))
    assert np.allclose(now[0], centers[0], atol=1e-9)
    assert np.median(distances / distances_now) == pytest.approx(1.0, abs=1e-9)
    assert not np.allclose(now, centers, atol=1e-5)


def test_an_image_that_is_held_stays_where_it_is(strong: Bundle) -> None:
    held = replace(strong, held=frozenset({3}), cameras={1: camera(1.01)}, learned={1: camera()})
    assert np.allclose(held.adjusted(0.5, (), 1).centers_in_world()[2], strong.centers_in_world()[2], atol=1e-9)


def test_a_constant_camera_stays_as_it_is(strong: Bundle) -> None:
    held = replace(strong, cameras={1: camera(1.01)}, learned={1: camera()})
    assert np.array_equal(held.adjusted(0.5, {1}, 1).cameras[1].params, camera(1.01).params)
