"""Does a process that computes for people pause while an image is added, and not without end?"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator

import psutil
import pytest

from reconstructor.signals import Adding
from reconstructor.viewing import standing_back
from reconstructor.viewing.standing_back import stand_back

MAY_PAUSE = "import time; from reconstructor.processes.background import end_with_parent; end_with_parent({pid}); time.sleep(600)"
MAY_NOT = "import time; time.sleep(600)"


@contextlib.asynccontextmanager
async def computing(adding: Adding, script: str = MAY_PAUSE) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script.format(pid=os.getpid()))
    task = asyncio.create_task(stand_back(process, adding))
    try:
        yield process
    finally:
        task.cancel()
        process.kill()
        await process.wait()


async def until(process: Process, *, is_paused: bool) -> None:
    async with asyncio.timeout(30):
        while (psutil.Process(process.pid).status() == psutil.STATUS_STOPPED) != is_paused:
            await asyncio.sleep(0.01)


async def test_it_pauses_while_an_image_is_added() -> None:
    adding = Adding()
    async with computing(adding) as process:
        with adding.one():
            await until(process, is_paused=True)
        await until(process, is_paused=False)


async def test_it_goes_on_beside_images_that_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing_back, "_PATIENCE_S", 0.2)
    adding = Adding()
    with adding.one():
        async with computing(adding) as process:
            await until(process, is_paused=True)
            await until(process, is_paused=False)


async def test_a_process_that_would_outlive_its_parent_is_not_paused() -> None:
    adding = Adding()
    with adding.one():
        async with computing(adding, MAY_NOT) as process:
            await asyncio.sleep(0.3)
            assert psutil.Process(process.pid).status() != psutil.STATUS_STOPPED


async def test_a_process_that_is_no_longer_watched_goes_on() -> None:
    adding = Adding()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", MAY_PAUSE.format(pid=os.getpid()))
    task = asyncio.create_task(stand_back(process, adding))
    with adding.one():
        await until(process, is_paused=True)
        task.cancel()
        await until(process, is_paused=False)
    process.kill()
    await process.wait()
