"""How does the reconstructor run? One event loop, one task for each project; a project that fails is tried again by itself."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Coroutine
from typing import Final

from structlog.typing import FilteringBoundLogger

from broker.config import BadSettingsError
from broker.contract import EVENT
from broker.errors import CairnError
from broker.ids import ProjectId
from broker.live import follow
from broker.logs import get_logger
from broker.memory import return_large_blocks
from broker.messages import Error
from broker.projects.settings_watch import ReadProjects, changes_of_projects, look_on_hangup
from reconstructor.composition import Shared, decoders_of
from reconstructor.config import Settings
from reconstructor.decoders import Decoders
from reconstructor.project import serve_project
from reconstructor.publishing.candidates import AnotherReconstructorError

LAST_RETRY_S: Final = 60.0
HEALTHY_S: Final = 60.0  # a project that was served so long begins with the shortest pause again
_PUBLISH_TIMEOUT_S: Final = 5.0


class ProjectFailedError(CairnError):
    """Serving a project ended by a defect of the program; the other projects go on."""

    code = "project_failed"
    remedy = "Report it with the reconstructor's log, which names the exception; the project is tried again by itself."


async def serve(settings: Settings, read_projects: ReadProjects | None = None) -> None:
    """Serve all projects of the settings until a signal says stop.

    Args:
        settings: hold until the end.
        read_projects: reads the projects again after the settings file changed; None: they stay.

    Raises:
        BadSettingsError: there is no project to serve.
    """
    projects = projects_of(settings)
    log = get_logger()
    stop, look = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    look_on_hangup(look, stop.set)
    log.info("reconstructor_started", projects=",".join(projects), black_box=settings.black_box)
    async with decoders_of(settings) as decoders, asyncio.TaskGroup() as tasks:
        serving = _Serving(settings, decoders, tasks)
        for project in projects:
            serving.start(project)
        following = tasks.create_task(serving.follow(read_projects, look), name="projects")
        await stop.wait()
        following.cancel()
        serving.cancel()
    log.info("reconstructor_stopped")


def projects_of(settings: Settings) -> tuple[ProjectId, ...]:
    """The projects to serve; raises BadSettingsError when there is none."""
    if not settings.projects:
        raise BadSettingsError("setting reconstructor.projects: name at least one project to serve")
    return settings.projects


def run(settings: Settings, read_projects: ReadProjects | None = None) -> None:
    """The whole program; arguments and errors like `serve`."""
    return_large_blocks()
    with contextlib.suppress(KeyboardInterrupt):  # before the loop listens to signals
        asyncio.run(serve(settings, read_projects))


class _Serving:
    """The tasks that serve, one for each project."""

    def __init__(self, settings: Settings, decoders: Decoders, tasks: asyncio.TaskGroup) -> None:
        self._settings, self._tasks = settings, tasks
        self._shared = Shared.of(settings, decoders)
        self._task_by_project: dict[ProjectId, asyncio.Task[None]] = {}

    def start(self, project: ProjectId) -> None:
        serving = _keep_serving(self._settings, project, self._shared)
        self._task_by_project[project] = self._tasks.create_task(serving, name=project)

    async def follow(self, read_projects: ReadProjects | None, look: asyncio.Event) -> None:
        """Begin and end with the projects of the settings file."""
        if read_projects is not None:
            async for projects in changes_of_projects(read_projects, look):
                await self._change(set(projects))

    async def _change(self, wanted: set[ProjectId]) -> None:
        served = set(self._task_by_project)
        for project in sorted(wanted - served):
            self.start(project)
            get_logger(project=project).info("project_added")
        for project in sorted(served - wanted):
            task = self._task_by_project.pop(project)
            task.cancel()
            await asyncio.wait({task})  # its folder is free before the project may come back
            get_logger(project=project).info("project_removed", kept=str(self._settings.data_dir / project))

    def cancel(self) -> None:
        for task in self._task_by_project.values():
            task.cancel()


async def _keep_serving(settings: Settings, project: ProjectId, shared: Shared) -> None:
    """Serve a project until cancelled; whatever ends it is said and tried again, so that no other project ends."""
    log = get_logger(project=project)
    retry_s = settings.retry_s
    while True:
        began_s = time.monotonic()
        failure = await _failure_of(serve_project(settings, project, shared), log)
        if time.monotonic() - began_s > HEALTHY_S:
            retry_s = settings.retry_s
        trouble = _trouble(failure)
        reason = f"{_with_folder(settings, project, trouble)}; tried again in {retry_s:g} s"
        _log_failure(log, failure, reason)
        if not isinstance(trouble, AnotherReconstructorError):  # on the wire only the one writer speaks
            await _publish_error(settings, Error(project=project, code=trouble.code, reason=reason[:2000]))
        await asyncio.sleep(retry_s)
        retry_s = min(2 * retry_s, LAST_RETRY_S)


async def _failure_of(serving: Coroutine[None, None, None], log: FilteringBoundLogger) -> BaseException | None:
    """Run to the end and return the exception; a task of its own, because its exception is looked at and not caught."""
    task = asyncio.create_task(serving)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and (failure := task.exception()) is not None:
            _log_failure(log, failure, _trouble(failure).sentence)
        raise
    return task.exception()


def _log_failure(log: FilteringBoundLogger, failure: BaseException | None, reason: str) -> None:
    trouble = _trouble(failure)
    defect = failure if isinstance(trouble, ProjectFailedError) else None
    log.error("project_failed", code=trouble.code, reason=reason, exc_info=defect)


def _trouble(failure: BaseException | None) -> CairnError:
    """The first error of nested task groups; an exception that is not ours is put into words."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    if isinstance(failure, CairnError):
        return failure
    return ProjectFailedError(f"{type(failure).__name__}: {failure}: report it with the reconstructor's log")


def _with_folder(settings: Settings, project: ProjectId, trouble: CairnError) -> str:
    """The error's sentence, which names the project's folder."""
    folder = str(settings.data_dir / project)
    return trouble.sentence if folder in trouble.sentence else f"{folder}: {trouble.sentence}"


async def _publish_error(settings: Settings, error: Error) -> None:
    """Publish what the log says already, on a connection of its own: the project may not have one."""
    with contextlib.suppress(CairnError, TimeoutError):
        async with asyncio.timeout(_PUBLISH_TIMEOUT_S), follow(settings.broker) as follower:
            await follower.publish(EVENT.outgoing(settings.broker.space, error.project, error))
