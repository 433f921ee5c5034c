"""How much memory does a black box take? What its process and all that it started have resident.

Processes that compute for people, as exports do, have the same limit.

The kernel lists the children of each thread, so that a look costs what the black box has of processes and not what the
machine has of them: with fifty projects a walk over /proc took a whole core.
"""

import asyncio
import contextlib
from asyncio.subprocess import Process
from pathlib import Path
from typing import Final

import psutil

_CHILDREN: Final = Path("/proc/self/task")
LOOK_S: Final = 1.0


async def end_above(process: Process, limit_bytes: int) -> None:
    """Kill a process once it takes more memory than this; returns only then."""
    used_bytes = 0
    while used_bytes <= limit_bytes:
        await asyncio.sleep(LOOK_S)
        used_bytes = await asyncio.to_thread(resident_bytes, process.pid)
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and of all that descend from it, bytes; 0 when it is gone."""
    try:
        return sum(_own_bytes(each) for each in _family(psutil.Process(pid)))
    except psutil.NoSuchProcess:
        return 0


def _family(parent: psutil.Process) -> list[psutil.Process]:
    if not any(_CHILDREN.glob("*/children")):  # a kernel without these lists
        return [parent, *parent.children(recursive=True)]
    family, unseen = [parent], [parent.pid]
    while unseen:
        for child in _children(unseen.pop()):
            unseen.append(child)
            with contextlib.suppress(psutil.NoSuchProcess):
                family.append(psutil.Process(child))
    return family


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread or the process has ended
            found += map(int, listed.read_text(encoding="ascii").split())
    return found


def _own_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
