"""Do photographs of several objects stand side by side, and become one when a photograph joins them? Exact synthetic cameras."""

import shutil
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import pytest

from reconstructor.black_box import Update
from reconstructor.clouds.similarity import DegenerateGeometryError, Sim3, estimate_similarity
from reconstructor.engine import components as module
from reconstructor.engine import next_components
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.components import Components
from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.mvs import densifier
from reconstructor.engine.next_components import NextComponents
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.model_comparison import similarity_between
from reconstructor.engine.solve_tasks import SolveTask, tasks_of
from tests.unit.reconstructor.engine.engines import solved
from tests.unit.reconstructor.engine.synthetic import Photographs, Walk, photograph, seen_points

SETTINGS = EngineSettings(threads=1, max_features=1000, dense=False)
DENSE = EngineSettings(threads=1, max_features=1000, dense_max_side_px=128)
LEFT, RIGHT, MIDDLE = (1, 2, 3, 4), (6, 7, 8, 9, 10), 5
Sides = tuple[tuple[int, ...], tuple[int, ...]]


class Halves(Walk):
    """Ten cameras around one object; those on the left and on the right match only each other and the middle one."""

    def __init__(self, sides: Sides = (LEFT, RIGHT)) -> None:
        super().__init__(seen_points(cameras=10))
        self._sides = sides
        self.components = Components(self.known, SETTINGS, lambda _mapper: None)

    def take(self, number: int) -> None:
        self.know(number)
        self.components.add(number)

    def pair(self, earlier: int, newer: int) -> Pair | None:
        sides = [numbers for numbers in self._sides if earlier in numbers or newer in numbers]
        return super().pair(earlier, newer) if len(sides) == 1 else None

    def placed(self) -> dict[int, tuple[int, ...]]:
        return {each.number: tuple(each.mapper.placed_numbers()) for each in self.components.every}

    def tasks(self) -> list[SolveTask]:
        alone = [SolveTask.of(each) for each in self.components.every]
        return tasks_of(alone, self.components.waiting(max(self.known.numbers)), self.known, SETTINGS)


def walked(*numbers: int, sides: Sides = (LEFT, RIGHT)) -> Halves:
    walk = Halves(sides)
    for number in numbers:
        walk.take(number)
    return walk


def truth(walk: Halves, numbers: tuple[int, ...]) -> np.ndarray:
    return np.array([np.linalg.inv(walk.seen.camera_from_world[number - 1])[:3, 3] for number in numbers])


def error(walk: Halves, model: Any) -> float:
    """Largest error of a camera's centre after the best similarity; the object has a diameter of 2."""
    numbers = tuple(sorted(model.reg_image_ids()))
    found, exact = np.array([model.image(number).projection_center() for number in numbers]), truth(walk, numbers)
    return float(np.linalg.norm(estimate_similarity(found, exact).apply(found) - exact, axis=1).max())


def test_three_photographs_that_fit_each_other_alone_begin_another_component() -> None:
    walk = walked(*LEFT, *RIGHT[:2])
    assert walk.placed() == {0: LEFT}
    walk.take(RIGHT[2])
    assert walk.placed() == {0: LEFT, 1: RIGHT[:3]}
    walk.take(RIGHT[3])
    assert walk.placed() == {0: LEFT, 1: RIGHT[:4]}
    assert all(error(walk, each.mapper.model) < 0.01 for each in walk.components.every)


def test_a_photograph_goes_to_the_component_of_the_one_before_it_though_it_matches_both() -> None:
    walk = walked(*LEFT, *RIGHT, sides=(LEFT, RIGHT[:4]))
    assert walk.placed() == {0: LEFT, 1: RIGHT}


def test_no_component_begins_before_the_leading_one_has_three_photographs() -> None:
    walk = walked(*LEFT[:2], *RIGHT[:3])
    assert list(walk.placed()) == [0]


def test_photographs_that_came_before_the_leading_one_had_three_begin_a_component_afterwards() -> None:
    walk = walked(*range(1, 7), sides=((1, 2, 6), (3, 4, 5)))
    assert walk.placed() == {0: (1, 2, 6), 1: (3, 4, 5)}
    assert all(error(walk, each.mapper.model) < 0.01 for each in walk.components.every)


def test_a_group_that_does_not_fit_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[frozenset[int]] = []

    def fails(group: frozenset[int], *_: Any) -> None:
        tried.append(group)

    monkeypatch.setattr(module, "mapper_of_group", fails)
    walked(*range(1, 9), sides=((1, 2, 6, 7, 8), (3, 4, 5)))
    assert tried == [{3, 4, 5}]


def test_photographs_that_a_refetch_cuts_off_become_a_component() -> None:
    walk = walked(*range(1, 11))
    assert walk.placed() == {0: tuple(range(1, 11))}
    (task,) = walk.tasks()
    assert task.live is not None
    solution = pycolmap.Reconstruction(task.live)
    task.left_out = {MIDDLE, *RIGHT}
    for number in task.left_out:
        solution.deregister_frame(number)
    following = NextComponents(walk.known, SETTINGS, leads=0)
    following.add(task, solution, walk.known.numbers, RLock())
    following.rebuild(walk.components, lambda _: lambda *_: None)
    assert following.is_of(walk.components)
    walk.components = following.replace(walk.components, lambda _mapper: None)
    assert walk.placed() == {0: LEFT, 1: RIGHT}
    assert walk.components.next_number == 2
    assert all(error(walk, each.mapper.model) < 0.01 for each in walk.components.every)


def test_the_component_with_a_fifth_more_photographs_leads_after_a_refetch() -> None:
    walk = walked(*LEFT, *RIGHT)
    assert [task.component.number for task in walk.tasks()] == [1, 0]
    assert [task.component.number for task in walked(*LEFT, *RIGHT[:4]).tasks()] == [0, 1]


def test_a_photograph_between_two_components_makes_them_one_in_the_frame_of_the_leading_one() -> None:
    walk = walked(*LEFT, *RIGHT)
    apart = walk.placed()
    wanted_before = walk.components.wants_refetch
    walk.take(MIDDLE)
    assert (wanted_before, walk.components.wants_refetch) == (False, True)
    joined = [number for number, numbers in walk.placed().items() if MIDDLE in numbers]
    assert len(joined) == 1
    assert {**walk.placed(), joined[0]: apart[joined[0]]} == apart  # live, it stands in one of them
    (task,) = walk.tasks()
    assert task.component.number == 0
    assert task.numbers == set(range(1, 11))
    assert task.live is not None
    assert error(walk, task.live) < 0.01
    before = walk.components.leading.mapper.model
    centers = [np.array([model.image(one).projection_center() for one in LEFT]) for model in (before, task.live)]
    assert np.abs(centers[1] - centers[0]).max() < 0.05 * np.ptp(centers[0], axis=0).max()


def test_photographs_of_two_objects_are_described_stored_and_refetched_as_two_components(
    photographs: Photographs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = photograph(tmp_path, count=4, seed=1)
    engine = LiveEngine(tmp_path / "engine", SETTINGS)
    for path in (*photographs.paths[:3], *other.paths):
        added = engine.add_image(path, f"{path.parent.name}-{path.stem}")
    assert components(added.update) == [0, 0, 0, 1, 1, 1, 1]
    assert {path.name for path in added.folder.iterdir()} == {"component-1.ply", "update.json"}
    engine.close()
    again = LiveEngine(tmp_path / "engine", SETTINGS)
    assert [each.mapper.placed_numbers() for each in again.components] == [[1, 2, 3], [4, 5, 6, 7]]
    monkeypatch.setattr(again._refetch, "solve", solved)
    refetched = again.refetch()
    assert refetched.update.leads == 1
    assert components(refetched.update) == [1, 1, 1, 0, 0, 0, 0]
    assert {path.name for path in refetched.folder.iterdir()} == {"component-1.ply", "points.ply", "update.json"}
    poses = [np.array(each.world_from_camera) for each in (*added.update.cameras, *refetched.update.cameras)]
    np.testing.assert_allclose(poses[:7], poses[7:], atol=1e-3)  # each keeps its frame
    assert [each.number for each in LiveEngine(tmp_path / "engine", SETTINGS).components] == [0, 1]


@pytest.fixture(scope="module")
def two_objects(photographs: Photographs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three photographs of one object, which leads, and four of another one, and their depth."""
    other, folder = photograph(tmp_path_factory.mktemp("other"), count=4, seed=1), tmp_path_factory.mktemp("two")
    engine = LiveEngine(folder, DENSE)
    for path in (*photographs.paths[:3], *other.paths):
        engine.add_image(path, f"{path.parent.name}-{path.stem}")
    engine.close()
    return folder


def refetched(folder: Path, failing: set[int], patch: pytest.MonkeyPatch) -> LiveEngine:
    """An engine whose solvers find a solution, as it is, for all but these components."""

    def solved(task: SolveTask) -> tuple[None, Any, str]:
        if task.component.number in failing:
            return None, None, f"component {task.component.number} failed"
        assert task.model is not None
        return None, pycolmap.Reconstruction(task.model), ""

    engine = LiveEngine(folder, DENSE)
    patch.setattr(engine._refetch, "solve", solved)
    return engine


@pytest.mark.parametrize("failing", [{0}, {1}])
def test_a_component_whose_solver_fails_keeps_its_model_and_the_other_one_gets_its_solution(
    two_objects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: set[int]
) -> None:
    engine = refetched(shutil.copytree(two_objects, tmp_path / "engine"), failing, monkeypatch)
    update = engine.refetch().update
    assert (update.refetch_rejected, update.solution, update.leads) == ("", 1, 1)
    assert components(update) == [1, 1, 1, 0, 0, 0, 0]


def test_without_any_solution_the_refetch_is_refused_for_what_the_leading_one_lacks(
    two_objects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = refetched(shutil.copytree(two_objects, tmp_path / "engine"), {0, 1}, monkeypatch)
    update = engine.refetch().update
    assert (update.refetch_rejected, update.solution) == ("component 1 failed", 0)


@pytest.mark.parametrize(("loses", "leads"), [(1, 1), (4, 0)])
def test_a_component_that_would_lose_surface_stays_as_it_is_and_the_other_one_gets_its_solution(
    two_objects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loses: int, leads: int
) -> None:
    """The larger one, of images 4 to 7, would lead from now on; without its next model the other one goes on to lead."""
    monkeypatch.setattr(densifier, "surface_lost_share", lambda _before, _after, views: 0.13 * (loses in views))
    engine = refetched(shutil.copytree(two_objects, tmp_path / "engine"), set(), monkeypatch)
    before = [each.mapper for each in engine.components]
    outcome = engine.refetch()
    assert (outcome.update.refetch_rejected, outcome.update.solution, outcome.update.leads) == ("", 1, leads)
    assert components(outcome.update) == ([1, 1, 1, 0, 0, 0, 0] if leads else [0, 0, 0, 1, 1, 1, 1])
    assert [each.number for each in engine.components] == [0, 1]
    assert [each.mapper in before for each in engine.components] == [False, True]  # the further one stays
    assert {path.name for path in outcome.folder.iterdir()} == {"component-1.ply", "points.ply", "update.json"}
    again = LiveEngine(tmp_path / "engine", DENSE)
    assert [each.mapper.placed_numbers() for each in again.components] == [
        each.mapper.placed_numbers() for each in engine.components
    ]


def test_a_solution_of_a_further_component_that_fits_into_no_known_world_is_left_out(
    two_objects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def degenerate(target: Any, source: Any) -> Sim3:
        if 1 in target.reg_image_ids():
            raise DegenerateGeometryError("all points lie on one line")
        return similarity_between(target, source)

    monkeypatch.setattr(next_components, "similarity_between", degenerate)
    engine = refetched(shutil.copytree(two_objects, tmp_path / "engine"), set(), monkeypatch)
    update = engine.refetch().update
    assert (update.refetch_rejected, update.solution, update.leads) == ("", 1, 1)
    assert components(update) == [1, 1, 1, 0, 0, 0, 0]


def test_components_that_were_to_be_joined_are_kept_apart_without_a_solution() -> None:
    walk = walked(*LEFT, *RIGHT, MIDDLE)
    placed = walk.placed()
    (task,) = walk.tasks()
    task.numbers.add(99)
    apart = task.apart()
    assert [each.component.number for each in apart] == [0, 1]
    assert [each.numbers for each in apart] == [{*placed[0], 99}, set(placed[1])]
    assert [each.absorbed for each in apart] == [[], []]


def components(update: Update) -> list[int]:
    assert all(camera.world_from_camera is not None for camera in update.cameras)
    return [camera.component for camera in update.cameras]
