"""Is a camera that another project knew refined by enough photographs of this one, and held by fewer?"""

import pytest

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.camera_learning import set_learned_aside
from reconstructor.engine.sfm.restore import build_mapper
from tests.unit.reconstructor.engine.synthetic import FOCAL_PX, INTRINSICS, Walk, seen_points

SETTINGS = EngineSettings(threads=1)
LEARNED = (1.005 * FOCAL_PX, 1.005 * FOCAL_PX, *INTRINSICS[2:])


def walk_with_learned_camera(cameras: int) -> Walk:
    walk = Walk(seen_points(cameras=cameras, noise_px=0.1), intrinsics=LEARNED)
    for number in range(1, cameras + 1):
        walk.add(number)
        walk.known.facts[number] = walk.known.facts[number].model_copy(update={"is_learned": True})
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
