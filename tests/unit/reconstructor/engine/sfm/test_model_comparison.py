"""Is what counts as close agreement the same in photographs of every size?"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.camera_groups import CameraSearch
from reconstructor.engine.sfm.model_comparison import tight_share, tight_share_among
from tests.unit.reconstructor.engine.synthetic import Walk, seen_points

CAMERAS = 6


class PlacedAsTheyAre:
    """A mapper of a model, all of whose images are placed with one camera."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def placed_numbers(self) -> list[int]:
        return list(range(1, CAMERAS + 1))

    def is_placed(self, number: int) -> bool:
        return number <= CAMERAS

    def camera_id_of(self, _number: int) -> int:
        return 1


@pytest.fixture(scope="module")
def walk() -> Walk:
    walk = Walk(seen_points(cameras=CAMERAS, noise_px=0.1))
    for number in range(1, CAMERAS + 1):
        walk.add(number)
    return walk


def enlarged(walk: Walk, times: float) -> tuple[Any, KnownImages]:
    """The walk's model and what is known of its images, as of photographs of so many times the size, 480 pixels."""
    model = pycolmap.Reconstruction(walk.mapper.model)
    model.camera(1).rescale(times)
    features = {
        number: replace(each, keypoints=each.keypoints * np.array([times, times, 1, 1], np.float32))
        for number, each in walk.known.features.items()
    }
    return model, replace(walk.known, features=features)


def test_larger_photographs_agree_as_closely_in_proportion(walk: Walk) -> None:
    numbers = range(1, CAMERAS + 1)
    shares = [tight_share_among(*enlarged(walk, times), numbers) for times in (3.0, 6.0)]
    assert 0.45 < shares[0] < 0.95
    assert shares[1] == pytest.approx(shares[0], abs=0.002)
    assert tight_share(*enlarged(walk, 6.0)) == pytest.approx(shares[1])
    model, known = enlarged(walk, 3.0)
    assert tight_share_among(model, known, []) == 0.0


def test_no_other_cameras_are_sought_for_large_photographs_only_because_they_are_large(
    walk: Walk, tmp_path: Path
) -> None:
    model, known = enlarged(walk, 6.0)
    mapper: Any = PlacedAsTheyAre(model)
    search = CameraSearch(known, EngineSettings(threads=1), tmp_path / "would fail: it does not exist")
    assert search.fitting(mapper) is mapper
