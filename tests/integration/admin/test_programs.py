"""Programs of a demo are started again when they die, and given up when they cannot start."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from admin.programs import Program, ProgramFailedError
from broker.mosquitto import answers, free_port


async def until(condition: object, timeout_s: float = 20) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.05)


async def test_killed_program_comes_back_and_is_stopped_in_the_end(tmp_path: Path) -> None:
    port = free_port()
    words = ("broker", "start", "--data", str(tmp_path), "--port", str(port))
    program = Program(name="broker", words=words, environment={}, log_dir=tmp_path / "logs")
    kept = asyncio.create_task(program.keep_running())
    await until(lambda: answers(port))
    os.kill(program.pid or 0, signal.SIGTERM)
    await until(lambda: program.restart_count == 1 and answers(port))
    kept.cancel()
    await program.stop()
    assert program.pid is None
    assert not answers(port)


async def test_finished_program_is_not_started_again(tmp_path: Path) -> None:
    program = Program(name="version", words=("--version",), environment={}, log_dir=tmp_path, may_end=True)
    await asyncio.wait_for(program.keep_running(), 60)
    assert program.is_done
    assert program.log.read_text().startswith("cairn ")


async def test_program_that_cannot_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    program = Program(name="nothing", words=("nothing",), environment={}, log_dir=tmp_path)
    with pytest.raises(ProgramFailedError, match="ended with code 2"):
        await asyncio.wait_for(program.keep_running(), 60)
