"""One call of the black box becomes one reply, whatever foreign code does."""

import json
import os
import re
import socket
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from broker.errors import CairnError
from reconstructor.black_box import BlackBox, concurrent
from reconstructor.worker import Call, Replies, Reply, answer, calls, serve
from tests.black_boxes import instant, returns_no_folder

CALL = Call(input_img_path="/a.jpg", old_point_cloud="", new_img_id="a")


class OutOfFilmError(CairnError):
    code = "out_of_film"


def test_a_returned_folder_becomes_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert answer(instant, CALL).folder == str(tmp_path / "output/a-add")


def test_the_three_arguments_arrive_in_the_order_of_the_seam() -> None:
    seen: list[str] = []

    def black_box(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
        seen.extend((input_img_path, old_point_cloud, new_img_id))
        return "x"

    answer(black_box, Call(input_img_path="1", old_point_cloud="2", new_img_id="3"))
    assert seen == ["1", "2", "3"]


def raising(exc: BaseException) -> BlackBox:
    def black_box(input_img_path: str, old_point_cloud: str, new_img_id: str) -> NoReturn:
        raise exc

    return black_box


def test_an_exception_becomes_its_type_its_words_and_its_place(capfd: pytest.CaptureFixture[str]) -> None:
    reply = answer(raising(KeyError("lens")), CALL)
    assert reply.problem == "failed"
    assert re.fullmatch(r"KeyError: 'lens' \(test_worker\.py, line \d+\)", reply.reason)
    assert "Traceback" in capfd.readouterr().err


def test_the_place_is_the_authors_line_and_not_a_librarys() -> None:
    def black_box(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
        return str(json.loads("{"))

    line = black_box.__code__.co_firstlineno + 1
    assert answer(black_box, CALL).reason.endswith(f"(test_worker.py, line {line})")


def test_an_exit_in_words_is_an_answer(capfd: pytest.CaptureFixture[str]) -> None:
    reply = answer(raising(SystemExit("please set MODEL_PATH")), CALL)
    assert reply.problem == "failed"
    assert reply.reason.startswith("SystemExit: please set MODEL_PATH (test_worker.py, line ")
    assert "MODEL_PATH" in capfd.readouterr().err


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    "exc", [UnspeakableError(), ValueError("\udcff\x1b[31m"), KeyboardInterrupt(), ValueError("x" * 9999)]
)
def test_whatever_is_raised_can_be_sent(exc: BaseException, capfd: pytest.CaptureFixture[str]) -> None:
    reply = answer(raising(exc), CALL)
    assert len(reply.model_dump_json()) < 4000
    assert reply.reason.isprintable()
    assert "test_worker.py" in reply.reason
    assert capfd.readouterr().err


@pytest.mark.parametrize("path", ["x" * 5000, "a\0b", "a\udcff"])
def test_text_that_is_no_path_is_refused(path: str) -> None:
    assert "no path" in answer(lambda *_: path, CALL).reason


def test_an_error_of_ours_keeps_its_code() -> None:
    assert answer(raising(OutOfFilmError("load another roll")), CALL).reason == "out_of_film: load another roll"


def test_no_more_memory_is_told_as_such() -> None:
    assert answer(raising(MemoryError()), CALL).problem == "out_of_memory"


def test_another_type_than_a_path_is_refused() -> None:
    assert "int" in answer(returns_no_folder, CALL).reason


def test_a_reply_carries_the_number_of_its_call() -> None:
    assert answer(raising(KeyError("lens")), CALL.model_copy(update={"number": 7})).number == 7


def test_only_a_refetch_of_a_concurrent_black_box_has_a_thread_of_its_own_at_the_lowest_priority() -> None:
    threads: list[tuple[str, bool, bool]] = []

    def black_box(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
        is_main = threading.current_thread() is threading.main_thread()
        threads.append((new_img_id, is_main, os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == 19))
        return "x"

    connection, parent = socket.socketpair()
    refetch = CALL.model_copy(update={"is_refetch": True, "new_img_id": "r"})
    for call in (CALL, refetch):
        serve(black_box, call, Replies(connection))
    concurrent(black_box)
    for call in (CALL, refetch):
        serve(black_box, call, Replies(connection))
    with parent.makefile("rb") as replies:
        assert all(replies.readline() for _ in range(4))
    connection.close()
    parent.close()
    assert threads == [("a", True, False), ("r", True, False), ("a", True, False), ("r", False, True)]


def test_replies_of_two_threads_are_whole_lines() -> None:
    connection, parent = socket.socketpair()
    replies = Replies(connection)

    def send(number: int) -> None:
        for _ in range(50):
            replies.send(Reply(number=number, folder="/somewhere" * 50))

    threads = [threading.Thread(target=send, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    with parent.makefile("rb") as lines:
        numbers = [Reply.model_validate_json(lines.readline()).number for _ in range(100)]
    for thread in threads:
        thread.join()
    connection.close()
    parent.close()
    assert sorted(numbers) == [1] * 50 + [2] * 50


def test_calls_are_read_however_they_are_cut() -> None:
    connection, parent = socket.socketpair()
    sent = [CALL.model_copy(update={"number": number}) for number in range(3)]
    payload = b"".join(each.model_dump_json().encode() + b"\n" for each in sent)
    for start in range(0, len(payload), 7):
        parent.sendall(payload[start : start + 7])
    parent.close()
    assert list(calls(connection)) == sent
    connection.close()
