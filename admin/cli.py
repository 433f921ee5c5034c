"""`cairn init` and `cairn up`: from an empty folder to a system that runs."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from admin.system import Ports, System, free_port_from
from admin.up import run_system
from broker.config import SETTINGS_VARIABLE
from broker.ids import ProjectId
from broker.logs import LogLevel, configure

init_app = typer.Typer(add_completion=False)
up_app = typer.Typer(add_completion=False)

Folder = Annotated[Path, typer.Option("--folder", help="Where cairn.toml and the data are.")]
_HERE = Path()
_MQTT_PORT, _TLS_PORT, _PAGE_PORT = 1883, 8883, 8080


@init_app.command()
def init(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="A name such as chapel: a-z, 0-9 and -.")],
    folder: Folder = _HERE,
    this_machine_only: Annotated[
        bool, typer.Option("--this-machine-only", help="Nothing listens on the network.")
    ] = False,
) -> None:
    """Set up broker, reconstructor and page for a project, or for one more project."""
    configure(level=LogLevel.WARNING)
    system = System(folder.resolve())
    is_new = not system.settings_file.exists()
    tls = None if this_machine_only else free_port_from(_TLS_PORT)
    ports = Ports(mqtt=free_port_from(_MQTT_PORT), tls=tls, page=free_port_from(_PAGE_PORT))
    system.add_project(ProjectId(project), ports)
    for line in _told(system, ProjectId(project), is_new=is_new):
        print(line)


@up_app.command()
def up(folder: Folder = _HERE) -> None:
    """Run broker, reconstructor and page with one status screen, until Ctrl-C."""
    configure(level=LogLevel.WARNING)
    system = System(folder.resolve())
    os.environ[SETTINGS_VARIABLE] = str(system.settings_file)
    with _screen() as show:
        asyncio.run(run_system(system, show))


def _told(system: System, project: ProjectId, *, is_new: bool) -> list[str]:
    """What was set up, what to do next, and which ports other machines need."""
    settings = system.settings()
    page, tls = settings["viewer"]["port"], settings["broker"].get("tls_port")
    is_open = settings["viewer"]["host"] != "127.0.0.1"
    address = _address() if is_open else "127.0.0.1"
    lines = [f"project {project} is set up in {system.folder}"]
    lines += ["start it     cairn up" if is_new else "it is served from the next `cairn up` on"]
    lines += [f"open         http://{address}:{page}/  as ops, password in {system.password_file('ops')}"]
    if is_open:
        lines += [
            f"port {page}    the page, for phones and laptops: http, so in a network that is not yours put TLS before it",
            f"port {tls}    rigs: MQTT over TLS",
            f"firewall     sudo ufw allow {page},{tls}/tcp",
        ]
    return lines


def _address() -> str:
    """An address of this machine in its network; its name when it has none."""
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family is socket.AF_INET and not each.address.startswith("127."):
                return each.address
    return socket.gethostname()


@contextmanager
def _screen() -> Iterator[Callable[[list[str]], None]]:
    """A screen that is drawn again on a terminal; elsewhere a line when it changed."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda lines: live.update(Text("\n".join([*lines, "", "Ctrl-C stops everything"])), refresh=True)
        return
    before: list[str] = []

    def show(lines: list[str]) -> None:
        for line in lines:
            if line not in before:
                sys.stderr.write(f"{line}\n")
        before[:] = lines

    yield show
