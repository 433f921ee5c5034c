"""A system that `cairn init` made, for each test that asks for one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.files import locked
from tests.systems import installation, system

__all__ = ["installation", "system"]


@pytest.fixture(autouse=True)
def _usual_ports() -> Iterator[None]:
    """Keep tests of other workers from choosing the usual ports that this one has chosen and not taken yet."""
    with locked(Path(tempfile.gettempdir()) / "cairn-tests-usual-ports.lock"):
        yield
