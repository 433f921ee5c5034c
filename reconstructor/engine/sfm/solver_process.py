"""How does a complete re-solve run in parallel to the live model? In a child process that can be killed."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from pydantic import ValidationError

from broker.errors import CairnError
from reconstructor.engine.colmap import pycolmap
from reconstructor.engine.priority import EngineClosedError, Priority
from reconstructor.engine.settings import EngineSettings
from reconstructor.engine.sfm.solver import SolveRequest, SolveVerdict
from reconstructor.processes.background import may_pause, paused
from reconstructor.processes.import_paths import import_paths

_ERROR_TAIL_LENGTH: Final = 300
_LOOK_S: Final = 0.05  # also how late its end may be seen


class RefetchFailedError(CairnError):
    """The solver died, ran out of time, or was stopped."""

    code = "refetch_failed"
    remedy = "Nothing: the present cloud stays and the next refetch tries again."


@dataclass(slots=True, kw_only=True)
class SolverProcess:
    """One run of the solver."""

    folder: Path
    _process: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls,
        engine_folder: Path,
        numbers: tuple[int, ...],
        live: Any | None,
        settings: EngineSettings,
        camera_ids: Mapping[int, int] | None = None,
        *,
        newest_only: bool = False,
    ) -> Self:
        """Start the solver; `live` is the model to be replaced and is written to disk before this returns.

        `camera_ids` are those of the live model, if it has only some of the images. With `newest_only`
        only the newest images of the live model are refined.
        """
        folder = engine_folder.resolve() / "refetch"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "live").mkdir(parents=True)
        if live is not None:
            live.write_binary(str(folder / "live"))
        request = SolveRequest(
            engine_folder=str(engine_folder.resolve()),
            numbers=numbers,
            camera_ids=dict(camera_ids or {}),
            settings=settings,
            has_live=live is not None,
            parent_pid=os.getpid(),
            newest_only=newest_only,
        )
        (folder / "request.json").write_text(request.model_dump_json(), encoding="utf-8")
        with (folder / "solver.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "reconstructor.engine.sfm.solver", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": import_paths()},
            )
        return cls(folder=folder, _process=process)

    @property
    def process_id(self) -> int:
        return self._process.pid

    def wait(self, timeout_s: float, priority: Priority) -> tuple[SolveVerdict, Any | None]:
        """The verdict and, if a solution passed, its model; call once. The solver pauses while images are added.

        Raises:
            RefetchFailedError: the solver did not finish in so many seconds without its pauses, or died.
            EngineClosedError: the engine was closed in a pause.
        """
        left_s = timeout_s
        while (code := self._process.poll()) is None:
            if left_s <= 0.0:
                self.stop()
                raise RefetchFailedError(f"the re-solve took longer than {timeout_s:.0f} s and was stopped")
            begun_s = time.monotonic()
            must_wait = priority.must_wait_within(_LOOK_S)
            left_s -= time.monotonic() - begun_s
            if must_wait and may_pause(self._process.pid):
                self._pause(priority)
            elif must_wait:
                time.sleep(_LOOK_S)
        try:
            verdict = SolveVerdict.model_validate_json((self.folder / "verdict.json").read_bytes())
        except (OSError, ValidationError) as exc:
            raise RefetchFailedError(f"the re-solve ended with code {code}: {self._last_words()}") from exc
        if not verdict.method:
            return verdict, None
        model = pycolmap.Reconstruction()
        model.read_binary(str(self.folder / "result"))
        return verdict, model

    def _pause(self, priority: Priority) -> None:
        with paused(self._process.pid):
            try:
                priority.yield_to_images()
            except EngineClosedError:
                self.stop()
                raise

    def stop(self) -> None:
        """Kill the solver; does nothing if it has ended."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _last_words(self) -> str:
        text = (self.folder / "solver.log").read_text(encoding="utf-8", errors="replace")
        return " ".join(text.split())[-_ERROR_TAIL_LENGTH:] or "it said nothing"
