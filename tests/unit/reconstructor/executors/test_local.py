"""The child process lives on through what it survives, and is replaced after what it does not."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import psutil
import pytest
import structlog

from broker.errors import CairnError
from broker.logs import get_logger
from reconstructor.black_box import BlackBoxNotFoundError
from reconstructor.executors.child import (
    BlackBoxCrashedError,
    BlackBoxInterruptedError,
    BlackBoxMemoryError,
    BlackBoxNotLoadedError,
)
from reconstructor.executors.local import (
    BlackBoxFailedError,
    BlackBoxLoadTimeoutError,
    BlackBoxTimeoutError,
    LocalExecutor,
)
from reconstructor.executors.slots import Slots
from reconstructor.worker import Call

CALL = Call(input_img_path="/a.jpg", old_point_cloud="", new_img_id="walk-1")
REFETCH = CALL.model_copy(update={"is_refetch": True})
LIMIT_BYTES = 400 * 1024 * 1024


class Executors(Protocol):
    def __call__(
        self, name: str, *, memory_limit_bytes: int = LIMIT_BYTES, load_timeout_s: float = 60
    ) -> LocalExecutor: ...


@pytest.fixture
async def executor(tmp_path: Path) -> AsyncIterator[Executors]:
    """Executors by the name of a test black box, or of a module's function, closed at the end."""
    made: list[LocalExecutor] = []

    def make(name: str, *, memory_limit_bytes: int = LIMIT_BYTES, load_timeout_s: float = 60) -> LocalExecutor:
        made.append(
            LocalExecutor(
                name if ":" in name else f"tests.black_boxes:{name}",
                tmp_path,
                memory_limit_bytes=memory_limit_bytes,
                load_timeout_s=load_timeout_s,
                log=get_logger(project="chapel"),
                slots=Slots(4, 1 << 40),
            )
        )
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


async def test_a_black_box_gets_our_environment_without_how_to_reach_the_broker(
    monkeypatch: pytest.MonkeyPatch, executor: Executors
) -> None:
    secrets = {
        "CAIRN_RECONSTRUCTOR_BROKER__PASSWORD": "secret-1",
        "CAIRN_EDGE_BROKER__PASSWORD_FILE": "/secret-2",
        "cairn_reconstructor_broker__password": "secret-3",
        "CAIRN_VIEW_BROKER": '{"password": "secret-4"}',
        "CAIRN_BROKER_KEY": "secret-5",
    }
    for name, value in (secrets | {"CAIRN_ENGINE_WEIGHTS": "plain", "BROKER_OF_HOUSES": "plain"}).items():
        monkeypatch.setenv(name, value)
    local = executor("instant")
    await local.start()
    assert local._child is not None
    found = psutil.Process(local._child.pid).environ()
    assert "secret" not in str(found)
    assert (found["CAIRN_ENGINE_WEIGHTS"], found["BROKER_OF_HOUSES"]) == ("plain", "plain")


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
        with pytest.raises(BlackBoxCrashedError, match=r"process ended itself with status 7$"):
            await local.call(CALL, 20)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("faults", r"was ended by SIGSEGV \(Segmentation fault\); in \w+\.py, line \d+"),
        ("is_killed", r"was ended by SIGKILL \(Killed\), as the system does when memory ends"),
        ("hangs_up", "closed its connection and was stopped"),
    ],
)
async def test_an_end_is_told_as_what_it_was(executor: Executors, name: str, words: str) -> None:
    local = executor(name)
    with pytest.raises(BlackBoxCrashedError, match=words):
        await local.call(CALL, 20)
    assert (await executor("instant").call(CALL, 20)).is_dir()


async def test_an_exit_in_words_is_told_and_the_process_lives(executor: Executors) -> None:
    local = executor("leaves")
    await local.start()
    child = local._child
    with pytest.raises(BlackBoxFailedError, match=r"SystemExit: please set MODEL_PATH \(black_boxes\.py, line \d+\)"):
        await local.call(CALL, 20)
    assert local._child is child


async def test_an_exception_names_the_file_and_the_line(executor: Executors) -> None:
    with pytest.raises(BlackBoxFailedError, match=r"somebody's code \(black_boxes\.py, line \d+\)"):
        await executor("raises").call(CALL, 20)


@pytest.mark.parametrize("name", ["uses_a_pool", "uses_a_data_loader", "returns_twice", "waits_for_its_exiting_child"])
async def test_a_black_box_may_fork(executor: Executors, name: str) -> None:
    local = executor(f"tests.forking_black_boxes:{name}", memory_limit_bytes=8 * 1024**3)
    await local.start()
    child = local._child
    for number in range(2):
        assert (await local.call(CALL.model_copy(update={"new_img_id": f"walk-{number}"}), 60)).is_dir()
    assert local._child is child


async def test_a_fork_that_is_left_behind_ends_with_its_parent(executor: Executors) -> None:
    local = executor("tests.forking_black_boxes:dies_before_its_children")
    await local.start()
    assert local._child is not None
    group = local._child.pid
    with pytest.raises(BlackBoxCrashedError, match="status 9"):
        await local.call(CALL, 20)
    assert [each.pid for each in psutil.process_iter() if is_alive_in(each, group)] == []


def is_alive_in(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False


async def test_nobody_answers_its_questions(executor: Executors) -> None:
    with pytest.raises(BlackBoxFailedError, match="EOFError"):
        await executor("reads_its_input").call(CALL, 20)


AT_IMPORT: dict[str, tuple[str, type[CairnError], str]] = {
    "raises": (
        "raise RuntimeError('no CUDA')",
        BlackBoxNotLoadedError,
        r"RuntimeError: no CUDA \(colleague\.py, line 3\)",
    ),
    "sys.exit": (
        "sys.exit('set MODEL_PATH')",
        BlackBoxNotLoadedError,
        r"SystemExit: set MODEL_PATH \(colleague\.py, line 3\)",
    ),
    "os._exit": ("os._exit(0)", BlackBoxCrashedError, "ended itself with status 0 while it was loaded"),
    "abort": (
        "print('bad driver'); os.abort()",
        BlackBoxCrashedError,
        r"SIGABRT \(Aborted\) while it was loaded; in colleague\.py, line 3",
    ),
    "needs more": (
        "import colour_library",
        BlackBoxNotFoundError,
        r"'colour_library' \(colleague\.py, line 3\); install it",
    ),
    "closed": ("os.closerange(0, 3); raise ValueError('no output')", BlackBoxNotLoadedError, "ValueError: no output"),
    "no syntax": ("def (", BlackBoxNotLoadedError, "colleague.py.*line 3.*SyntaxError"),
}


@pytest.mark.parametrize("case", AT_IMPORT)
async def test_what_ends_an_import_is_told_as_what_it_was(
    tmp_path: Path, executor: Executors, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    code, error, words = AT_IMPORT[case]
    write_colleague(tmp_path, monkeypatch, code)
    local = executor("colleague:black_box")
    for _ in range(2):
        with pytest.raises(error, match=words):
            await local.start()


async def test_a_crash_tells_the_last_words(
    tmp_path: Path, executor: Executors, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_colleague(tmp_path, monkeypatch, "print('no licence found'); os._exit(3)")
    with pytest.raises(BlackBoxCrashedError, match="status 3 while it was loaded; its last words: no licence found"):
        await executor("colleague:black_box").start()


async def test_loading_has_a_limit_and_calls_have_theirs(
    tmp_path: Path, executor: Executors, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_colleague(tmp_path, monkeypatch, "import time; time.sleep(0.5 if pathlib.Path('short').exists() else 3600)")
    with pytest.raises(BlackBoxLoadTimeoutError, match=r"colleague:black_box took longer than 1\.5 s"):
        await executor("colleague:black_box", load_timeout_s=1.5).start()
    (tmp_path / "short").touch()
    patient = executor("colleague:black_box")
    assert await patient.call(CALL, 0.4) == tmp_path  # which counts from the loaded black box on


def write_colleague(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    (folder / "colleague.py").write_text(
        f"import os, sys, pathlib\n\n{code}\n\ndef black_box(image, cloud, name):\n    return '.'\n"
    )
    monkeypatch.syspath_prepend(folder)


async def test_its_output_is_logged_by_lines_under_limits(executor: Executors) -> None:
    with structlog.testing.capture_logs() as logged:
        local = executor("prints_hostile_lines")
        await local.call(CALL, 20)
        await local.close()
    lines = [each["line"] for each in logged if each["event"] == "black_box_output"]
    assert {each["project"] for each in logged} == {"chapel"}
    assert {"a warning of a library", r"\xff\xfe", "10%", "20%", "again"} < set(lines)
    assert any(line.startswith("loading ") for line in lines)
    assert max(map(len, lines)) == 1000
    left_out = sum(each["line_count"] for each in logged if each["event"] == "black_box_output_left_out")
    assert len(lines) + left_out == 5000 + 5 + 5
    assert left_out > 4000


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


@pytest.mark.parametrize(("name", "is_declared"), [("instant", False), ("instant_of_previews", True)])
async def test_a_loaded_black_box_says_whether_it_takes_previews(
    executor: Executors, name: str, *, is_declared: bool
) -> None:
    local = executor(name)
    assert not local.takes_previews
    await local.start()
    assert local.takes_previews is is_declared


async def test_a_refetch_that_ends_its_program_is_told(executor: Executors) -> None:
    local = executor("leaves_its_refetch")
    await local.start()
    with pytest.raises(BlackBoxFailedError, match="SystemExit: no more"):
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
        "from broker.logs import configure, get_logger\n"
        "from reconstructor.executors.local import LocalExecutor\n"
        "configure()\n"
        "async def main():\n"
        f"    local = LocalExecutor('tests.black_boxes:hangs', pathlib.Path({str(tmp_path)!r}),"
        f" memory_limit_bytes={LIMIT_BYTES}, load_timeout_s=60, log=get_logger())\n"
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
