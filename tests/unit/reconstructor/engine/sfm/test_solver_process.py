"""Can the solver be stopped, does its failure leave the model alone, and does it end with its parent?"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from reconstructor.engine import priority
from reconstructor.engine.features.image_files import ImageFiles
from reconstructor.engine.priority import Priority
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.solver import SolveVerdict
from reconstructor.engine.sfm.solver_process import RefetchFailedError, SolverProcess
from tests.unit.reconstructor.engine.synthetic import Walk, seen_points

SETTINGS = EngineSettings(threads=1)
NUMBERS = (1, 2, 3, 4, 5, 6)


@pytest.fixture(scope="module")
def walk() -> Walk:
    walk = Walk(seen_points(cameras=len(NUMBERS)))
    for number in NUMBERS:
        walk.add(number)
    return walk


@pytest.fixture
def folder(walk: Walk, tmp_path: Path) -> Path:
    """An engine's folder with the files of the walk."""
    files = ImageFiles(folder=tmp_path)
    for number in NUMBERS:
        files.write_features(number, walk.known.facts[number], walk.known.features[number])
        files.write_pairs(number, tuple(pair for pair in walk.known.pairs[number] if pair.newer == number))
    return tmp_path


def test_the_solver_places_all_images_and_passes_the_gate(walk: Walk, folder: Path) -> None:
    verdict, model = SolverProcess.start(folder, NUMBERS, walk.mapper.model, SETTINGS).wait(60, Priority())
    assert verdict.method in {"global_1", "live"}
    assert verdict.left_out == ()
    assert model is not None
    assert sorted(model.reg_image_ids()) == list(NUMBERS)
    assert [attempt.method for attempt in verdict.attempts] == ["global_1", "live"]
    assert verdict.attempts[0].figures is not None
    assert verdict.attempts[0].figures.mean_jump_ratio is not None
    assert verdict.attempts[0].figures.mean_jump_ratio < 0.01


def test_a_project_that_found_no_beginning_gets_its_first_model(walk: Walk, folder: Path) -> None:
    verdict, model = SolverProcess.start(folder, NUMBERS, None, SETTINGS).wait(60, Priority())
    assert verdict.method
    assert model is not None
    assert model.num_reg_images() == len(NUMBERS)


def test_a_solver_that_is_too_slow_is_stopped_within_two_seconds(walk: Walk, folder: Path) -> None:
    refetch = SolverProcess.start(folder, NUMBERS, walk.mapper.model, SETTINGS)
    begun = time.monotonic()
    with pytest.raises(RefetchFailedError, match="longer than"):
        refetch.wait(0.05, Priority())
    assert time.monotonic() - begun < 2


def test_a_solver_that_dies_says_why(walk: Walk, folder: Path) -> None:
    shutil.rmtree(folder / "features")
    with pytest.raises(RefetchFailedError, match="image 1 are gone"):
        SolverProcess.start(folder, NUMBERS, walk.mapper.model, SETTINGS).wait(60, Priority())


SCRIPT = (
    "import sys, time; from pathlib import Path; from reconstructor.engine.sfm.solver_process import SolverProcess\n"
    "from reconstructor.engine.settings import EngineSettings\n"
    "refetch = SolverProcess.start(Path(sys.argv[1]), (1, 2, 3, 4, 5, 6), None, EngineSettings(threads=1))\n"
    "print(refetch.process_id, flush=True); time.sleep(60)\n"
)


def parent_of_solver(script: str, folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], env=environment, stdout=subprocess.PIPE, text=True
    )


def test_a_solver_ends_when_its_parent_is_killed(walk: Walk, folder: Path) -> None:
    with parent_of_solver(SCRIPT, folder) as parent:
        assert parent.stdout is not None
        solver = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    psutil.wait_procs([solver], timeout=20)
    assert not solver.is_running()


def test_a_solver_pauses_while_an_image_is_added_and_ends_all_the_same(
    walk: Walk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(priority, "_PATIENCE_S", 600.0)
    both = Priority()
    both.begin()
    verdicts: list[SolveVerdict] = []
    with both.adding():
        solver = SolverProcess.start(folder, NUMBERS, walk.mapper.model, SETTINGS)
        waiting = threading.Thread(target=lambda: verdicts.append(solver.wait(60, both)[0]))
        waiting.start()
        while psutil.Process(solver.process_id).status() != psutil.STATUS_STOPPED:  # the test's time limit ends it
            time.sleep(0.02)
        waiting.join(1)
        assert not verdicts
    waiting.join(60)
    assert verdicts[0].method


def test_a_paused_solver_ends_when_its_parent_is_killed(walk: Walk, folder: Path) -> None:
    script = SCRIPT.replace(
        "time.sleep(60)",
        "from reconstructor.processes.background import may_pause, paused\n"
        "while not may_pause(refetch.process_id): time.sleep(0.02)\n"
        "with paused(refetch.process_id): print(flush=True); time.sleep(60)",
    )
    with parent_of_solver(script, folder) as parent:
        assert parent.stdout is not None
        solver = psutil.Process(int(parent.stdout.readline()))
        parent.stdout.readline()
        parent.send_signal(signal.SIGKILL)
    psutil.wait_procs([solver], timeout=20)
    assert not solver.is_running()
