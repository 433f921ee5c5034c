"""How does a folder of photographs become a reconstruction at one command? Arguments, a progress bar, the replay."""

from pathlib import Path
from typing import Final

from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from broker.config import BadSettingsError
from broker.messages import CameraState
from reconstructor.engine.settings import EngineSettings
from reconstructor.replay.replayer import ReplayPlan, ReplayReport, Step, order_photographs, replay

_INTRINSICS_COUNT: Final = 4


def replay_folder(
    photos: Path, out: Path, *, intrinsics: str | None, order: str, refetch_every: int, has_final_refetch: bool
) -> ReplayReport:
    """Replay a folder of photographs, with a progress bar on stderr.

    Raises:
        BadSettingsError: the intrinsics are not four positive numbers.
        NothingToReplayError: no photograph, or an unknown order.
    """
    plan = ReplayPlan(
        photographs=order_photographs(photos, order),
        out=out,
        settings=engine_settings(intrinsics),
        refetch_every=refetch_every,
        has_final_refetch=has_final_refetch,
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("photographs", total=len(plan.photographs))
        return replay(plan, lambda step: bar.update(task, completed=step.done, description=_describe(step)))


def engine_settings(intrinsics: str | None) -> EngineSettings:
    """The engine's settings from the environment, with intrinsics given as `fx,fy,cx,cy`.

    Raises:
        BadSettingsError: they are not four positive numbers.
    """
    if intrinsics is None:
        return EngineSettings()
    words = intrinsics.split(",")
    if len(words) != _INTRINSICS_COUNT:
        raise BadSettingsError(f"--intrinsics {intrinsics!r}: give fx,fy,cx,cy in pixels")
    try:
        return EngineSettings.model_validate({"intrinsics": words})
    except ValidationError as exc:
        raise BadSettingsError(f"--intrinsics {intrinsics!r}: give four positive numbers, fx,fy,cx,cy") from exc


def _describe(step: Step) -> str:
    cameras = step.outcome.update.cameras
    placed_count = sum(camera.state is CameraState.PLACED for camera in cameras)
    return f"{'refetch' if step.is_refetch else 'photograph'}: {placed_count} of {len(cameras)} placed"
