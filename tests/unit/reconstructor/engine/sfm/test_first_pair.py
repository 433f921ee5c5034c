"""The world of a model is set by the lower number of its first pair, in whichever order COLMAP names them."""

from typing import Any

import numpy as np
import pycolmap
import pytest

from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.first_pair import find_first_pair
from reconstructor.engine.sfm.mapper_options import MapperOptions

FIVE_FROM_TWO = pycolmap.Rigid3d(pycolmap.Rotation3d(np.array([0.0, 0.1, 0.0])), np.array([1.0, 0.2, -0.3]))


class Mapper:
    """Finds one pair, named in one order or the other."""

    def __init__(self, found: tuple[tuple[int, int], Any] | None) -> None:
        self.found = found

    def reset_initialization_stats(self) -> None:
        """Nothing is counted here."""

    def find_initial_image_pair(self, *_: object) -> tuple[tuple[int, int], Any] | None:
        return self.found


@pytest.mark.parametrize("found", [((2, 5), FIVE_FROM_TWO), ((5, 2), FIVE_FROM_TWO.inverse())])
def test_the_lower_number_is_first(found: tuple[tuple[int, int], Any]) -> None:
    options = MapperOptions.build(EngineSettings(), frozenset())
    pair = find_first_pair(Mapper(found), options, image_count=6, is_calibrated=True)
    assert pair is not None
    assert pair[0] == (2, 5)
    np.testing.assert_allclose(pair[1].matrix(), FIVE_FROM_TWO.matrix(), atol=1e-12)


def test_without_a_pair_there_is_none() -> None:
    options = MapperOptions.build(EngineSettings(), frozenset())
    assert find_first_pair(Mapper(None), options, image_count=6, is_calibrated=True) is None
