"""A refetch whose solutions are all bad, by the whole path from the solver to the store: nothing changes but a word."""

import copy
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from broker.errors import CairnError
from broker.ids import ProjectId, SenderId
from broker.manifest import Manifest
from broker.shards import sha256
from reconstructor.engine import refetch as engine_refetch
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.live_engine import LiveEngine
from reconstructor.engine.lsm.bundle import Bundle
from reconstructor.engine.lsm.refinement import remeasured
from reconstructor.engine.settings import EngineSettings, Quality
from reconstructor.engine.sfm import pruning, solver, windows
from reconstructor.engine.sfm.gate.figures import ImageFigures, ModelFigures
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.jobs.answer import read_answer
from reconstructor.jobs.commit import RefetchRejectedError, plan_commit
from reconstructor.schedule import Job, JobKind
from reconstructor.storage.images import NewImage
from reconstructor.storage.store import Store
from tests.photographs import image_id
from tests.unit.reconstructor.engine.spoiled import (
    half_the_images_swapped,
    mirrored,
    tracks_subsampled,
    wrong_focal_length,
)
from tests.unit.reconstructor.engine.synthetic import Photographs

SETTINGS = EngineSettings(threads=1, max_features=1000, dense=False)
PROJECT = ProjectId("chapel")
COUNT = 6

Spoil = Callable[[Any], None]
Run = Callable[[LiveMapper], bool]


class Here:
    """The solver's process, but in this one, where its solutions can be spoiled."""

    def __init__(self, command: list[str], **_: object) -> None:
        self._folder, self.pid = Path(command[-1]), 0

    def poll(self) -> int:
        verdict = solver.solve(self._folder)
        (self._folder / "verdict.json").write_text(verdict.model_dump_json())
        return 0


class Project:
    """A store and the engine's answers in it, as the service has them."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder, refetch_every=COUNT)
        self.engine = LiveEngine(self.store.black_box_folder, SETTINGS)

    def add(self, path: Path, number: int) -> None:
        payload = path.read_bytes()
        name = image_id(payload, number)
        image = NewImage(
            image_id=name,
            sender=SenderId("rig-north"),
            name=name,
            sha256=sha256(payload),
            suffix=".jpg",
            content_type="image/jpeg",
            width_px=480,
            height_px=360,
            received_at=datetime.now(UTC),
        )
        self.store.add_image(image, payload)

    def run_job(self) -> tuple[Job, tuple[CairnError, ...]]:
        """The next job to its end; returns it and what is said beside it."""
        job = self.store.next_job()
        assert job is not None
        self.store.start(job)
        image = self.store.image(job.image_number)
        path = Path(self.store.path(image))
        add = self.engine.add_image
        made = self.engine.refetch() if job.kind is JobKind.REFETCH else add(path, str(image.image_id))
        answer = read_answer(made.folder, 1_000_000)
        outcome = plan_commit(job, answer, self.store, project=PROJECT)
        self.store.commit(job, outcome.change)
        self.store.finish(job)
        return job, outcome.remarks

    def manifest(self) -> Manifest:
        reference = self.store.references.newest()
        assert reference is not None
        return reference.manifest

    def centers(self) -> dict[int, np.ndarray]:
        model = self.engine.model
        return {number: model.image(number).projection_center() for number in model.reg_image_ids()}


def spoiling(ladder: Callable[..., list[tuple[str, Run]]], spoil: Spoil) -> Callable[..., list[tuple[str, Run]]]:
    """A ladder on which every rung comes out spoiled."""

    def spoiled(run: Run) -> Run:
        def run_and_spoil(mapper: LiveMapper) -> bool:
            is_solved = run(mapper)
            spoil(mapper.model)
            return is_solved

        return run_and_spoil

    return lambda *arguments, **more: [(method, spoiled(run)) for method, run in ladder(*arguments, **more)]


@pytest.fixture
def project(tmp_path: Path, photographs: Photographs) -> Project:
    """Six images, and a refetch that is due."""
    project = Project(tmp_path / "chapel")
    for number, path in enumerate(photographs.paths[:COUNT]):
        project.add(path, number)
        project.run_job()
    return project


def test_bad_solutions_are_all_refused_and_the_generation_stays_until_a_good_one_comes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconstructor.engine.sfm.solver_process.subprocess.Popen", Here)
    before, centers = project.manifest(), project.centers()
    assert len(centers) == COUNT
    for spoil in (tracks_subsampled, mirrored):
        with monkeypatch.context() as patch:
            patch.setattr(solver, "_solvers", spoiling(solver._solvers, spoil))
            job, remarks = project.run_job()
        assert job.kind is JobKind.REFETCH
        assert [type(each) for each in remarks] == [RefetchRejectedError], spoil.__name__
        assert remarks[0].code == "refetch_rejected"
        assert remarks[0].sentence
        assert project.manifest() == before
        for number, center in project.centers().items():
            assert np.array_equal(center, centers[number])
        project.store.request_refetch()
    extent = np.linalg.norm(np.ptp(np.array(list(centers.values())), axis=0))
    for spoil in (half_the_images_swapped, wrong_focal_length):
        with monkeypatch.context() as patch:
            patch.setattr(solver, "_solvers", spoiling(solver._solvers, spoil))
            _, remarks = project.run_job()
        assert {type(each) for each in remarks} <= {RefetchRejectedError}  # or healed by repair and robust adjustment
        for number, center in project.centers().items():
            assert np.linalg.norm(center - centers[number]) < 0.02 * extent, spoil.__name__
        project.store.request_refetch()
    generation = project.manifest().generation
    _, remarks = project.run_job()
    assert remarks == ()
    assert (project.manifest().generation, project.manifest().revision) == (generation + 1, 0)
    project.store.close()


def test_measurements_that_fit_the_matches_worse_are_left_out(
    tmp_path: Path, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconstructor.engine.sfm.solver_process.subprocess.Popen", Here)
    engine = LiveEngine(tmp_path, SETTINGS)
    for path in photographs.paths[:4]:
        engine.add_image(path, path.stem)

    def spoiled(*arguments: Any, **more: Any) -> list[Bundle]:
        return [replace(bundle, poses=bundle.poses[::-1]) for bundle in remeasured(*arguments, **more)]

    with monkeypatch.context() as patch:
        patch.setattr(solver, "remeasured", spoiled)
        refetched = engine.refetch()
    assert refetched.solve is not None
    assert refetched.solve.winner is not None
    assert refetched.solve.winner.tight_share_remeasured < 0.5 * refetched.solve.winner.tight_share
    error = photographs.center_error(refetched.update)
    assert error < 0.01
    refetched = engine.refetch()
    assert refetched.solve is not None
    assert refetched.solve.winner is not None
    assert refetched.solve.winner.tight_share_remeasured > refetched.solve.winner.tight_share - 0.002
    assert photographs.center_error(refetched.update) < error
    error = photographs.center_error(refetched.update)
    with monkeypatch.context() as patch:
        for module in (engine_refetch, windows):
            patch.setattr(module, "WINDOW", 3)
        refetched = engine.refetch()
    assert refetched.solve is not None
    assert refetched.solve.method == "windows"  # an image came within the last minute, so only the newest are refined
    assert photographs.center_error(refetched.update) < 1.1 * error


def test_a_refetch_whose_photographs_are_gone_keeps_all_images_where_they_are(
    tmp_path: Path, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconstructor.engine.sfm.solver_process.subprocess.Popen", Here)
    engine, folder = LiveEngine(tmp_path / "engine", SETTINGS), tmp_path / "images"
    folder.mkdir()
    for path in photographs.paths[:COUNT]:
        engine.add_image(Path(shutil.copy(path, folder)), path.stem)
    before = photographs.center_error(engine.complete().update)
    shutil.rmtree(folder)
    refetched = engine.refetch()
    assert refetched.update.refetch_rejected == ""
    assert [camera.state.value for camera in refetched.update.cameras] == ["placed"] * COUNT
    assert photographs.center_error(refetched.update) < max(2 * before, 0.01)


class PlacedImages:
    """A mapper of images of which some cannot be where they are."""

    def __init__(self, count: int) -> None:
        self.left, self.model = set(range(1, count + 1)), self
        self.removed: list[int] = []

    def num_reg_images(self) -> int:
        return len(self.left)

    def reg_image_ids(self) -> list[int]:
        return sorted(self.left)

    def remove(self, number: int) -> None:
        self.left.remove(number)
        self.removed.append(number)


def figures_of(numbers: set[int], bad: set[int], **changes: Any) -> ModelFigures:
    images = tuple(
        ImageFigures(
            number=number,
            observations=300,
            share=0.1 if number in bad else 0.9,
            tight_share=0.6,
            reprojection_ratio=1.0,
            confirmed=0.7,
        )
        for number in sorted(numbers)
    )
    good = ModelFigures(
        images=images,
        tight_share=0.6,
        cut_points=500,
        cut=(1,),
        confirmed_across=0.6,
        silent_pairs=(),
        conflicts=0.0,
    )
    return good.model_copy(update=changes)


@pytest.fixture
def contest(tmp_path: Path) -> solver._Contest:
    request = solver.SolveRequest(
        engine_folder=str(tmp_path), numbers=(), settings=SETTINGS, has_live=False, parent_pid=0
    )
    return solver._Contest(KnownImages(), tmp_path, request)


@pytest.mark.parametrize("bad", [set(), {3}, {2, 5, 8, 11}, set(range(4, 14))])
def test_a_model_is_judged_without_all_of_its_bad_images(
    contest: solver._Contest, monkeypatch: pytest.MonkeyPatch, bad: set[int]
) -> None:
    images: Any = PlacedImages(20)
    monkeypatch.setattr(pruning, "measure_model", lambda model, *_: figures_of(model.left, bad))
    figures, pruned, objection = contest._prune(images)
    assert objection == ""
    assert set(pruned) == bad
    assert figures is not None
    assert {each.number for each in figures.images} == set(range(1, 21)) - bad, "the figures are those of what is left"


def test_a_model_of_which_most_images_are_bad_is_refused(
    contest: solver._Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    images: Any = PlacedImages(20)
    monkeypatch.setattr(pruning, "measure_model", lambda model, *_: figures_of(model.left, set(range(1, 12))))
    _, pruned, objection = contest._prune(images)
    assert (pruned, images.removed) == ((), [])
    assert "image 1 " in objection


@pytest.mark.parametrize(("count", "measured_count"), [(20, 9), (150, 6), (200, 5), (400, 3), (2000, 3)])
def test_a_large_model_is_measured_less_often(
    contest: solver._Contest, monkeypatch: pytest.MonkeyPatch, count: int, measured_count: int
) -> None:
    images: Any = PlacedImages(count)
    measured: list[int] = []

    def measure(model: PlacedImages, *_: object) -> ModelFigures:
        measured.append(len(model.left))
        return figures_of(model.left, set(), cut_points=3, cut=tuple(sorted(model.left)[-2:]))

    monkeypatch.setattr(pruning, "measure_model", measure)
    contest._prune(images)
    assert len(measured) == measured_count


def test_the_live_model_is_not_measured_twice(contest: solver._Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "measure_model", lambda model, *_: figures_of(model.left, {3}))
    monkeypatch.setattr(pycolmap, "Reconstruction", copy.deepcopy)
    monkeypatch.setattr(contest, "_new_mapper", lambda: PlacedImages(16))
    contest._look_at_live()
    monkeypatch.setattr(pruning, "measure_model", None)
    images: Any = PlacedImages(16)
    assert contest._pruned_as_live(images).out == (3,)
    assert images.removed == [3]


@pytest.mark.parametrize(("bad_count", "kept_count"), [(0, 16), (4, 12), (5, 16), (7, 16)])
def test_solutions_keep_all_live_images_if_too_many_of_them_are_bad(
    contest: solver._Contest, monkeypatch: pytest.MonkeyPatch, bad_count: int, kept_count: int
) -> None:
    bad = set(range(1, bad_count + 1))
    monkeypatch.setattr(pruning, "measure_model", lambda model, *_: figures_of(model.left, bad))
    monkeypatch.setattr(pycolmap, "Reconstruction", copy.deepcopy)
    monkeypatch.setattr(contest, "_new_mapper", lambda: PlacedImages(16))
    contest._look_at_live()
    assert contest._placed_before == set(range(1, 17))
    assert contest._reference is not None
    assert contest._reference.num_reg_images() == kept_count


def test_parts_are_taken_out_one_by_one_before_single_images_and_what_is_left_is_judged_once_more(
    contest: solver._Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, bad = [(19, 20), (17, 18), (15, 16)], {2, 4}

    def measured(model: PlacedImages, *_: object) -> ModelFigures:
        apart = next((part for part in parts if model.left.issuperset(part)), None)
        changes: dict[str, Any] = {} if apart is None else {"cut_points": 3, "cut": apart}
        return figures_of(model.left, bad, **changes)

    images: Any = PlacedImages(20)
    monkeypatch.setattr(pruning, "measure_model", measured)
    assert contest._prune(images)[1:] == ((19, 20, 17, 18, 15, 16, 2, 4), "")
    images = PlacedImages(20)
    monkeypatch.setattr(pruning, "measure_model", lambda model, *_: figures_of(model.left, set(), conflicts=0.5))
    assert contest._prune(images)[1] == ()
    assert "stand before" in contest._prune(images)[2]


@pytest.mark.parametrize(
    ("failure", "objection"),
    [
        (np.linalg.LinAlgError("SVD did not converge"), "it failed: SVD did not converge"),
        (OSError(28, "No space left on device", "/srv/chapel/solve.db"), "it failed: No space left on device"),
        (RuntimeError("SQLite error:\ndisk is full"), "it failed: SQLite error: disk is full"),
        (IndexError("Point3D with ID 3 does not exist"), "it failed: Point3D with ID 3 does not exist"),
        (MemoryError(), "it failed: MemoryError"),
    ],
)
def test_a_failure_is_the_objection_to_one_attempt(
    contest: solver._Contest, failure: Exception, objection: str
) -> None:
    def fails() -> solver.Attempt:
        raise failure

    contest._try("global_1", fails)
    contest._try("live", lambda: solver.Attempt(method="live", seconds=1.0, objection="it found no solution"))
    assert [each.objection for each in contest._choose().attempts] == [objection, "it found no solution"]


def test_a_solver_that_fails_loses_only_its_own_attempt(
    tmp_path: Path, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bool:
        raise np.linalg.LinAlgError

    monkeypatch.setattr("reconstructor.engine.sfm.solver_process.subprocess.Popen", Here)
    for name in ("solve_globally", "with_larger_features"):
        monkeypatch.setattr(solver, name, fails)
    engine = LiveEngine(tmp_path, SETTINGS.model_copy(update={"quality": Quality.HIGH}))
    for path in photographs.paths[:4]:
        engine.add_image(path, path.stem)
    refetched = engine.refetch()
    assert refetched.update.refetch_rejected == ""
    assert refetched.solve is not None
    assert refetched.solve.method == "live"
    first, *_, last = refetched.solve.attempts
    assert first.objection == last.objection == "it failed: LinAlgError"
    assert last.method == "larger_features"
