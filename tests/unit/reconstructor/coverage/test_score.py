"""Is a wall's hole found, and nothing where the wall ends?"""

import numpy as np
import pytest
from numpy.typing import NDArray

from reconstructor.coverage.cells import CELLS_ALONG_EXTENT, around
from reconstructor.coverage.score import FLAGGED_ERROR, Coverage, coverage_of
from tests.walls import HOLE, photographer, row_of_photographers, wall


@pytest.fixture(scope="module")
def covered() -> Coverage:
    return coverage_of(wall(), row_of_photographers([-1.2, -0.6, 0.0, 0.6, 1.2]))


def test_the_hole_is_found_and_only_there(covered: Coverage) -> None:
    centers = covered.grid.centers(covered.holes)
    left, right, bottom, top = HOLE
    side = covered.grid.side
    assert len(centers) >= 0.8 * (right - left - 2 * side) * (top - bottom - 2 * side) / side**2
    assert (centers[:, 0] > left - side).all()
    assert (centers[:, 0] < right + side).all()
    assert (centers[:, 2] > bottom - side).all()
    assert (centers[:, 2] < top + side).all()
    assert (np.abs(centers[:, 1]) < 1.5 * side).all()
    assert (covered.hole_looks >= 2).all()


def test_a_whole_wall_has_no_hole() -> None:
    whole = coverage_of(wall(hole=None), row_of_photographers([-1.2, -0.6, 0.0, 0.6, 1.2]))
    assert len(whole.holes) == 0
    assert (whole.errors > FLAGGED_ERROR).mean() < 0.05


def test_cells_are_as_small_as_the_extent_or_the_pixels_say(covered: Coverage) -> None:
    pixel = 3.0 / 500.0
    assert covered.grid.side == pytest.approx(max(4.0 / CELLS_ALONG_EXTENT, 12 * pixel), rel=0.05)


def test_views_and_angles_are_those_of_the_photographs_that_see_a_cell(covered: Coverage) -> None:
    middle = np.flatnonzero(np.abs(covered.occupied.means[:, 0]) < 0.1)
    end = np.flatnonzero(covered.occupied.means[:, 0] > 1.9)
    assert (covered.evidence.count[middle] >= 4).all()
    assert (covered.evidence.count[end] <= 3).all()
    assert np.median(covered.evidence.angles[middle]) == pytest.approx(np.degrees(2 * np.arctan(1.2 / 3)), abs=4)


def test_normals_look_to_the_cameras(covered: Coverage) -> None:
    assert np.median(covered.occupied.normals[:, 1]) < -0.99


def test_a_thinner_cloud_is_expected_to_be_worse() -> None:
    points = wall(hole=None)
    thin = points[(points[:, 0] < 0) | (np.arange(len(points)) % 10 == 0)]
    covered = coverage_of(thin, row_of_photographers([-1.2, -0.6, 0.0, 0.6, 1.2]))
    is_thin = covered.occupied.means[:, 0] > 0.2
    is_inner = np.abs(covered.occupied.means[:, 0]) < 1.5
    assert np.median(covered.errors[is_thin & is_inner]) > 1.3 * np.median(covered.errors[~is_thin & is_inner])
    assert np.median(covered.scores[is_thin & is_inner]) < np.median(covered.scores[~is_thin & is_inner])


def test_a_camera_that_looks_away_counts_for_nothing() -> None:
    away = photographer(9, 0.0, distance=-6.0, aim=0.0)  # behind the wall
    covered = coverage_of(wall(), [*row_of_photographers([-0.6, 0.0, 0.6]), away])
    assert (covered.evidence.agrees[:, 3] <= (covered.occupied.normals[:, 1] > 0)).all()


def test_a_rougher_cloud_is_expected_to_be_worse() -> None:
    points = wall(hole=None)
    is_right = points[:, 0] > 0
    points[is_right, 1] += np.random.default_rng(1).normal(0.0, 0.008, is_right.sum())
    covered = coverage_of(points, row_of_photographers([-1.2, -0.6, 0.0, 0.6, 1.2]))
    is_inner = np.abs(covered.occupied.means[:, 0]) < 1.5
    is_rough = covered.occupied.means[:, 0] > 0.2
    thicknesses = covered.occupied.thicknesses
    assert np.median(thicknesses[is_rough & is_inner]) == pytest.approx(0.008, rel=0.15)
    assert np.median(thicknesses[~is_rough & is_inner]) == pytest.approx(0.002, rel=0.1)
    assert np.median(covered.errors[is_rough & is_inner]) > 1.2 * np.median(covered.errors[~is_rough & is_inner])


def test_a_dense_cloud_is_dense_however_few_of_its_points_are_kept() -> None:
    """Of a large cloud not all points are kept: what is said about it must not depend on how many are."""
    x, z = np.meshgrid(np.arange(-2, 2, 0.005), np.arange(0, 2, 0.005))
    points = np.stack([x.ravel(), np.random.default_rng(0).normal(0.03, 0.0005, x.size), z.ravel()], axis=1)
    places = [(x, height) for height in (0.4, 0.8, 1.2, 1.6) for x in np.arange(-1.6, 1.7, 0.3)]
    views = [photographer(row, x, distance=0.8, height=height) for row, (x, height) in enumerate(places, start=1)]
    kept = np.random.default_rng(1).permutation(points)[::16]
    assert not coverage_of(kept, views).is_dense
    covered = coverage_of(kept, views, thinned_by=16)
    assert covered.is_dense
    is_seen = covered.evidence.count >= 3
    assert is_seen.mean() > 0.6
    assert (covered.errors[is_seen] > FLAGGED_ERROR).mean() < 0.05
    assert np.isin(covered.holes, np.flatnonzero(around(is_rim(covered), covered.grid))).all()


def is_rim(covered: Coverage) -> NDArray[np.float64]:
    """(G,) 1 in cells beyond the wall's ends."""
    centers = covered.grid.centers(np.arange(covered.grid.size))
    is_beyond = (np.abs(centers[:, 0]) > 2) | (centers[:, 2] < 0) | (centers[:, 2] > 2)
    return is_beyond.astype(np.float64)


def test_up_is_what_the_frame_says_or_as_cameras_were_held() -> None:
    views = row_of_photographers([-0.6, 0.0, 0.6])
    assert coverage_of(wall(), views).up == pytest.approx([0, 0, 1])
    assert coverage_of(wall(), views, up=np.array([0.0, 0.6, 0.8])).up == pytest.approx([0, 0.6, 0.8])
