"""How does the reconstructor run? One event loop, one task for each project, an orderly end."""

import asyncio
import contextlib
import signal

from broker.config import BadSettingsError
from broker.errors import CairnError, first_error
from broker.logs import get_logger
from reconstructor.config import Settings
from reconstructor.decoders import Decoders
from reconstructor.decoders.inspection import PixelLimits
from reconstructor.decoders.protocol import Limits
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
        async with _decoders(settings) as decoders, asyncio.TaskGroup() as tasks:
            serving = [
                tasks.create_task(serve_project(settings, project, decoders), name=project)
                for project in settings.projects
            ]
            await stop.wait()
            for task in serving:
                task.cancel()
    except* CairnError as group:
        problem = first_error(group)
    if problem is not None:
        raise problem
    log.info("reconstructor_stopped")


def _decoders(settings: Settings) -> Decoders:
    pixels = PixelLimits(
        reduced=settings.image_pixels_limit,
        full=settings.full_decode_pixels_limit,
        side_px=settings.image_side_px_limit,
    )
    limits = Limits(memory_bytes=settings.decoder_memory_bytes, cpu_s=settings.decoder_cpu_s)
    return Decoders(count=settings.decoder_count, limits=limits, pixels=pixels)


def run(settings: Settings) -> None:
    """The whole program; raises like `serve`."""
    with contextlib.suppress(KeyboardInterrupt):  # before the loop listens to signals
        asyncio.run(serve(settings))
