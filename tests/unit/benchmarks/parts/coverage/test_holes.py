"""How wide is a missing piece in the photographs?"""

import numpy as np
import pytest

from benchmarks.parts.coverage.holes import width_in_picture
from tests.walls import photographer


def test_the_width_is_that_in_the_photographs_that_see_its_middle() -> None:
    piece = np.array([[-0.3, 0.0, 1.0], [0.3, 0.0, 1.0], [0.0, 0.0, 1.1]])
    views = [photographer(1, 0.0), photographer(2, 0.2), photographer(3, 9.0)]  # the third one looks elsewhere
    assert width_in_picture(piece, views) == pytest.approx(0.6 / 3.0 * 500 / 612, rel=1e-6)


def test_a_piece_that_no_photograph_sees_is_wider_than_any() -> None:
    assert width_in_picture(np.array([[30.0, 0.0, 1.0]]), [photographer(1, 0.0)]) == float("inf")
