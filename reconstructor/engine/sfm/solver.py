"""What runs in the child process of a refetch? Several solvers in turn; the first solution that passes the gate wins.

    python -m reconstructor.engine.sfm.solver FOLDER

FOLDER holds `request.json`, `live/` (the model to be replaced, if there is one) and, afterwards, `result/` and
`verdict.json`. It is a child process because global mapping cannot be cancelled, and images are added meanwhile.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import BaseModel, ConfigDict

from reconstructor.engine.colmap import configure, pycolmap
from reconstructor.engine.features.image_files import ImageFiles
from reconstructor.engine.features.known_images import KnownImages
from reconstructor.engine.lsm.kept_matches import MatchFiles
from reconstructor.engine.lsm.refinement import remeasured, write_back
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.calibration_check import set_unfit_calibrations_aside
from reconstructor.engine.sfm.camera_groups import with_fitting_cameras
from reconstructor.engine.sfm.global_mapper import finish_solution, solve_globally, track_limits
from reconstructor.engine.sfm.incremental_mapper import LiveMapper
from reconstructor.engine.sfm.model_comparison import epipolar_inlier_share
from reconstructor.engine.sfm.refetch_gate import GateFigures, judge
from reconstructor.engine.sfm.restore import build_mapper, restore_images
from reconstructor.engine.sfm.windows import WINDOW, refine_in_windows

_WATCH_INTERVAL_S: Final = 0.5
_TIGHT_PX: Final = 0.3  # matches within it tell good models from better ones; those within 4 do not
_MOST_TIGHT_LOSS: Final = 0.002
_MOST_SOLVED_TOGETHER: Final = 400  # images: took 209 s on a busy core (2026-11-28); more are refined in windows
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
    """One solver's run."""

    model_config = ConfigDict(frozen=True)

    method: str
    seconds: float
    figures: GateFigures | None = None
    objection: str


class SolveVerdict(BaseModel):
    """Result of all attempts: `method` is the one that passed, or empty.

    Attributes:
        seconds_remeasuring: how long its tracks were measured again and adjusted.
        tight_share: of the verified matches, those within 0.3 pixels of its epipolar lines.
        tight_share_remeasured: the same after it was measured again, which counts only if it is no worse.
    """

    model_config = ConfigDict(frozen=True)

    method: str
    attempts: tuple[Attempt, ...]
    seconds_remeasuring: float = 0.0
    tight_share: float = 0.0
    tight_share_remeasured: float = 0.0


def solve(folder: Path) -> SolveVerdict:
    """Try the solvers in turn; writes `result/` if a solution passes the gate."""
    request = SolveRequest.model_validate_json((folder / "request.json").read_bytes())
    configure(seed=request.settings.random_seed)
    if request.has_live and (request.newest_only or len(request.numbers) > _MOST_SOLVED_TOGETHER):
        return _refine_live(folder, request)
    known = restore_images(ImageFiles(folder=Path(request.engine_folder)), request.numbers, request.camera_ids)
    live = _read_model(folder / "live") if request.has_live else None
    attempts: list[Attempt] = []
    for method, run in _solvers(known, folder, request.settings, live):
        begun = time.monotonic()
        mapper = build_mapper(known, request.settings, model=_read_model(folder / "live") if live is not None else None)
        solved = mapper if run(mapper) else None
        mapper = with_fitting_cameras(mapper, known, request.settings, folder)
        is_solved = solved is not None or mapper is not solved
        attempt = _judged(method, mapper, live, known, is_solved=is_solved, seconds=time.monotonic() - begun)
        attempts.append(attempt)
        if not attempt.objection:
            verdict = _measure_again(SolveVerdict(method=method, attempts=tuple(attempts)), mapper, known, request)
            if set_unfit_calibrations_aside(mapper, request.settings):
                verdict = _measure_again(verdict, mapper, known, request)
            if live is None:
                mapper.model.normalize()  # the first model of a project sets its world
            _write_model(mapper.model, folder / "result")
            return verdict
    return SolveVerdict(method="", attempts=tuple(attempts))


def _measure_again(
    verdict: SolveVerdict, mapper: LiveMapper, known: KnownImages, request: SolveRequest
) -> SolveVerdict:
    """Refine the mapper's model with exact measurements, unless its matches fit less well then or it is too large."""
    begun, solution = time.monotonic(), mapper.model
    if solution.num_reg_images() > WINDOW:
        folder = Path(request.engine_folder)
        return _with_shares(verdict, begun, refine_in_windows(solution, folder, request.settings, newest_only=False))
    constant = {camera_id for camera_id in solution.cameras if mapper.is_calibrated(camera_id)}
    models = []
    files = MatchFiles(folder=Path(request.engine_folder))
    for bundle in remeasured(solution, known.facts, constant, request.settings, files):
        models.append(pycolmap.Reconstruction(solution))
        write_back(models[-1], bundle)
    shares = [epipolar_inlier_share(each, known, each.reg_image_ids(), _TIGHT_PX) for each in (solution, *models)]
    best = max(range(len(models)), key=lambda index: (shares[1 + index], index))
    if shares[1 + best] >= shares[0] - _MOST_TIGHT_LOSS:
        mapper.swap(models[best])
    return _with_shares(verdict, begun, (shares[0], shares[1 + best]))


def _refine_live(folder: Path, request: SolveRequest) -> SolveVerdict:
    """Refine the live model in windows; nothing is solved."""
    begun, model = time.monotonic(), _read_model(folder / "live")
    shares = refine_in_windows(model, Path(request.engine_folder), request.settings, newest_only=request.newest_only)
    _write_model(model, folder / "result")
    seconds = time.monotonic() - begun
    verdict = SolveVerdict(method="windows", attempts=(Attempt(method="windows", seconds=seconds, objection=""),))
    return _with_shares(verdict, begun, shares)


def _with_shares(verdict: SolveVerdict, begun_s: float, shares: tuple[float, float]) -> SolveVerdict:
    return verdict.model_copy(
        update={
            "seconds_remeasuring": time.monotonic() - begun_s,
            "tight_share": shares[0],
            "tight_share_remeasured": shares[1],
        }
    )


def _solvers(
    known: KnownImages, folder: Path, settings: EngineSettings, live: Any | None
) -> list[tuple[str, Callable[[LiveMapper], bool]]]:
    def by_global_mapping(tracks_per_view: int) -> Callable[[LiveMapper], bool]:
        def run(mapper: LiveMapper) -> bool:
            scratch = folder / "scratch"
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            solution = solve_globally(known, mapper, scratch, settings, tracks_per_view)
            return solution is not None and bool(finish_solution(known, mapper, solution))

        return run

    def by_bundle_adjustment(mapper: LiveMapper) -> bool:
        mapper.refine_globally(is_robust=True)
        return True

    solvers = [
        (f"global_{index + 1}", by_global_mapping(tracks))
        for index, tracks in enumerate(track_limits(len(known.numbers)))
    ]
    return solvers if live is None else [*solvers, ("bundle_adjustment", by_bundle_adjustment)]


def _judged(
    method: str, mapper: LiveMapper, live: Any | None, known: KnownImages, *, is_solved: bool, seconds: float
) -> Attempt:
    if not is_solved:
        return Attempt(method=method, seconds=seconds, objection="it found no solution")
    verdict = judge(live, mapper.model, known)
    return Attempt(method=method, seconds=seconds, figures=verdict.figures, objection=verdict.objection)


def _read_model(folder: Path) -> Any:
    model = pycolmap.Reconstruction()
    model.read_binary(str(folder))
    return model


def _write_model(model: Any, folder: Path) -> None:
    folder.mkdir()
    model.write_binary(str(folder))


def _end_with(parent_pid: int) -> None:
    """End this process when its parent has ended, so that a killed engine leaves no solver behind."""

    def watch() -> None:
        while os.getppid() == parent_pid:
            time.sleep(_WATCH_INTERVAL_S)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def main(folder: Path) -> None:
    request = SolveRequest.model_validate_json((folder / "request.json").read_bytes())
    _end_with(request.parent_pid)
    os.nice(_NICENESS)
    torch.set_num_threads(1)  # two waited for each other while the live path was busy: 46 s instead of 10 (2026-11-28)
    verdict = solve(folder)
    unfinished = folder / "verdict.tmp"
    unfinished.write_text(verdict.model_dump_json(), encoding="utf-8")
    unfinished.rename(folder / "verdict.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
