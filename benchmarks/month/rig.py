"""How does a rig of the month run? As `cairn edge run` does, with a fast clock, and with a plug that can be pulled.

`python -m benchmarks.month.rig CONTROLS BEGAN SPEED`; its settings come from the environment.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import broker.files
from benchmarks.month.clock import FastClock, Pace
from benchmarks.month.controls import Control, Controls, Stage
from broker.files import UNFINISHED, keep_private
from broker.logs import configure
from broker.memory import return_large_blocks
from edge_agent import agent
from edge_agent.config import Settings
from edge_agent.spool.index import SpoolIndex


def put_plug(controls: Controls) -> None:
    """Let the control end this process in the middle of a durable change, and undo what no fsync had made sure."""
    pull_at, sync, replace = _puller(controls), broker.files.sync, os.replace

    def watched_sync(path: Path) -> None:
        if path.name.endswith(UNFINISHED):
            pull_at(Stage.BEFORE_SYNC, lambda: os.truncate(path, path.stat().st_size // 2))
        elif path.name == "images":
            pull_at(Stage.BEFORE_FOLDER_SYNC, lambda: _undo_rename(path))
        sync(path)

    def watched_replace(source: Path, target: Path) -> None:
        if str(source).endswith(UNFINISHED):
            pull_at(Stage.BEFORE_RENAME)
        replace(source, target)

    broker.files.sync = watched_sync
    os.replace = watched_replace  # type: ignore[assignment]
    insert, change = SpoolIndex.insert, SpoolIndex.change_state
    SpoolIndex.insert = _preceded(insert, lambda: pull_at(Stage.BEFORE_ROW))  # type: ignore[method-assign]
    SpoolIndex.change_state = _followed(change, lambda: pull_at(Stage.BEFORE_DELETION))  # type: ignore[method-assign]


def _puller(controls: Controls) -> Callable[..., None]:
    def pull_at(stage: Stage, lose: Callable[[], None] = lambda: None) -> None:
        if controls.take(Control.POWER, stage):
            lose()
            os.kill(os.getpid(), signal.SIGKILL)

    return pull_at


def _undo_rename(folder: Path) -> None:
    """The newest file of the folder has its temporary name again."""
    newest = max(folder.iterdir(), key=lambda path: path.stat().st_ctime_ns, default=None)
    if newest is not None:
        newest.rename(newest.with_name(newest.name + UNFINISHED))


def _preceded(method: Callable[..., None], before: Callable[[], None]) -> Callable[..., None]:
    def wrapped(*arguments: object, **named: object) -> None:
        before()
        method(*arguments, **named)

    return wrapped


def _followed(method: Callable[..., None], after: Callable[[], None]) -> Callable[..., None]:
    def wrapped(*arguments: object, **named: object) -> None:
        method(*arguments, **named)
        after()

    return wrapped


async def run(controls: Controls, pace: Pace) -> None:
    """Run the agent until a signal says stop."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await agent.run(Settings.load(), stop, clock=FastClock(pace, controls))


def main() -> None:
    """Read the command line and run."""
    keep_private()
    return_large_blocks()
    configure()
    controls = Controls(Path(sys.argv[1]))
    put_plug(controls)
    asyncio.run(run(controls, Pace.read(*sys.argv[2:4])))


if __name__ == "__main__":
    main()
