"""Does a process beside the images step back, end with its parent, and pause only if it can?"""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from reconstructor.processes.background import may_pause, paused

ENDS_WITH_PARENT = "from reconstructor.processes.background import end_with_parent; end_with_parent({pid})\n"


def start(script: str) -> subprocess.Popen[str]:
    """A process that says `begun` after the script and then sleeps."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{script}print('begun', flush=True)\nimport time; time.sleep(600)"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def wait_until(process: subprocess.Popen[str], *, is_paused: bool) -> None:
    """A signal arrives a moment later; the test's time limit ends the wait."""
    while (psutil.Process(process.pid).status() == psutil.STATUS_STOPPED) != is_paused:
        time.sleep(0.01)


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_only_a_process_that_ends_with_its_parent_may_pause() -> None:
    ready, other = start(ENDS_WITH_PARENT.format(pid=os.getpid())), start("")
    try:
        assert may_pause(ready.pid)
        assert not may_pause(other.pid)
    finally:
        end(ready)
        end(other)
    assert not may_pause(ready.pid)


def test_a_paused_process_stands_still_and_goes_on() -> None:
    process = start("")
    try:
        with paused(process.pid):
            wait_until(process, is_paused=True)
        wait_until(process, is_paused=False)
    finally:
        end(process)
    with paused(process.pid):  # must not raise: it has ended
        pass


def test_a_process_whose_parent_has_ended_already_ends_at_once() -> None:
    assert subprocess.run([sys.executable, "-c", ENDS_WITH_PARENT.format(pid=1)], check=False).returncode == 1


def test_it_has_the_lowest_priority_and_ends_first_without_memory() -> None:
    process = start("from reconstructor.processes.background import yield_to_images; yield_to_images(19)\n")
    try:
        assert psutil.Process(process.pid).nice() == 19
        assert Path(f"/proc/{process.pid}/oom_score_adj").read_text(encoding="ascii").strip() == "900"
    finally:
        end(process)
