"""Which cells are beside each other, and what stands across a way?"""

import numpy as np

from reconstructor.coverage.cells import Grid, beside, grid_over, is_walled, occupied_cells
from tests.walls import row_of_photographers, wall


def test_six_cells_have_a_face_in_common_with_one_and_no_row_goes_on_at_the_other_side() -> None:
    grid = Grid(origin=np.zeros(3), side=1.0, shape=(3, 4, 5))
    flags = np.zeros(grid.shape, np.bool_)
    flags[1, 2, 4] = True
    found = np.argwhere(beside(flags.ravel(), grid).reshape(grid.shape)).tolist()
    assert found == [[0, 2, 4], [1, 1, 4], [1, 2, 3], [1, 3, 4], [2, 2, 4]]


def test_a_way_is_walled_by_what_stands_across_it_and_not_by_what_lies_along_it() -> None:
    points, views = wall(hole=None), row_of_photographers([-1.0, 0.0, 1.0])
    grid = grid_over(points, views)
    occupied = occupied_cells(points, grid, views)
    starts = np.array([[0.0, -3.0, 1.0], [0.0, -3.0, 1.0], [-1.0, 0.03, 1.0], [0.0, -3.0, 1.0]])
    ends = np.array([[0.0, 3.0, 1.0], [0.0, -1.0, 1.0], [1.0, 0.03, 1.0], [0.0, -3.0, 1.0]])
    assert is_walled(starts, ends, grid, occupied).tolist() == [True, False, False, False]
    assert is_walled(np.zeros((0, 3)), np.zeros((0, 3)), grid, occupied).tolist() == []
