"""A real Mosquitto of its own for every test that asks for one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from broker.accounts.access import Credential, User
from broker.mosquitto import BrokerPlan, BrokerStartError, Mosquitto, free_port

PROJECT = "chapel"
PEOPLE = (
    ("reconstructor", "reconstructor"),
    ("rig-north", "agent"),
    ("rig-south", "agent"),
    ("anna", "contributor"),
    ("viewer", "viewer"),
    ("ops", "operator"),
    ("guest", "observer"),
)


def credentials(*projects: str) -> list[Credential]:
    """One user of every role, members of these projects."""
    return [Credential.fresh(User.build(name, role, projects or (PROJECT,))) for name, role in PEOPLE]


@pytest.fixture(autouse=True)
def _same_umask() -> Iterator[None]:
    """A command line that runs in this process makes private files only, for good."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def _plain_logs() -> None:
    """A command line that ran in this process before has left its least level, above which nothing is captured."""
    structlog.reset_defaults()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running broker with one user of every role in project `chapel`."""
    broker = _started(tmp_path / "broker")
    yield broker
    broker.stop()


def _started(folder: Path, *, attempts: int = 3) -> Mosquitto:
    """A broker on free ports, or on others where a program beside this test took one in the meantime."""
    broker = Mosquitto(BrokerPlan(data_dir=folder, port=free_port(), websocket_port=free_port()), credentials())
    try:
        broker.start()
    except BrokerStartError:
        if attempts == 1:
            raise
        return _started(folder, attempts=attempts - 1)
    return broker


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine can enter; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="cairn-service-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
