"""The child process lives on through what it survives, and is replaced after what it does not."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from reconstructor.black_box import BlackBoxNotFoundError
from reconstructor.executors.local import (
    BlackBoxCrashedError,
    BlackBoxFailedError,
    BlackBoxMemoryError,
    BlackBoxTimeoutError,
    LocalExecutor,
)
from reconstructor.worker import Call

CALL = Call(input_img_path="/a.jpg", old_point_cloud="", new_img_id="walk-1")
LIMIT_BYTES = 400 * 1024 * 1024


Executors = Callable[[str], LocalExecutor]


@pytest.fixture
async def executor(tmp_path: Path) -> AsyncIterator[Executors]:
    """Executors by the name of a test black box, closed at the end."""
    made: list[LocalExecutor] = []

    def make(name: str) -> LocalExecutor:
        made.append(LocalExecutor(f"tests.black_boxes:{name}", tmp_path, LIMIT_BYTES))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def test_one_process_answers_many_calls_in_its_own_folder(tmp_path: Path, executor: Executors) -> None:
    local = executor("instant")
    await local.start()
    process = local._process
    for number in range(3):
        folder = await local.call(CALL.model_copy(update={"new_img_id": f"walk-{number}"}), 20)
        assert folder.is_relative_to(tmp_path)
    assert local._process is process


async def test_what_a_black_box_prints_does_not_disturb_its_answers(executor: Executors) -> None:
    local = executor("prints_a_lot")
    assert (await local.call(CALL, 20)).is_dir()


async def test_an_exception_leaves_the_process_alive(executor: Executors) -> None:
    local = executor("raises")
    await local.start()
    process = local._process
    for _ in range(2):
        with pytest.raises(BlackBoxFailedError, match="ZeroDivisionError: division by zero in somebody's code"):
            await local.call(CALL, 20)
    assert local._process is process


async def test_a_hanging_call_is_stopped_with_all_its_processes(executor: Executors) -> None:
    local = executor("hangs")
    await local.start()
    assert local._process is not None
    pid = local._process.pid
    with pytest.raises(BlackBoxTimeoutError, match=r"longer than 0\.3 s"):
        await local.call(CALL, 0.3)
    assert not psutil.pid_exists(pid)


async def test_a_process_that_ends_is_told_and_started_again(executor: Executors) -> None:
    local = executor("exits")
    for _ in range(2):
        with pytest.raises(BlackBoxCrashedError, match="status 7"):
            await local.call(CALL, 20)


async def test_a_greedy_black_box_is_stopped_at_its_limit(executor: Executors) -> None:
    local = executor("eats_memory")
    with pytest.raises(BlackBoxMemoryError, match="more than 400 MiB"):
        await local.call(CALL, 60)


@pytest.mark.parametrize("name", ["nowhere", "POINTS_PER_IMAGE"])
async def test_a_name_that_leads_nowhere_is_told_at_the_start(executor: Executors, name: str) -> None:
    with pytest.raises(BlackBoxNotFoundError):
        await executor(name).start()


async def test_closing_does_not_wait_for_a_call(executor: Executors) -> None:
    local = executor("hangs")
    await local.start()
    call = asyncio.create_task(local.call(CALL, 600))
    await asyncio.sleep(0.2)
    call.cancel()
    began_s = time.monotonic()
    await local.close()
    await asyncio.gather(call, return_exceptions=True)
    assert time.monotonic() - began_s < 10


async def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib\n"
        "from broker.logs import configure\n"
        "from reconstructor.executors.local import LocalExecutor\n"
        "configure()\n"
        "async def main():\n"
        f"    local = LocalExecutor('tests.black_boxes:hangs', pathlib.Path({str(tmp_path)!r}), {LIMIT_BYTES})\n"
        "    await local.start(); print(local._process.pid, flush=True); await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(10):
        while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.05)
