"""One call of the black box becomes one reply, whatever foreign code does."""

from pathlib import Path
from typing import NoReturn

import pytest

from broker.errors import CairnError
from reconstructor.black_box import BlackBox
from reconstructor.worker import Call, answer
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
