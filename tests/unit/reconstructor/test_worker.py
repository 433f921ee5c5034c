"""One call of the black box becomes one reply, whatever foreign code does."""

import io
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from broker.errors import CairnError
from reconstructor.black_box import BlackBox, concurrent
from reconstructor.worker import Call, Replies, Reply, answer, serve
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


def test_an_exception_becomes_its_type_and_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    reply = answer(raising(KeyError("lens")), CALL)
    assert (reply.problem, reply.reason) == ("failed", "KeyError: 'lens'")
    assert "Traceback" in capsys.readouterr().err


def test_an_error_of_ours_keeps_its_code() -> None:
    assert answer(raising(OutOfFilmError("load another roll")), CALL).reason == "out_of_film: load another roll"


def test_no_more_memory_is_told_as_such() -> None:
    assert answer(raising(MemoryError()), CALL).problem == "out_of_memory"


def test_another_type_than_a_path_is_refused() -> None:
    assert "int" in answer(returns_no_folder, CALL).reason


def test_a_reply_carries_the_number_of_its_call() -> None:
    assert answer(raising(KeyError("lens")), CALL.model_copy(update={"number": 7})).number == 7


def test_only_a_refetch_of_a_concurrent_black_box_has_a_thread_of_its_own() -> None:
    threads: list[tuple[str, bool]] = []
    done = threading.Semaphore(0)

    def black_box(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
        threads.append((new_img_id, threading.current_thread() is threading.main_thread()))
        done.release()
        return "x"

    file = io.BytesIO()
    refetch = CALL.model_copy(update={"is_refetch": True, "new_img_id": "r"})
    for call in (CALL, refetch):
        serve(black_box, call, Replies(file))
    concurrent(black_box)
    for call in (CALL, refetch):
        serve(black_box, call, Replies(file))
    for _ in range(4):
        assert done.acquire(timeout=10)
    assert threads == [("a", True), ("r", True), ("a", True), ("r", False)]


def test_replies_of_two_threads_are_whole_lines() -> None:
    file = io.BytesIO()
    replies = Replies(file)

    def send(number: int) -> None:
        for _ in range(50):
            replies.send(Reply(number=number, folder="/somewhere" * 50))

    threads = [threading.Thread(target=send, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [Reply.model_validate_json(line).number for line in file.getvalue().splitlines()]
    assert sorted(numbers) == [1] * 50 + [2] * 50
