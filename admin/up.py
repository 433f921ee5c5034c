"""How does a whole system run from one command? Broker, reconstructor and page, each started again when it ends."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from admin.lines import counted, describe_project, program_line
from admin.log_files import keep_logs_small
from admin.programs import Program
from admin.system import System
from broker.config import SETTINGS_VARIABLE
from broker.errors import CairnError, one_line
from broker.logs import get_logger
from broker.mosquitto import BrokerStartError, find_binary
from broker.projects.settings_watch import changes_of_projects
from broker.settings import Settings as BrokerSettings
from viewer.config import Settings as ViewerSettings
from viewer.status import Board

_TICK_S: Final = 1.0
_RENEWAL_INTERVAL_S: Final = 3600.0  # also for a new address of this machine
_WORDS: Final = {
    "broker": ("broker", "start"),
    "reconstructor": ("reconstructor", "run"),
    "page": ("view", "serve"),
}


async def run_system(system: System, show: Callable[[list[str]], None]) -> None:
    """Run all programs of a system until SIGINT, SIGTERM, or the end of the terminal.

    Args:
        system: what was set up.
        show: called once a second with the lines of the status screen.

    Raises:
        BadSettingsError: nothing is set up in this folder.
        BrokerMissingError: there is no Mosquitto.
        BrokerStartError: another broker has its port.
    """
    broker = _checked_broker(system)
    _renew(system)
    programs = [_program(name, system) for name in _WORDS]
    board = Board(ViewerSettings.load())
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = [
        asyncio.create_task(programs[0].keep_running(), name="broker"),
        asyncio.create_task(_keep_certificate(system), name="certificate"),
        asyncio.create_task(keep_logs_small([each.log for each in programs]), name="logs"),
    ]
    others: list[asyncio.Task[None]] = []
    try:
        while not stop.is_set():
            show(status_lines(programs, board))
            for task in tasks:
                if task.done():
                    task.result()
            if not others and await asyncio.to_thread(broker.plan().answers):  # the others need it
                others += [asyncio.create_task(each.keep_running(), name=each.name) for each in programs[1:]]
                others.append(asyncio.create_task(board.run(), name="board"))
                others.append(asyncio.create_task(_follow_projects(board), name="projects"))
                tasks += others
            await _sleep_unless(stop)
    finally:
        for task in tasks:
            task.cancel()
        for program in reversed(programs):
            await program.stop()
        await asyncio.wait(tasks)


def _checked_broker(system: System) -> BrokerSettings:
    """How the system's broker is set; raises like `run_system` when it cannot run."""
    system.check_set_up()
    find_binary()
    broker = BrokerSettings.load()
    if broker.plan().answers():  # it would be taken for ours, and hear our passwords
        raise BrokerStartError(
            f"port {broker.port} is taken: the system runs already, or another broker does; stop it, or choose other "
            f"ports in {system.settings_file}"
        )
    return broker


async def _follow_projects(board: Board) -> None:
    async for projects in changes_of_projects(lambda: ViewerSettings.load().projects, asyncio.Event()):
        await board.choose(projects)


def status_lines(programs: list[Program], board: Board) -> list[str]:
    """One line for each program and each project."""
    lines = [_describe_program(each) for each in programs]
    lines += [describe_project(status, {}) for name in board.projects() if (status := board.status(name)) is not None]
    return lines


async def _keep_certificate(system: System) -> None:
    """Renew the certificate in time; broker and page take the new one without a restart."""
    while True:
        await asyncio.sleep(_RENEWAL_INTERVAL_S)
        try:
            await asyncio.to_thread(_renew, system)
        except (CairnError, PermissionError) as exc:  # a full disk, or settings that somebody is writing: tried again
            get_logger().warning("certificate_not_renewed", reason=one_line(exc))


def _renew(system: System) -> None:
    if system.renew_certificate():
        get_logger().info("certificate_renewed", file=str(system.tls.certificate))


def _program(name: str, system: System) -> Program:
    environment = {SETTINGS_VARIABLE: str(system.settings_file.resolve())}
    return Program(
        name=name, words=_WORDS[name], environment=environment, log_dir=system.data / "logs", most_restarts=None
    )


def _describe_program(program: Program) -> str:
    state = "running" if program.pid is not None else "starting"
    if program.restart_count == 0:
        return program_line(program.name, state)
    again = (
        f"started again {counted(program.restart_count, 'time')}: {program.last_words()} (see {_short(program.log)})"
    )
    return program_line(program.name, f"{state}, {again}")


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


async def _sleep_unless(stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_TICK_S):
            await stop.wait()
    except TimeoutError:
        return
