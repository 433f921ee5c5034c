"""How do two reconstructors run side by side? Each in a folder of its own, with its settings file, at a broker."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from benchmarks.parts.many_projects import LIGHT
from broker.accounts.access import Credential, User
from broker.config import SETTINGS_VARIABLE
from broker.ids import ProjectId
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from tests.integration.reconstructor.programs import ROOT, Program


class CommandFailedError(Exception):
    """A command of a measurement did not end well."""


def installed(mosquitto: Mosquitto, folder: Path, projects: Sequence[ProjectId]) -> Path:
    """The settings file of a reconstructor that serves these projects, in a new folder."""
    folder.mkdir()
    connection = mosquitto.connection("reconstructor")
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text(str(connection.secret()), encoding="ascii")
    file = folder / "cairn.toml"
    file.write_text(
        f'[reconstructor]\nprojects = {json.dumps(projects)}\ndata_dir = "{folder / "data"}"\n'
        f'broker = {{port = {connection.port}, username = "reconstructor", password_file = "{password}"}}\n',
        encoding="utf-8",
    )
    return file


@asynccontextmanager
async def running(mosquitto: Mosquitto, file: Path, black_box: str = LIGHT) -> AsyncIterator[Path]:
    """A reconstructor with this settings file; gives its data folder."""
    os.environ[SETTINGS_VARIABLE] = str(file)  # which the program inherits
    program = Program(mosquitto.connection("reconstructor"), file.parent, black_box, projects=None)
    program.start()
    try:
        yield program.folder
    finally:
        await asyncio.to_thread(program.stop)


@contextmanager
def broker(folder: Path, *projects: ProjectId) -> Iterator[Mosquitto]:
    """A broker whose accounts belong to these projects."""
    people = (("reconstructor", "reconstructor"), ("rig-north", "agent"), ("viewer", "viewer"))
    users = [Credential.fresh(User.build(name, role, list(projects))) for name, role in people]
    with Mosquitto(BrokerPlan(data_dir=folder, port=free_port()), users) as mosquitto:
        yield mosquitto


async def cairn(*words: str) -> None:
    """Run a command of ours; raises CommandFailedError."""
    command = await asyncio.create_subprocess_exec(sys.executable, "-m", "cairn", *words, cwd=ROOT)
    if await command.wait():
        raise CommandFailedError(f"`cairn {' '.join(words)}` ended with status {command.returncode}")
