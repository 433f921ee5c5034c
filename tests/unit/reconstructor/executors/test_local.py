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
from reconstructor.executors.child import BlackBoxCrashedError, BlackBoxInterruptedError, BlackBoxMemoryError
from reconstructor.executors.local import BlackBoxFailedError, BlackBoxTimeoutError, LocalExecutor
from reconstructor.worker import Call

CALL = Call(input_img_path="/a.jpg", old_point_cloud="", new_img_id="walk-1")
REFETCH = CALL.model_copy(update={"is_refetch": True})
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
    child = local._child
    for number in range(3):
        folder = await local.call(CALL.model_copy(update={"new_img_id": f"walk-{number}"}), 20)
        assert folder.is_relative_to(tmp_path)
    assert local._child is child


async def test_what_a_black_box_prints_does_not_disturb_its_answers(executor: Executors) -> None:
    local = executor("prints_a_lot")
    assert (await local.call(CALL, 20)).is_dir()


async def test_an_exception_leaves_the_process_alive(executor: Executors) -> None:
    local = executor("raises")
    await local.start()
    child = local._child
    for _ in range(2):
        with pytest.raises(BlackBoxFailedError, match="ZeroDivisionError: division by zero in somebody's code"):
            await local.call(CALL, 20)
    assert local._child is child


async def test_a_hanging_call_is_stopped_with_all_its_processes(executor: Executors) -> None:
    local = executor("hangs")
    await local.start()
    assert local._child is not None
    pid = local._child.pid
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


async def begun(local: LocalExecutor, call: Call, timeout_s: float = 600) -> "asyncio.Task[Path]":
    """A call that has reached the black box."""
    folder = local._folder
    name = "refetching" if call.is_refetch else "adding"
    task = asyncio.create_task(local.call(call, timeout_s))
    async with asyncio.timeout(30):
        while not (folder / name).exists():
            await asyncio.sleep(0.01)
    return task


async def test_images_are_added_while_a_refetch_of_a_concurrent_black_box_runs(executor: Executors) -> None:
    local = executor("hangs_in_its_refetch")
    await local.start()
    assert local.is_concurrent
    refetch = await begun(local, REFETCH)
    for number in range(3):
        assert (await local.call(CALL.model_copy(update={"new_img_id": f"walk-{number}"}), 20)).is_dir()
    assert not refetch.done()
    refetch.cancel()
    await asyncio.gather(refetch, return_exceptions=True)


async def test_a_refetch_that_ends_its_program_is_told_as_a_crash(executor: Executors) -> None:
    local = executor("leaves_its_refetch")
    await local.start()
    with pytest.raises(BlackBoxCrashedError, match="status 1"):
        await local.call(REFETCH, 20)
    assert (await local.call(CALL, 20)).is_dir()


async def test_calls_of_another_wait_for_each_other(executor: Executors) -> None:
    local = executor("slow")
    await local.start()
    assert not local.is_concurrent
    refetch = asyncio.create_task(local.call(REFETCH, 20))
    await asyncio.sleep(0)
    await local.call(CALL, 20)
    assert refetch.done()
    assert (await refetch).is_dir()


async def test_a_call_that_is_too_slow_does_not_blame_the_one_beside_it(executor: Executors) -> None:
    local = executor("hangs_in_both")
    await local.start()
    refetch = await begun(local, REFETCH)
    with pytest.raises(BlackBoxTimeoutError):
        await local.call(CALL, 0.3)
    with pytest.raises(BlackBoxInterruptedError):
        await refetch


async def test_when_the_process_dies_under_two_calls_neither_is_blamed(executor: Executors) -> None:
    local = executor("hangs_in_both")
    await local.start()
    refetch, add = await begun(local, REFETCH), await begun(local, CALL)
    assert local._child is not None
    psutil.Process(local._child.pid).kill()
    for task in (refetch, add):
        with pytest.raises(BlackBoxInterruptedError):
            await task
    assert (await executor("instant").call(CALL, 20)).is_dir()


async def test_closing_takes_less_than_two_seconds_in_the_middle_of_two_calls(executor: Executors) -> None:
    local = executor("hangs_in_both")
    await local.start()
    calls = [await begun(local, REFETCH), await begun(local, CALL)]
    began_s = time.monotonic()
    await local.close()
    assert time.monotonic() - began_s < 2
    for result in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(result, BlackBoxInterruptedError)


async def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib\n"
        "from broker.logs import configure\n"
        "from reconstructor.executors.local import LocalExecutor\n"
        "configure()\n"
        "async def main():\n"
        f"    local = LocalExecutor('tests.black_boxes:hangs', pathlib.Path({str(tmp_path)!r}), {LIMIT_BYTES})\n"
        "    await local.start(); print(local._child.pid, flush=True); await asyncio.sleep(60)\n"
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
