"""Are cells beside each other if they have a face in common, and only then?"""

import numpy as np

from reconstructor.coverage.cells import Grid, beside


def test_six_cells_have_a_face_in_common_with_one_and_no_row_goes_on_at_the_other_side() -> None:
    grid = Grid(origin=np.zeros(3), side=1.0, shape=(3, 4, 5))
    flags = np.zeros(grid.shape, np.bool_)
    flags[1, 2, 4] = True
    found = np.argwhere(beside(flags.ravel(), grid).reshape(grid.shape)).tolist()
    assert found == [[0, 2, 4], [1, 1, 4], [1, 2, 3], [1, 3, 4], [2, 2, 4]]
