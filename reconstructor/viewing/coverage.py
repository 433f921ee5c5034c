"""How do people learn what is covered and where to stand? A task of its own publishes it, never before an image is through.

Only the newest state counts: what came meanwhile is left out. One project at a time computes, and its next computation
waits at least as long as the last one took, so that a service spends at most one core on it, at the lowest priority, and
a project half of one. Without placed photographs no process is started.
"""

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from broker.clients.trouble import Trouble
from broker.coverage.messages import Advice, Coverage
from broker.envelope import decode
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.manifest import CameraPage, Page
from broker.shards import sha256
from broker.wire.coverage_channels import ADVICE, COVERAGE, COVERAGE_GRID
from reconstructor.context import BROKER_ERRORS, RETRY_S, Context
from reconstructor.coverage.wire_form import Told
from reconstructor.exports.coverage_report import LEAST_PHOTOGRAPHS
from reconstructor.processes.memory import end_above
from reconstructor.signals import Adding
from reconstructor.viewing.coverage_process import NOTHING_YET, read_parts
from reconstructor.viewing.standing_back import stand_back

_LOOK_S: Final = 1.0
_LONGEST_S: Final = 300.0
_PASSED_ON: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TZ")
_MOST_REASON: Final = 400

State = tuple[int, int]  # the manifest's generation and revision


class CoverageFailedError(CairnError):
    """The coverage of a project could not be computed; everything else goes on."""

    code = "coverage_failed"
    remedy = "Nothing: the next photograph tries it again. If it stays so, report it with the log."


async def publish_coverage(context: Context, turn: asyncio.Semaphore) -> None:
    """Keep coverage and advice of the newest state on the broker; never returns. A new broker gets them again.

    After a failed computation the last ones stay as long as their generation is the present one.

    Args:
        context: the project.
        turn: of all projects of the service, held while one computes.
    """
    told: Told | None = None
    state: State | None = None
    published_at = 0
    waiting = Trouble(log=context.log, event="coverage_waits")
    failing = Trouble(log=context.log, event="coverage_failed")
    newest: State | None = None
    change, pause_s = -1, _LOOK_S
    while True:
        await asyncio.sleep(pause_s)
        pause_s = _LOOK_S
        connect_count = context.delivery.connect_count
        if context.store.rest.change_count == change and connect_count == published_at:
            continue
        try:
            change = context.store.rest.change_count
            newest = await asyncio.to_thread(_state, context)
            before = told
            if newest != state and newest is not None:
                async with turn:
                    change, newest = context.store.rest.change_count, await asyncio.to_thread(_state, context)
                    begun_s = time.monotonic()
                    try:
                        told = await _next(context, newest, told, failing)
                    finally:
                        pause_s = max(_LOOK_S, time.monotonic() - begun_s)
                state = newest
            elif newest != state:
                told, state = None, None
            if told is not before:
                published_at = 0
            if published_at != connect_count:
                await context.election.until_confirmed(context.delivery)
                await _publish(context, told)
                published_at = connect_count
        except BROKER_ERRORS as exc:
            waiting.note(exc.code, exc.sentence)
            pause_s = RETRY_S
        except CairnError as exc:  # of the disk: the next state tries it again
            failing.note(exc.code, exc.sentence)
        else:
            waiting.clear()


async def _next(context: Context, newest: State | None, before: Told | None, failing: Trouble) -> Told | None:
    """What to publish of the newest state: if it cannot be computed, what was published, unless its generation is gone."""
    if newest is None:
        return None
    try:
        told = await _computed(context)
    except CairnError as exc:
        if failing.note(exc.code, exc.sentence):
            await context.publish_error(exc)
        return before if before is not None and before.coverage.generation == newest[0] else None
    failing.clear()
    return told


def _state(context: Context) -> State | None:
    """The newest state; None while too few photographs are placed for anything to be told."""
    present = context.store.references.newest()
    if present is None or not has_enough_placed(present.camera_pages):
        return None
    return present.manifest.generation, present.manifest.revision


def has_enough_placed(pages: Iterable[Page[CameraPage]]) -> bool:
    """Whether enough photographs of the leading component are placed; reads no more of them than that takes."""
    placed = (
        camera
        for page in pages
        for camera in page.message.cameras
        if camera.world_from_camera is not None and not camera.component
    )
    return len(list(itertools.islice(placed, LEAST_PHOTOGRAPHS))) == LEAST_PHOTOGRAPHS


async def _computed(context: Context) -> Told | None:
    settings = context.settings
    return await computed(
        settings.data_dir,
        context.project,
        memory_limit_bytes=settings.memory_limit_bytes,
        adding=context.signals.adding,
    )


async def computed(data_dir: Path, project: ProjectId, *, memory_limit_bytes: int, adding: Adding) -> Told | None:
    """What is to be published now; None while fewer than three photographs are placed. Pauses while images are added.

    Raises:
        CoverageFailedError: its process cannot be started, ended without an answer, took too long or too much memory.
        BadMessageError: its answer cannot be read.
    """
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"OMP_NUM_THREADS": "1"}
    try:
        process = await asyncio.create_subprocess_exec(
            *_command(data_dir, project),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
    except OSError as exc:
        raise CoverageFailedError(f"its process cannot be started: {exc.strerror}") from exc
    watching = asyncio.create_task(end_above(process, memory_limit_bytes), name=f"{project}.coverage_memory")
    pausing = asyncio.create_task(stand_back(process, adding), name=f"{project}.coverage_pauses")
    try:
        async with asyncio.timeout(_LONGEST_S):
            output, errors = await process.communicate()
    except TimeoutError as exc:
        raise CoverageFailedError(f"it took longer than {_LONGEST_S:.0f} s") from exc
    finally:
        is_too_large = watching.done()
        watching.cancel()
        pausing.cancel()
        if process.returncode is None:
            process.kill()
            await process.wait()
    if is_too_large:
        raise CoverageFailedError(f"it took more than {memory_limit_bytes >> 20} MiB of memory and was ended")
    if process.returncode == NOTHING_YET:
        return None
    parts = read_parts(output)
    if process.returncode != 0 or len(parts) != 3:  # noqa: PLR2004 - two messages and the grid
        said = errors.decode(errors="replace").strip()[-_MOST_REASON:]
        raise CoverageFailedError(f"its process ended with status {process.returncode}: {said}")
    coverage, advice, grid = decode(parts[0], Coverage), decode(parts[1], Advice), parts[2]
    if sha256(grid) != coverage.grid_sha256:
        raise CoverageFailedError("its grid has another digest than its message says")
    return Told(coverage=coverage, advice=advice, grid=grid)


def _command(data_dir: Path, project: ProjectId) -> tuple[str, ...]:
    module = "reconstructor.viewing.coverage_process"
    return sys.executable, "-P", "-m", module, str(project), str(data_dir.absolute()), str(os.getpid())


async def _publish(context: Context, told: Told | None) -> None:
    """The grid before the message that names it; without anything to tell, remove what an earlier state told."""
    space, project, publish = context.space, context.project, context.delivery.publish
    if told is None:
        for channel in (ADVICE, COVERAGE, COVERAGE_GRID):
            await publish(channel.clearing(space, project))
        return
    await publish(COVERAGE_GRID.outgoing(space, project, told.grid))
    await publish(COVERAGE.outgoing(space, project, told.coverage))
    await publish(ADVICE.outgoing(space, project, told.advice))
    context.log.info(
        "coverage_published",
        generation=told.coverage.generation,
        revision=told.coverage.revision,
        cells=told.coverage.cell_count,
        bytes=told.coverage.grid_bytes,
        places=len(told.advice.places),
    )
