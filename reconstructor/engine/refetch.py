"""How does a refetch run while images are added? A child process solves; the next model is built in parallel."""

from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, Final

from broker.memory import trim_heap
from reconstructor.clouds.similarity import DegenerateGeometryError
from reconstructor.engine import colmap
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.mvs.densifier import Densifier
from reconstructor.engine.next_model import NextModel, world_of
from reconstructor.engine.priority import Priority
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.model_comparison import similarity_between
from reconstructor.engine.sfm.solver import SolveVerdict
from reconstructor.engine.sfm.solver_process import RefetchFailedError, SolverProcess
from reconstructor.engine.sfm.windows import WINDOW
from reconstructor.engine.stopwatch import Stopwatch
from reconstructor.progress import write_progress

_LEAST_IMAGES_TO_SOLVE: Final = 3
_IMAGES_IN_TIME: Final = 800  # that are refined in windows within the time-out; with more it is longer
_SPAN_OF_STAGE: Final = {"solving": (0.0, 0.3), "depth": (0.3, 0.7), "fusion": (0.7, 0.95), "publishing": (0.95, 1.0)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RefetchResult:
    """Result of a refetch: a replacement model, or the reason there is none; neither if there are too few images.

    Attributes:
        verdict: the solver's attempts with the gate's figures; None if the solver failed.
        next_model: the new model; the very last images may be missing.
        objection: why there is no new model, in one line.
    """

    verdict: SolveVerdict | None = None
    next_model: NextModel | None = None
    objection: str = ""


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

    def run(self, mapper: LiveMapper, densifier: Densifier | None, watch: Stopwatch) -> RefetchResult:
        """Solve everything and build the next model; the live one, `mapper` and `densifier`, is only read.

        Raises:
            EngineClosedError: the engine was closed meanwhile.
        """
        if len(self._known.numbers) < _LEAST_IMAGES_TO_SOLVE:
            return RefetchResult()
        self.priority.begin()
        self.report("solving", 0, 1)
        with watch.measure("solving"):
            verdict, solution, objection = self.solve(mapper)
        self.report("solving", 1, 1)
        if solution is None:
            return RefetchResult(verdict=verdict, objection=objection)
        try:
            is_in_frame = verdict is not None and verdict.method == "windows"
            next_model = self._build_next_model(solution, mapper, watch, is_in_frame=is_in_frame)
        except DegenerateGeometryError as exc:
            return RefetchResult(verdict=verdict, objection=exc.sentence)
        with watch.measure("dense"):
            if densifier is not None:
                next_model.rebuild(densifier, self.report)
            while len(missing := self.missing(next_model)) > 1:
                next_model.catch_up(missing, densifier)
                self.report("publishing", 0, 1)
        with watch.measure("publishing"):
            next_model.publish()
        return RefetchResult(verdict=verdict, next_model=next_model)

    def solve(self, mapper: LiveMapper) -> tuple[SolveVerdict | None, Any | None, str]:
        """The verdict on a new solution, the solution if it passed, and the objection if not."""
        with self._lock:
            live = mapper.model if mapper.is_initialised else None
            numbers = tuple(self._known.numbers)
            newest_only = live is not None and len(numbers) > WINDOW and not self.priority.is_at_rest
            self._running = SolverProcess.start(self._folder, numbers, live, self._settings, newest_only=newest_only)
        if self.priority.is_closed:  # closed before there was a process to stop
            self._running.stop()
        try:
            in_windows = max(1.0, len(numbers) / _IMAGES_IN_TIME)
            verdict, solution = self._running.wait(self._settings.refetch_timeout_s * in_windows)
        except RefetchFailedError as exc:
            return None, None, exc.sentence
        finally:
            self._running = None
        return verdict, solution, "" if solution else "; ".join(attempt.objection for attempt in verdict.attempts)

    def missing(self, next_model: NextModel) -> list[int]:
        """The images that the next model does not know yet."""
        with self._lock:
            return next_model.missing(self._known.numbers)

    def report(self, stage: str, done: int, total: int) -> None:
        """Write the refetch's progress, return free memory to the system, and wait while images are added."""
        begin, end = _SPAN_OF_STAGE[stage]
        write_progress(self._folder, stage, begin + (end - begin) * done / total)
        trim_heap()
        self.priority.yield_to_images()

    def _build_next_model(self, solution: Any, mapper: LiveMapper, watch: Stopwatch, *, is_in_frame: bool) -> NextModel:
        """The next model from a solution, moved into the project's world frame unless it is in it."""
        with self._lock:
            if mapper.is_initialised and not is_in_frame:
                solution.transform(colmap.sim3(similarity_between(mapper.model, solution)))
            numbers, world = self._known.numbers, world_of(mapper)
        with watch.measure("mapping"):
            return NextModel(
                solution=solution, numbers=numbers, known=self._known, world=world, settings=self._settings
            )
