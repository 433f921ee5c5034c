"""Do messages and grid say what the coverage of a wall with a hole is?"""

import numpy as np
import pytest

from broker.coverage.grid import HOLE_SCORE, unpack
from broker.ids import ImageId, ProjectId
from reconstructor.coverage.advice import advise
from reconstructor.coverage.score import coverage_of
from reconstructor.coverage.wire_form import Told, told_of
from reconstructor.storage.reference_set import ReferenceSet
from tests.walls import HOLE, photographer, row_of_photographers, wall

PLACES = [-1.5, -1.0, 1.0, 1.5]
IMAGES = {number: ImageId(f"walk-{number:06d}-0123456789abcdef") for number in range(1, 5)}


@pytest.fixture(scope="module")
def told() -> Told:
    coverage = coverage_of(wall(), row_of_photographers(PLACES))
    manifest = ReferenceSet.empty(ProjectId("wall")).manifest.model_copy(update={"generation": 3, "revision": 2})
    return told_of(coverage, advise(coverage), manifest, IMAGES, is_unfinished=False)


def test_counts_are_those_of_the_grid(told: Told) -> None:
    grid = unpack(told.grid)
    assert told.coverage.grid_bytes == len(told.grid)
    assert int((grid.scores == HOLE_SCORE).sum()) == told.coverage.hole_cell_count > 0
    assert int((grid.scores != HOLE_SCORE).sum()) == told.coverage.cell_count
    assert (told.coverage.generation, told.advice.revision) == (3, 2)


def test_hole_cells_lie_in_the_hole(told: Told) -> None:
    grid = unpack(told.grid)
    cells = grid.cells[grid.scores == HOLE_SCORE]
    centers = grid.origin + (np.stack(np.unravel_index(cells, grid.shape), axis=1) + 0.5) * grid.side
    left, right, bottom, top = HOLE
    is_inside = (
        (centers[:, 0] > left - grid.side)
        & (centers[:, 0] < right + grid.side)
        & (centers[:, 2] > bottom - grid.side)
        & (centers[:, 2] < top + grid.side)
    )
    assert is_inside.mean() > 0.9


def test_the_mark_is_where_the_photograph_shows_the_target(told: Told) -> None:
    place = next(each for each in told.advice.places if each.code == "hole")
    assert place.marked is not None
    view = photographer(place.marked.image_number, PLACES[place.marked.image_number - 1])
    x, y, ahead = view.camera_from_world[:3, :3] @ np.array(place.target) + view.camera_from_world[:3, 3]
    fx, fy, cx, cy = view.intrinsics
    assert place.marked.across == pytest.approx((fx * x / ahead + cx) / view.width, abs=1e-3)
    assert place.marked.down == pytest.approx((fy * y / ahead + cy) / view.height, abs=1e-3)


def test_the_advised_camera_looks_at_the_target(told: Told) -> None:
    for place in told.advice.places:
        towards = np.array(place.target) - np.array(place.position)
        assert np.dot(towards / np.linalg.norm(towards), place.looking) > 0.5
        assert place.image_id == IMAGES[place.image_number]
