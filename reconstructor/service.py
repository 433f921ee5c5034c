"""How does the reconstructor run? One event loop, one task for each project, an orderly end."""

import asyncio
import contextlib
import signal

from broker.config import BadSettingsError
from broker.errors import CairnError, first_error
from broker.logs import get_logger
from reconstructor.config import Settings
from reconstructor.project import serve_project


async def serve(settings: Settings) -> None:
    """Serve all projects of the settings until a signal says stop.

    Raises:
        CairnError: the first thing that makes going on pointless: settings, credentials, a folder in use.
    """
    if not settings.projects:
        raise BadSettingsError("setting reconstructor.projects: name at least one project to serve")
    log = get_logger()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    log.info("reconstructor_started", projects=",".join(settings.projects), black_box=settings.black_box)
    problem: CairnError | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            serving = [
                tasks.create_task(serve_project(settings, project), name=project) for project in settings.projects
            ]
            await stop.wait()
            for task in serving:
                task.cancel()
    except* CairnError as group:
        problem = first_error(group)
    if problem is not None:
        raise problem
    log.info("reconstructor_stopped")


def run(settings: Settings) -> None:
    """The whole program; raises like `serve`."""
    with contextlib.suppress(KeyboardInterrupt):  # before the loop listens to signals
        asyncio.run(serve(settings))
