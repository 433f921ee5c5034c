"""How does a running program learn that its projects changed? It looks at the settings file twice a second, on SIGHUP at once."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Final

from broker.config import BadSettingsError, settings_file
from broker.ids import ProjectId
from broker.logs import get_logger

LOOK_S: Final = 0.5

ReadProjects = Callable[[], tuple[ProjectId, ...]]


async def changes_of_projects(read: ReadProjects, look: asyncio.Event) -> AsyncGenerator[tuple[ProjectId, ...], None]:
    """Yield the projects whenever the settings file was written; ends at once without such a file.

    A file that is damaged or gone is logged once and changes nothing. A file is read when two looks found it unchanged,
    because an editor may have written half of it.

    Args:
        read: reads the settings as at the start of the program: flags and environment stay above the file.
        look: set by others to look at once.
    """
    file = settings_file()
    if file is None:
        return
    last, taken = _stamp(file), None  # not taken yet: the file may have changed since the program read it
    while True:
        is_asked = await _is_set_within(look, LOOK_S)
        stamp, before = _stamp(file), last
        last = stamp
        if not is_asked and (stamp == taken or stamp != before):
            continue
        taken = stamp
        try:
            projects = await asyncio.to_thread(_read_from, file, read)
        except BadSettingsError as exc:
            get_logger().warning("settings_not_read", reason=f"{exc.sentence}; the projects stay as they were")
        else:
            yield projects


def look_on_hangup(look: asyncio.Event, stop: Callable[[], object]) -> None:
    """On SIGHUP look at the settings at once; stop instead when the signal says that our terminal was closed."""
    has_terminal = sys.stderr.isatty()

    def hung_up() -> None:
        if has_terminal and not sys.stderr.isatty():
            stop()
        else:
            look.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hung_up)


def _read_from(file: Path, read: ReadProjects) -> tuple[ProjectId, ...]:
    if not file.exists():  # else a file of another place would count, or none
        raise BadSettingsError(f"{file} is gone")
    return read()


async def _is_set_within(event: asyncio.Event, timeout_s: float) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True


def _stamp(file: Path) -> tuple[int, ...]:
    """What differs after a change; empty without a file."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ctime_ns, found.st_ino, found.st_size
