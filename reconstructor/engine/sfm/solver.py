"""What runs in the child process of a refetch? Solvers and the live model compete: the most exact that passes the gate wins.

    python -m reconstructor.engine.sfm.solver FOLDER

FOLDER holds `request.json`, `live/` (the model to be replaced, if there is one) and, afterwards, `result/` and
`verdict.json`. It is a child process because global mapping cannot be cancelled, and images are added meanwhile.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import BaseModel, ConfigDict

from broker import logs
from broker.errors import CairnError
from broker.logs import get_logger
from broker.printable import printable
from reconstructor.engine.colmap import configure, pycolmap
from reconstructor.engine.features.image_files import ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.features.larger_features import LargerFeatures
from reconstructor.engine.lsm.kept_matches import MatchFiles
from reconstructor.engine.lsm.refinement import remeasured, write_back
from reconstructor.engine.settings import EngineSettings, Quality
from reconstructor.engine.sfm.calibration_check import set_unfit_calibrations_aside
from reconstructor.engine.sfm.camera_groups import CameraSearch
from reconstructor.engine.sfm.camera_learning import learned_cameras, set_learned_aside
from reconstructor.engine.sfm.equal_parts.contradicted_walk import contradicted_walk
from reconstructor.engine.sfm.equal_parts.repeated_matches import without_repeated
from reconstructor.engine.sfm.gate.bounds import TIE
from reconstructor.engine.sfm.gate.figures import ModelFigures
from reconstructor.engine.sfm.global_mapper import finish_solution, solve_globally, track_limits
from reconstructor.engine.sfm.high_quality.full_size import MOST_IMAGES, moved, with_larger_features
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.model_comparison import placed_numbers, tight_share
from reconstructor.engine.sfm.pruning import LEAST_IMAGES, Pruned, prune
from reconstructor.engine.sfm.refetch_gate import GateFigures, judge
from reconstructor.engine.sfm.repair import repair, weak_images
from reconstructor.engine.sfm.restore import build_mapper, restore_images
from reconstructor.engine.sfm.windows import WINDOW, refine_in_windows
from reconstructor.processes.background import end_with_parent

_LEAST_LEFT_OF_LIVE: Final = 0.75  # with 0.56 a folded solution replaced a right model (2026-11-30)
_LIVE: Final = "live"
_LARGER_FEATURES: Final = "larger_features"
_TIME_FOR_FEATURES: Final = 0.5  # of what a refetch may take: what was solved before must not be lost
_MOST_SOLVED_TOGETHER: Final = 400  # images: took 209 s on a busy core (2026-11-28); more are refined in windows
# COLMAP's checks come as ValueError, RuntimeError and IndexError, those of pydantic and NumPy's linear algebra as ValueError
_FAILURES: Final = (CairnError, OSError, ValueError, ArithmeticError, RuntimeError, LookupError, MemoryError)
_AGAINST_WALK: Final = "matches in the order of the photographs contradict it between images {} and {}"
_MOST_WORDS: Final = 200  # of a failure
_NICENESS: Final = 10  # a tenth of the CPU share of the process that adds images


class SolveRequest(BaseModel):
    """The parent's request."""

    model_config = ConfigDict(frozen=True)

    engine_folder: str
    numbers: tuple[int, ...]
    camera_ids: dict[int, int] = {}
    settings: EngineSettings
    has_live: bool
    parent_pid: int
    newest_only: bool = False  # of a large project, refine only the newest window


class Attempt(BaseModel):
    """One solver's run; with an objection it lost.

    Attributes:
        figures: against the live model.
        model: of the model by itself.
        left_out: images that it placed, but not safely; they wait.
        seconds_remeasuring: how long its tracks were measured again and adjusted.
        tight_share: of all verified matches, those within 0.3 pixels of its epipolar lines.
        tight_share_remeasured: the same after it was measured again, which counts only if it is no worse.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    method: str
    seconds: float
    figures: GateFigures | None = None
    model: ModelFigures | None = None
    left_out: tuple[int, ...] = ()
    seconds_remeasuring: float = 0.0
    tight_share: float = 0.0
    tight_share_remeasured: float = 0.0
    objection: str


class SolveVerdict(BaseModel):
    """Result of all attempts: `method` is the one that won, or empty."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    method: str
    attempts: tuple[Attempt, ...]

    @property
    def winner(self) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.method == self.method), None)

    @property
    def left_out(self) -> tuple[int, ...]:
        """The images that must wait because the winner could not place them safely."""
        return () if self.winner is None else self.winner.left_out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Solution:
    attempt: Attempt
    mapper: LiveMapper
    model: Any
    solved: Any | None = None  # the model before it was measured again


def solve(folder: Path) -> SolveVerdict:
    """Let the solvers and the live model compete; writes `result/` if a solution passes the gate."""
    request = SolveRequest.model_validate_json((folder / "request.json").read_bytes())
    configure(seed=request.settings.random_seed)
    if request.has_live and (request.newest_only or len(request.numbers) > _MOST_SOLVED_TOGETHER):
        return _refine_live(folder, request)
    known = restore_images(ImageFiles(folder=Path(request.engine_folder)), request.numbers, request.camera_ids)
    if request.has_live:
        known = without_repeated(_read_model(folder / "live"), known)
    return _Contest(known, folder, request).run()


class _Contest:
    """The solvers' solutions of one request, each repaired, measured again, and judged in the same way."""

    def __init__(self, known: KnownImages, folder: Path, request: SolveRequest) -> None:
        self._begun_s = time.monotonic()
        self._known, self._folder = known, folder
        self._settings, self._has_live = request.settings, request.has_live
        self._engine_folder = Path(request.engine_folder)
        self._reference: Any | None = None
        self._placed_before = set[int]()
        self._live_pruned: Pruned | None = None
        self._cameras = CameraSearch(known, request.settings, folder)
        self._attempts: list[Attempt] = []
        self._passed: list[_Solution] = []

    def run(self) -> SolveVerdict:
        if self._has_live:
            self._look_at_live()
        for method, run in _solvers(self._known, self._folder, self._settings, has_live=self._has_live):
            if method == _LIVE or not self._passed:
                self._try(method, partial(self._attempt, method, run))
        best = self._best()
        if self._settings.quality is Quality.HIGH and best and best.model.num_reg_images() <= MOST_IMAGES:
            self._try(_LARGER_FEATURES, partial(self._with_larger_features, best))
        return self._choose()

    def _look_at_live(self) -> None:
        """Note what the live model places, and what solutions are compared with: it without its bad images.

        If these are more than a quarter, it is the whole model: a fold makes right images look bad.
        """
        mapper = self._new_mapper()
        live, self._placed_before = pycolmap.Reconstruction(mapper.model), placed_numbers(mapper.model)
        self._live_pruned = self._prune(mapper)
        left = mapper.model.num_reg_images() / max(1, len(self._placed_before))
        reference = mapper.model if left >= _LEAST_LEFT_OF_LIVE else live
        self._reference = reference if reference.num_reg_images() >= LEAST_IMAGES else None

    def _try(self, method: str, run: "Callable[[], _Solution | Attempt]") -> None:
        """Run an attempt; if it fails, only this one is lost."""
        begun = time.monotonic()
        try:
            found = run()
        except _FAILURES as exc:
            get_logger().warning("solver_failed", method=method, exc_info=True)
            found = _lost(method, begun, f"it failed: {_words_of(exc)}")
        if isinstance(found, Attempt):
            self._attempts.append(found)
            return
        self._attempts.append(found.attempt)
        if not found.attempt.objection:
            self._passed.append(found)

    def _new_mapper(self) -> LiveMapper:
        model = _read_model(self._folder / "live") if self._has_live else None
        return build_mapper(self._known, self._settings, model=model)

    def _attempt(self, method: str, run: Callable[[LiveMapper], bool]) -> _Solution | Attempt:
        begun, mapper = time.monotonic(), self._new_mapper()
        is_solved, first = run(mapper), mapper
        mapper = self._cameras.fitting(mapper)
        objection = "" if is_solved or mapper is not first else "it found no solution"
        if not objection and mapper.changed_calibrations():
            objection = "it changed a calibration that was given"
        if not objection and (against := contradicted_walk(mapper.model, self._known)):
            return _lost(method, begun, _AGAINST_WALK.format(*against))
        is_as_live = method == _LIVE and mapper is first and not weak_images(mapper.model, self._known)
        lost = () if objection or is_as_live else repair(mapper, self._known)
        if objection or mapper.model.num_reg_images() < LEAST_IMAGES:
            objection = objection or "its matches disagree about where nearly all images were taken"
            return _lost(method, begun, objection)
        # Before it is measured again: the bounds are those of models whose observations are all where their features are.
        figures, pruned, objection = self._pruned_as_live(mapper) if is_as_live else self._prune(mapper)
        solved = pycolmap.Reconstruction(mapper.model)
        set_learned_aside(mapper, self._known)
        measured = self._measure_again(mapper)
        if set_unfit_calibrations_aside(mapper, self._settings):
            measured = self._measure_again(mapper)
        attempt = Attempt(
            method=method,
            seconds=0,
            model=figures,
            left_out=tuple(sorted({*lost, *pruned})),
            objection=objection,
            **measured,
        )
        return self._judged(attempt, begun, mapper, solved)

    def _with_larger_features(self, best: _Solution) -> _Solution:
        """The best solution with the cameras and poses that more features of the larger photographs give it."""
        begun, mapper = time.monotonic(), best.mapper
        until_s = self._begun_s + _TIME_FOR_FEATURES * self._settings.refetch_timeout_s
        larger = LargerFeatures(self._engine_folder, self._settings, until_s)
        bundles = with_larger_features(best.model, self._known, self._given_cameras(mapper), self._settings, larger)
        models = [moved(best.solved, bundle) for bundle in bundles]
        mapper.swap(max(models, key=lambda each: tight_share(each, self._known)))
        figures, pruned, objection = self._prune(mapper)
        solved = pycolmap.Reconstruction(mapper.model)
        measured = self._measure_again(mapper, holds_poses=True)
        attempt = Attempt(
            method=_LARGER_FEATURES,
            seconds=0,
            model=figures,
            left_out=tuple(sorted({*best.attempt.left_out, *pruned})),
            objection=objection,
            **measured,
        )
        return self._judged(attempt, begun, mapper, solved)

    def _judged(self, attempt: Attempt, begun: float, mapper: LiveMapper, solved: Any) -> _Solution:
        """The solution of an attempt, compared with the live model."""
        unreadable = () if attempt.model is None else attempt.model.unreadable
        verdict = judge(self._reference, mapper.model, self._known, solved, unreadable)
        added = {
            "seconds": time.monotonic() - begun,
            "figures": verdict.figures,
            "objection": attempt.objection or verdict.objection,
        }
        return _Solution(attempt=attempt.model_copy(update=added), mapper=mapper, model=mapper.model, solved=solved)

    def _measure_again(self, mapper: LiveMapper, *, holds_poses: bool = False) -> dict[str, float]:
        """Refine the mapper's model with exact measurements, unless its matches fit less well then or it is too large."""
        begun, solution = time.monotonic(), mapper.model
        if solution.num_reg_images() > WINDOW:
            shares = list(refine_in_windows(solution, self._engine_folder, self._settings, newest_only=False))
            return _remeasuring(begun, shares[0], shares[1])
        models, files = [], MatchFiles(folder=self._engine_folder)
        given = set(solution.cameras) if holds_poses else self._given_cameras(mapper)
        facts, learned = self._known.facts, learned_cameras(mapper, self._known)
        bundles = remeasured(solution, facts, given, self._settings, files, learned=learned, holds_poses=holds_poses)
        for bundle in bundles:
            models.append(pycolmap.Reconstruction(solution))
            write_back(models[-1], bundle)
        shares = [tight_share(each, self._known) for each in (solution, *models)]
        best = max(range(len(models)), key=lambda index: (shares[1 + index], index))
        if shares[1 + best] >= shares[0] - TIE:
            mapper.swap(models[best])
        return _remeasuring(begun, shares[0], shares[1 + best])

    def _pruned_as_live(self, mapper: LiveMapper) -> Pruned:
        """As `_prune` of the live model did, which measured the same model."""
        if self._live_pruned is None:
            return self._prune(mapper)
        for number in self._live_pruned.out:
            mapper.remove(number)
        return self._live_pruned

    def _prune(self, mapper: LiveMapper) -> Pruned:
        return prune(mapper, self._known, self._settings, self._placed_before)

    def _given_cameras(self, mapper: LiveMapper) -> set[int]:
        return {camera_id for camera_id in mapper.model.cameras if mapper.is_calibrated(camera_id)}

    def _best(self) -> _Solution | None:
        """The solution of the highest tight share; of those as good, the one of most images, then the cheapest."""
        if not self._passed:
            return None
        shares = [tight_share(each.model, self._known) for each in self._passed]
        as_good = [each for each, share in zip(self._passed, shares, strict=True) if share >= max(shares) - TIE]
        return max(as_good, key=lambda each: (each.model.num_reg_images(), -each.attempt.seconds))

    def _choose(self) -> SolveVerdict:
        best = self._best()
        if best is None:
            return SolveVerdict(method="", attempts=tuple(self._attempts))
        if not self._has_live:
            best.model.normalize()  # the first model of a project sets its world
        _write_model(best.model, self._folder / "result")
        return SolveVerdict(method=best.attempt.method, attempts=tuple(self._attempts))


def _lost(method: str, begun: float, objection: str) -> Attempt:
    return Attempt(method=method, seconds=time.monotonic() - begun, objection=objection)


def _words_of(exc: BaseException) -> str:
    """What a person can read of a failure; not the paths of files."""
    said = exc.sentence if isinstance(exc, CairnError) else getattr(exc, "strerror", None) or str(exc)
    return printable(" ".join(said.split()))[:_MOST_WORDS] or type(exc).__name__


def _refine_live(folder: Path, request: SolveRequest) -> SolveVerdict:
    """Refine the live model in windows; nothing is solved."""
    begun, model = time.monotonic(), _read_model(folder / "live")
    before, after = refine_in_windows(
        model, Path(request.engine_folder), request.settings, newest_only=request.newest_only
    )
    _write_model(model, folder / "result")
    attempt = Attempt(
        method="windows", seconds=time.monotonic() - begun, objection="", **_remeasuring(begun, before, after)
    )
    return SolveVerdict(method="windows", attempts=(attempt,))


def _remeasuring(begun_s: float, before: float, after: float) -> dict[str, float]:
    return {
        "seconds_remeasuring": time.monotonic() - begun_s,
        "tight_share": before,
        "tight_share_remeasured": after,
    }


def _solvers(
    known: KnownImages, folder: Path, settings: EngineSettings, *, has_live: bool
) -> list[tuple[str, Callable[[LiveMapper], bool]]]:
    def by_global_mapping(tracks_per_view: int) -> Callable[[LiveMapper], bool]:
        def run(mapper: LiveMapper) -> bool:
            scratch = folder / "scratch"
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            solution = solve_globally(known, mapper, scratch, settings, tracks_per_view)
            return solution is not None and bool(finish_solution(known, mapper, solution))

        return run

    solvers = [
        (f"global_{index + 1}", by_global_mapping(tracks))
        for index, tracks in enumerate(track_limits(len(known.numbers)))
    ]
    return [*solvers, (_LIVE, lambda _mapper: True)] if has_live else solvers


def _read_model(folder: Path) -> Any:
    model = pycolmap.Reconstruction()
    model.read_binary(str(folder))
    return model


def _write_model(model: Any, folder: Path) -> None:
    folder.mkdir()
    model.write_binary(str(folder))


def main(folder: Path) -> None:
    logs.configure()
    request = SolveRequest.model_validate_json((folder / "request.json").read_bytes())
    end_with_parent(request.parent_pid)
    os.nice(_NICENESS)
    torch.set_num_threads(1)  # two waited for each other while the live path was busy: 46 s instead of 10 (2026-11-28)
    verdict = solve(folder)
    unfinished = folder / "verdict.tmp"
    unfinished.write_text(verdict.model_dump_json(), encoding="utf-8")
    unfinished.rename(folder / "verdict.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
