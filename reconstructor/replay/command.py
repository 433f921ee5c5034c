"""How does a folder of photographs become a reconstruction at one command? Arguments, a progress bar, the replay."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from broker.config import BadSettingsError
from broker.images.folders import FolderContents
from broker.manifest import CameraState
from broker.printable import printable
from reconstructor.config import Settings
from reconstructor.engine.settings import EngineSettings
from reconstructor.replay.foreign import BlackBoxPlan, BlackBoxReport, CallReport, replay_black_box
from reconstructor.replay.replayer import ReplayPlan, ReplayReport, ReplayStep, folder_in_order, replay

_INTRINSICS_COUNT: Final = 4


def replay_folder(
    photos: Path, out: Path, *, intrinsics: str | None, order: str, refetch_every: int, has_final_refetch: bool
) -> ReplayReport:
    """Replay a folder of photographs, with a progress bar on stderr.

    Raises:
        BadSettingsError: the intrinsics are not four positive numbers.
        NothingToReplayError: no photograph, or an unknown order.
    """
    contents = folder_in_order(photos, order, out)
    left_out = _name_left_out(contents)
    plan = ReplayPlan(
        photographs=contents.photographs,
        left_out=left_out,
        out=out,
        settings=engine_settings(intrinsics),
        refetch_every=refetch_every,
        has_final_refetch=has_final_refetch,
    )
    with _bar(len(plan.photographs)) as (bar, task):
        return replay(plan, lambda step: bar.update(task, completed=step.done, description=_describe(step)))


def replay_folder_with(
    settings: Settings, photos: Path, out: Path, *, order: str, refetch_every: int, has_final_refetch: bool
) -> BlackBoxReport:
    """Replay a folder of photographs through the black box of the settings, with a progress bar on stderr.

    Raises:
        NothingToReplayError: no photograph, or an unknown order.
        CairnError: the black box cannot be loaded.
    """
    sys.path.append(str(Path.cwd()))  # where its author is at work
    contents = folder_in_order(photos, order, out)
    left_out = _name_left_out(contents)
    plan = BlackBoxPlan(
        photographs=contents.photographs,
        left_out=left_out,
        out=out,
        settings=settings,
        refetch_every=refetch_every,
        has_final_refetch=has_final_refetch,
    )
    with _bar(len(plan.photographs)) as (bar, task):

        def show(call: CallReport) -> None:
            bar.update(task, advance=not call.is_refetch, description=_describe_call(call))
            if call.problem is not None:
                bar.console.print(
                    f"{call.name}: {printable(call.problem)}", markup=False, highlight=False, soft_wrap=True
                )

        return asyncio.run(replay_black_box(plan, show))


def _name_left_out(contents: FolderContents) -> tuple[str, ...]:
    """Name what is left out, before the bar begins."""
    sentences = tuple(printable(each.sentence) for each in contents.left_out)
    sys.stderr.write("".join(f"left out {each}\n" for each in sentences))
    return sentences


@contextmanager
def _bar(total: int) -> Iterator[tuple[Progress, TaskID]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield bar, bar.add_task("photographs", total=total)


def engine_settings(intrinsics: str | None) -> EngineSettings:
    """The engine's settings from the environment, with intrinsics given as `fx,fy,cx,cy`.

    Raises:
        BadSettingsError: they are not four positive numbers, or a variable `CAIRN_ENGINE_…` has no such value.
    """
    try:
        settings = EngineSettings()
    except ValidationError as exc:
        first = exc.errors()[0]
        raise BadSettingsError(
            f"CAIRN_ENGINE_{str(first['loc'][0]).upper()}={first['input']!s}: {first['msg']}"
        ) from exc
    if intrinsics is None:
        return settings
    words = intrinsics.split(",")
    if len(words) != _INTRINSICS_COUNT:
        raise BadSettingsError(f"--intrinsics {intrinsics!r}: give fx,fy,cx,cy in pixels")
    try:
        return EngineSettings.model_validate({"intrinsics": words})
    except ValidationError as exc:
        raise BadSettingsError(f"--intrinsics {intrinsics!r}: give four positive numbers, fx,fy,cx,cy") from exc


def _describe(step: ReplayStep) -> str:
    cameras = step.outcome.update.cameras
    placed_count = sum(camera.state is CameraState.PLACED for camera in cameras)
    return f"{'refetch' if step.is_refetch else 'photograph'}: {placed_count} of {len(cameras)} placed"


def _describe_call(call: CallReport) -> str:
    return f"{'refetch' if call.is_refetch else 'photograph'}: {call.points:,} points in {call.seconds:.1f} s"
