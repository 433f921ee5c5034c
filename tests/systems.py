"""A system as `cairn init` makes it, on free ports; nothing of it runs."""

from pathlib import Path

import pytest

from admin.installation import Installation
from admin.system import Ports, System
from broker.ids import ProjectId
from broker.mosquitto import free_port


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    """The system of project chapel."""
    monkeypatch.setenv("CAIRN_SETTINGS", "restored after the test")
    system = System(tmp_path)
    system.add_project(ProjectId("chapel"), Ports(mqtt=free_port(), tls=free_port(), page=free_port()))
    return system


@pytest.fixture
def installation(system: System) -> Installation:
    """The same with its settings."""
    return Installation.load(system)
