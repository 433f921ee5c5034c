"""Whose principal points are found: those of cameras with enough images, whatever other cameras the project has."""

from dataclasses import replace

import numpy as np
import pytest

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.robust_adjustment import RobustAdjustment
from tests.unit.reconstructor.engine.synthetic import FOCAL_PX, HEIGHT_PX, WIDTH_PX, Walk, seen_points

IMAGES = 16
OFF_PX = (9.0, -7.0)  # of the true principal point from the centre
MANY, FEW = 1, 2


def bundle_of(walk: Walk, camera_ids: tuple[int, ...], off_px: dict[int, tuple[float, float]]) -> Bundle:
    """The walk's model with these cameras of its images, whose features lie where such principal points put them."""
    bundle = Bundle.of(walk.mapper.model)
    cameras = {each: camera(each) for each in set(camera_ids)}
    shifts = np.array([off_px.get(each, (0.0, 0.0)) for each in camera_ids])
    seen = bundle.observations
    return replace(
        bundle,
        camera_ids=camera_ids,
        cameras=cameras,
        observations=replace(seen, places_px=seen.places_px + shifts[seen.images]),
    )


def camera(camera_id: int, *, across_px: float = 0.0) -> pycolmap.Camera:
    return pycolmap.Camera(
        model="SIMPLE_RADIAL",
        params=[FOCAL_PX, WIDTH_PX / 2 + across_px, HEIGHT_PX / 2, 0.0],
        width=WIDTH_PX,
        height=HEIGHT_PX,
        camera_id=camera_id,
    )


def adjustment(*constant_cameras: int) -> RobustAdjustment:
    return RobustAdjustment(scale=1.0, constant_cameras=constant_cameras, threads=1)


def principal_point(bundle: Bundle, camera_id: int) -> tuple[float, float]:
    found = bundle.cameras[camera_id]
    return found.principal_point_x - WIDTH_PX / 2, found.principal_point_y - HEIGHT_PX / 2


@pytest.fixture(scope="module")
def walk() -> Walk:
    walk = Walk(seen_points(cameras=IMAGES, noise_px=0.1))
    for number in range(1, IMAGES + 1):
        walk.add(number)
    assert len(walk.mapper.placed_numbers()) == IMAGES
    return walk


@pytest.mark.parametrize("few", [1, 4])
def test_a_camera_of_few_images_does_not_keep_the_others_from_their_principal_points(walk: Walk, few: int) -> None:
    camera_ids = (MANY,) * (IMAGES - few) + (FEW,) * few
    before, found = adjustment().with_principal_points(bundle_of(walk, camera_ids, {MANY: OFF_PX}))
    assert principal_point(before, MANY) == (0.0, 0.0)
    assert np.allclose(principal_point(found, MANY), OFF_PX, atol=3.0)
    assert tuple(found.cameras[FEW].params) == tuple(camera(FEW).params)


def test_a_calibrated_camera_is_neither_freed_nor_asked_where_its_principal_point_is(walk: Walk) -> None:
    camera_ids = (MANY,) * (IMAGES // 2) + (FEW,) * (IMAGES // 2)
    bundle = bundle_of(walk, camera_ids, {MANY: OFF_PX, FEW: (100.0, 0.0)})
    bundle = replace(bundle, cameras={**bundle.cameras, FEW: camera(FEW, across_px=100.0)})
    _, found = adjustment(FEW).with_principal_points(bundle)
    assert np.allclose(principal_point(found, MANY), OFF_PX, atol=3.0)
    assert principal_point(found, FEW) == (100.0, 0.0)


def test_a_camera_whose_principal_point_comes_to_lie_far_off_is_held_and_the_others_are_found(walk: Walk) -> None:
    camera_ids = (MANY,) * (IMAGES // 2) + (FEW,) * (IMAGES // 2)
    bundle = bundle_of(walk, camera_ids, {MANY: OFF_PX, FEW: (60.0, 0.0)})
    _, found = adjustment().with_principal_points(bundle)
    assert principal_point(found, MANY) != (0.0, 0.0)
    assert principal_point(found, FEW) == (0.0, 0.0)


def test_without_a_camera_to_free_there_is_one_bundle(walk: Walk) -> None:
    bundle = bundle_of(walk, (MANY,) * IMAGES, {})
    assert adjustment(MANY).with_principal_points(bundle) == [bundle]
    lone = bundle_of(walk, tuple(range(1, IMAGES + 1)), {})
    assert adjustment().with_principal_points(lone) == [lone]
