"""How does a refetch run while images are added? A child process solves; the next models are built in parallel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, Final, NamedTuple

from broker.memory import trim_heap
from reconstructor.clouds.similarity import DegenerateGeometryError
from reconstructor.engine.components import Components
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.next_components import Arrival, NextComponents
from reconstructor.engine.parallel import before_each_part
from reconstructor.engine.priority import Priority
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.solver import SolveVerdict
from reconstructor.engine.sfm.solver_process import RefetchFailedError, SolverProcess
from reconstructor.engine.sfm.windows import WINDOW
from reconstructor.engine.solve_tasks import SolveTask, tasks_of
from reconstructor.engine.stopwatch import Stopwatch
from reconstructor.progress import write_progress

_LEAST_IMAGES_TO_SOLVE: Final = 3
_IMAGES_IN_TIME: Final = 800  # that are refined in windows within the time-out; with more it is longer
_SPAN_OF_STAGE: Final = {"solving": (0.0, 0.3), "depth": (0.3, 0.7), "fusion": (0.7, 0.95), "publishing": (0.95, 1.0)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RefetchResult:
    """Result of a refetch: replacements, or the reason there are none; neither if there are too few images.

    There are replacements as soon as one component gained a solution; the others keep their models.

    Attributes:
        verdict: the solver's attempts with the gate's figures, of the component that will lead; None if it failed.
        next_components: the new models; the very last images may be missing.
        objection: why there is no new model, in one line.
    """

    verdict: SolveVerdict | None = None
    next_components: NextComponents | None = None
    objection: str = ""


class _Solved(NamedTuple):
    """The result of one task; see `Refetch.solve`."""

    task: SolveTask
    verdict: SolveVerdict | None
    solution: Any | None
    objection: str


class Refetch:
    """The refetches of one engine.

    Args:
        folder: the engine's folder.
        settings: the engine's settings.
        known: what the engine knows of the images; it grows meanwhile.
        lock: only its holder may change `known` and the live model.
    """

    def __init__(self, folder: Path, settings: EngineSettings, known: KnownImages, lock: RLock) -> None:
        self.priority = Priority()
        self._folder, self._settings, self._known, self._lock = folder, settings, known, lock
        self._running: SolverProcess | None = None

    def close(self) -> None:
        """End a running refetch: at once while it solves, else before its next image."""
        self.priority.close()
        if (running := self._running) is not None:
            running.stop()

    def run(self, live: Components, watch: Stopwatch) -> RefetchResult:
        """Solve everything and build the next models; the live components are only read.

        Raises:
            EngineClosedError: the engine was closed meanwhile.
        """
        if len(self._known.numbers) < _LEAST_IMAGES_TO_SOLVE:
            return RefetchResult()
        self.priority.begin()
        self.report("solving", 0, 1)
        with watch.measure("solving"):
            tasks, numbers = self._tasks(live)
            solved = []
            for done, task in enumerate(tasks):
                self.report("solving", done, len(tasks))
                solved.append(_Solved(task, *self.solve(task)))
        self.report("solving", 1, 1)
        verdict = solved[0].verdict
        if all(each.solution is None for each in solved):
            return RefetchResult(verdict=verdict, objection=solved[0].objection)
        pause = self.priority.yield_interpreter
        following = NextComponents(self._known, self._settings, leads=tasks[0].component.number, pause=pause)
        with watch.measure("mapping"):
            objections = self._build(following, solved, numbers)
        if len(objections) < len(tasks):
            with watch.measure("dense"), before_each_part(self.priority.yield_to_images):
                objections |= following.rebuild(live, lambda order: self.report if order == 0 else self._yield_beside)
        if not {task.component.number for task in tasks}.difference(objections):
            return RefetchResult(verdict=verdict, objection=next(iter(objections.values())))
        with watch.measure("dense"):
            while len(arrivals := self.arrivals(following, live)) > following.most_missing:
                following.catch_up(arrivals, live)
                self.report("publishing", 0, 1)
            following.prepare()
        return RefetchResult(verdict=verdict, next_components=following)

    def solve(self, task: SolveTask) -> tuple[SolveVerdict | None, Any | None, str]:
        """The verdict on a new solution, the solution if it passed, and the objection if not."""
        numbers = tuple(sorted(task.numbers))
        camera_ids = {number: self._known.camera_ids[number] for number in numbers}
        newest_only = task.live is not None and len(numbers) > WINDOW and not self.priority.is_at_rest
        self._running = SolverProcess.start(
            self._folder, numbers, task.live, self._settings, camera_ids, newest_only=newest_only
        )
        if self.priority.is_closed:  # closed before there was a process to stop
            self._running.stop()
        try:
            in_windows = max(1.0, len(numbers) / _IMAGES_IN_TIME)
            verdict, solution = self._running.wait(self._settings.refetch_timeout_s * in_windows, self.priority)
        except RefetchFailedError as exc:
            return None, None, exc.sentence
        finally:
            self._running = None
        task.left_out = set(verdict.left_out)
        task.only_newest_moved = solution is not None and newest_only
        said = dict.fromkeys(attempt.objection for attempt in verdict.attempts)  # each once
        return verdict, solution, "" if solution else "; ".join(said)

    def arrivals(self, following: NextComponents, live: Components) -> dict[int, Arrival]:
        """The images that the next models do not know yet."""
        with self._lock:
            return following.arrivals(live)

    def report(self, stage: str, done: int, total: int) -> None:
        """Write the refetch's progress, return free memory to the system, and wait while images are added."""
        begin, end = _SPAN_OF_STAGE[stage]
        write_progress(self._folder, stage, begin + (end - begin) * done / total)
        trim_heap()
        self.priority.yield_to_images()

    def _yield_beside(self, _stage: str, _done: int, _total: int) -> None:
        """The report of a further component: progress is that of the leading one."""
        self.report("publishing", 0, 1)

    def _tasks(self, live: Components) -> tuple[list[SolveTask], list[int]]:
        """What is to be solved, and the images that are known now; those that come later are caught up with."""
        with self._lock:
            numbers = list(self._known.numbers)
            alone = [SolveTask.of(each) for each in live.every]
            waiting = live.waiting(max(numbers))
        return tasks_of(alone, waiting, self._known, self._settings), numbers

    def _build(self, following: NextComponents, solved: Iterable[_Solved], numbers: Sequence[int]) -> dict[int, str]:
        """Build the next models of the solutions; a component without one goes on with a copy of its live model.

        Returns:
            What speaks against the solutions that were not taken, by number of the component, the leading one's first.
        """
        objections: dict[int, str] = {}
        for each in solved:
            objection = each.objection
            if each.solution is not None:
                try:
                    following.add(each.task, each.solution, numbers, self._lock)
                    continue
                except DegenerateGeometryError as exc:
                    objection = exc.sentence
            objections[each.task.component.number] = objection
            following.keep(each.task, numbers, self._lock)
        return objections
