"""How do the logs of `cairn up` stay small? A log that is full is copied beside its place and emptied; the oldest copy goes.

The programs write by file descriptors that append (O_APPEND), so that they go on at the beginning of the emptied file. As
services they log to journald, which bounds itself.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from broker.files import UNFINISHED

FULL_BYTES: Final = 16 * 1024 * 1024
COPIES: Final = 4  # with the log itself 80 MB for each program
_LOOK_S: Final = 30.0


async def keep_logs_small(logs: Sequence[Path]) -> None:
    """Look at logs every half minute until cancelled."""
    while True:
        for log in logs:
            with contextlib.suppress(OSError):  # a full disk; tried again
                await asyncio.to_thread(rotate, log)
        await asyncio.sleep(_LOOK_S)


def rotate(log: Path, full_bytes: int = FULL_BYTES, copies: int = COPIES) -> bool:
    """Copy a full log to `….1`, shift the older copies, and empty it; returns whether it was full.

    Raises:
        OSError: the disk does not take the copy; the log and its older copies stay as they are.
    """
    if not log.exists() or log.stat().st_size < full_bytes:
        return False
    unfinished = log.with_name(log.name + UNFINISHED)
    try:
        unfinished.touch(mode=0o600)
        shutil.copyfile(log, unfinished)
        unfinished.chmod(log.stat().st_mode & 0o777)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    for number in range(copies - 1, 0, -1):
        older = _copy(log, number)
        if older.exists():
            older.replace(_copy(log, number + 1))
    unfinished.replace(_copy(log, 1))
    with log.open("r+b") as file:
        file.truncate(0)
    return True


def _copy(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")
