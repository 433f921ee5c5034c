"""Is a model found out that lays a part of the walk at a wrong place?"""

from pathlib import Path

import numpy as np
import pytest

from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm import solver
from reconstructor.engine.sfm.equal_parts.contradicted_walk import contradicted_walk
from tests.unit.reconstructor.engine.spoiled import set_pose
from tests.unit.reconstructor.engine.synthetic import Walk, seen_points

COUNT, BEGIN = 8, 5
TURN = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])  # a quarter of the world, about its upright axis


@pytest.fixture
def walk() -> Walk:
    walk = Walk(seen_points(cameras=COUNT))
    for number in range(1, COUNT + 1):
        walk.add(number)
    assert walk.mapper.placed_numbers() == list(range(1, COUNT + 1))
    walk.mapper.swap(pycolmap.Reconstruction(walk.mapper.model))
    return walk


def turn_from(walk: Walk, numbers: range) -> None:
    for number in numbers:
        image = walk.mapper.model.image(number)
        pose = image.cam_from_world()
        set_pose(image, pose.rotation.matrix() @ TURN, np.asarray(pose.translation))


def test_a_right_model_agrees_with_the_walk(walk: Walk) -> None:
    assert contradicted_walk(walk.mapper.model, walk.known) is None


def test_a_part_that_is_turned_against_the_rest_is_found_where_it_begins(walk: Walk) -> None:
    turn_from(walk, range(BEGIN, COUNT + 1))
    assert contradicted_walk(walk.mapper.model, walk.known) == (BEGIN - 1, BEGIN)


def test_over_images_that_wait_too(walk: Walk) -> None:
    for number in (BEGIN - 1, BEGIN):
        walk.mapper.remove(number)
    assert contradicted_walk(walk.mapper.model, walk.known) is None
    turn_from(walk, range(BEGIN + 1, COUNT + 1))
    assert contradicted_walk(walk.mapper.model, walk.known) == (BEGIN - 2, BEGIN + 1)


def test_a_single_image_at_a_wrong_place_is_left_to_the_repair(walk: Walk) -> None:
    turn_from(walk, range(BEGIN, BEGIN + 1))
    assert contradicted_walk(walk.mapper.model, walk.known) is None


def test_pairs_of_few_matches_contradict_nothing(walk: Walk) -> None:
    turn_from(walk, range(BEGIN, COUNT + 1))
    known = walk.known
    for pairs in known.pairs.values():
        pairs[:] = [pair for pair in pairs if (pair.earlier, pair.newer) != (BEGIN - 1, BEGIN)]
    assert contradicted_walk(walk.mapper.model, known) is None


def test_a_solution_that_contradicts_the_walk_is_refused(
    walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = solver.SolveRequest(
        engine_folder=str(tmp_path), numbers=(), settings=EngineSettings(threads=1), has_live=False, parent_pid=0
    )
    contest = solver._Contest(walk.known, tmp_path, request)
    monkeypatch.setattr(contest, "_new_mapper", lambda: walk.mapper)
    turn_from(walk, range(BEGIN, COUNT + 1))
    lost = contest._attempt("live", lambda _mapper: True)
    assert isinstance(lost, solver.Attempt)
    assert lost.objection == "matches in the order of the photographs contradict it between images 4 and 5"
