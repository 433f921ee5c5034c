"""When does a process that computes for people pause? While images are added, at most as long as it has run and 5 s."""

import asyncio
import contextlib
import time
from asyncio.subprocess import Process
from typing import Final

from reconstructor.processes.background import may_pause, paused
from reconstructor.signals import Adding

_LEAST_S: Final = 0.05
_PATIENCE_S: Final = 5.0  # longer than that: else a process that has just begun would hardly pause


async def stand_back(process: Process, adding: Adding) -> None:
    """Pause a child process again and again; cancel it when the process has ended."""
    begun_s, paused_s = time.monotonic(), 0.0
    while True:
        await adding.some.wait()
        since_s = time.monotonic()
        longest_s = _PATIENCE_S + (since_s - begun_s - paused_s) - paused_s
        if longest_s < _LEAST_S or not may_pause(process.pid):
            await asyncio.sleep(_LEAST_S)
            continue
        with paused(process.pid), contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await adding.none.wait()
        paused_s += time.monotonic() - since_s
