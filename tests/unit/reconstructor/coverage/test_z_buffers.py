"""Does leaving out what a picture cannot show change no pixel, and is the work bounded?"""

import numpy as np
import pytest

from reconstructor.coverage import z_buffers
from reconstructor.coverage.cells import grid_over, occupied_cells
from reconstructor.coverage.viewpoints import Viewpoint, depth_of_cloud
from reconstructor.coverage.z_buffers import CellPoints, draw
from tests.walls import photographer, row_of_photographers, wall

LEAST_PX = 24


def cloud_before(views: list[Viewpoint]) -> CellPoints:
    points = wall()
    grid = grid_over(points, views)
    return CellPoints.of(points, grid, occupied_cells(points, grid, views))


def test_no_pixel_differs_from_those_of_all_points() -> None:
    near = [photographer(4, 1.9, distance=0.7), photographer(5, -1.0, distance=0.5, aim=1.0)]
    views = [*row_of_photographers([-1.2, 0.0, 1.2]), *near, photographer(6, 0.0, distance=-3.0)]
    cloud = cloud_before(views)
    for each in draw(cloud, views, 120.0, LEAST_PX):
        assert max(each.depth.shape) == 120
        whole = depth_of_cloud(each.view, cloud.points, cloud.normals_of_points)
        np.testing.assert_array_equal(each.depth, whole)


def test_points_outside_of_a_picture_are_not_drawn() -> None:
    near = photographer(2, 1.9, distance=0.5)
    cloud = cloud_before([photographer(1, 0.0), near])
    rows = cloud.rows_for(near)
    assert 0 < cloud.counts[rows].sum() < 0.25 * len(cloud.points)


def test_the_work_of_many_photographs_is_bounded_and_few_of_their_pixels_are_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    views = row_of_photographers([0.9 + 0.005 * number for number in range(40)])
    cloud, drawn = cloud_before(views), []

    def counted(view: Viewpoint, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        drawn.append(len(points))
        return depth_of_cloud(view, points, normals)

    monkeypatch.setattr(z_buffers, "depth_of_cloud", counted)
    monkeypatch.setattr(z_buffers, "MOST_PROJECTIONS", 100_000)
    few = draw(cloud, views, 120.0, LEAST_PX)
    assert sum(drawn) <= 100_000
    for each in few:
        height, width = each.depth.shape
        assert LEAST_PX < width < 100
        assert np.isfinite(each.depth[height // 3 : 2 * height // 3, width // 2 : 2 * width // 3]).mean() > 0.85

    monkeypatch.setattr(z_buffers, "MOST_PIXELS", 100_000)
    assert sum(each.depth.size for each in draw(cloud, views, 120.0, LEAST_PX)) <= 100_000


def test_fine_z_buffers_of_thinned_points_are_smaller_so_that_they_are_closed() -> None:
    views = [photographer(1, -1.0, distance=0.8), photographer(2, -0.9, distance=0.8)]
    cloud = cloud_before(views)
    for side_px, drawn_px in ((280.0, 182), (200.0, 150), (120.0, 120)):
        assert {max(each.depth.shape) for each in draw(cloud, views, side_px, LEAST_PX, thinned_by=3)} == {drawn_px}
        assert {max(each.depth.shape) for each in draw(cloud, views, side_px, LEAST_PX)} == {int(side_px)}
