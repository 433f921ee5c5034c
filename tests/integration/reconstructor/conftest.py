"""A reconstructor beside a Mosquitto of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker.mosquitto import Mosquitto
from tests.integration.reconstructor.programs import Program

StartProgram = Callable[..., Program]


@pytest.fixture
def start_program(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[StartProgram]:
    """Start the service with a test black box and settings; stopped, or killed, at the end."""
    programs: list[Program] = []

    def start(black_box: str = "instant", module: str = "cairn", **settings: object) -> Program:
        program = Program(mosquitto.connection("reconstructor"), tmp_path, black_box, **settings)
        program.module = module
        program.start()
        programs.append(program)
        return program

    yield start
    for program in programs:
        program.kill()
