"""Does a second process find the same features, and is nothing lost when it is late, killed, or cannot be started?"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from reconstructor.engine.features import sift_process
from reconstructor.engine.features.colmap_sift import SiftLimits, sift_of
from reconstructor.engine.features.sift_process import SiftProcess, sift_of_both

LIMITS = SiftLimits(max_features=300, first_octave=-1)
READY_S = 60.0

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows cannot pass a socket to a child process like this")


@pytest.fixture(autouse=True)
def none_kept() -> Iterator[None]:
    sift_process._end()  # what other tests started
    yield
    sift_process._end()


@pytest.fixture(scope="module")
def parts() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    coarse = np.random.default_rng(3).integers(0, 255, (2, 24, 30), np.uint8)
    first, second = np.kron(coarse, np.ones((8, 8), np.uint8))
    return first, np.ascontiguousarray(second[:, :200])


def ready_process() -> SiftProcess:
    """The process that the next photograph uses."""
    sift_process._kept.append(SiftProcess())
    limit_s = time.monotonic() + READY_S
    while not sift_process._kept[0].is_ready():
        assert time.monotonic() < limit_s
        time.sleep(0.02)
    return sift_process._kept[0]


def are_right(parts: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> bool:
    """Whether the features of both parts are found; they are many."""
    for found, pixels in zip(sift_of_both(parts[0], parts[1], LIMITS), parts, strict=True):
        expected = sift_of(pixels, LIMITS)
        assert len(expected[0]) > 100
        if not (np.array_equal(found[0], expected[0]) and np.array_equal(found[1], expected[1])):
            return False
    return True


def test_a_second_process_finds_the_same(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    process, here = ready_process(), list[tuple[int, ...]]()
    expected = sift_of(parts[1], LIMITS)

    def counted(pixels: NDArray[np.uint8], limits: SiftLimits) -> Any:
        here.append(pixels.shape)
        return sift_of(pixels, limits)

    monkeypatch.setattr(sift_process, "sift_of", counted)
    for _ in range(3):
        _, found = sift_of_both(parts[0], parts[1], LIMITS)
        assert np.array_equal(found[0], expected[0])
        assert np.array_equal(found[1], expected[1])
    assert here == 3 * [parts[0].shape]
    assert sift_process._kept == [process]


def test_this_process_does_all_until_the_other_one_is_ready(parts: Any) -> None:
    assert are_right(parts)
    assert len(sift_process._kept) == 1


@pytest.mark.parametrize("when", ["before", "while it works"])
def test_a_killed_process_is_replaced(when: str, parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    process = ready_process()
    if when == "before":
        os.kill(process.process_id, signal.SIGKILL)
    else:
        begin = SiftProcess.begin

        def begin_and_die(self: SiftProcess, *given: Any) -> None:
            begin(self, *given)
            os.kill(self.process_id, signal.SIGKILL)

        monkeypatch.setattr(SiftProcess, "begin", begin_and_die)
    assert are_right(parts)
    assert process not in sift_process._kept
    assert not psutil.pid_exists(process.process_id)
    monkeypatch.undo()
    assert are_right(parts)
    assert len(sift_process._kept) == 1


@pytest.mark.parametrize("is_small", [True, False])
def test_a_stopped_process_is_not_waited_for_forever(is_small: bool, parts: Any) -> None:
    process = ready_process()
    process._socket.settimeout(0.1)
    os.kill(process.process_id, signal.SIGSTOP)
    large = np.kron(parts[0], np.ones((6, 6), np.uint8))  # more than the socket holds
    assert are_right((parts[0], parts[1] if is_small else large))
    assert process not in sift_process._kept


def test_an_answer_that_nobody_took_is_not_the_next_ones(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    process = ready_process()

    def fail(*_arguments: Any) -> Any:
        raise MemoryError

    with monkeypatch.context() as failing:
        failing.setattr(sift_process, "sift_of", fail)
        with pytest.raises(MemoryError):
            sift_of_both(parts[1], parts[0], LIMITS)
    assert process not in sift_process._kept
    ready_process()
    assert are_right(parts)


def test_without_room_for_a_process_this_one_does_all(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any, **_options: Any) -> Any:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", full)
    assert are_right(parts)
    assert not sift_process._kept


def test_two_photographs_at_once_do_not_wait_for_each_other(parts: Any) -> None:
    ready_process()
    right: list[bool] = []
    threads = [threading.Thread(target=lambda: right.append(are_right(parts))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True] * 3


def test_the_process_ends_with_its_socket_and_not_by_a_signal_of_the_terminal() -> None:
    process = ready_process()
    os.kill(process.process_id, signal.SIGINT)
    time.sleep(0.2)
    assert process._process.poll() is None
    process._answers.close()
    process._socket.close()
    assert process._process.wait(READY_S) == 0
    sift_process._kept.clear()
