"""An address that a stranger may read is a fault; a refusal of any kind is not."""

from http import HTTPStatus

from admin.doctor.findings import Level
from admin.doctor.page import Reply, judge


def test_refusals_are_fine() -> None:
    replies = [("projects", Reply(status)) for status in (401, 403, 429)]
    assert list(judge(replies, "page.log")) == []


def test_an_open_address_and_a_strange_answer_are_faults() -> None:
    first, second, third = judge(
        [("metrics", Reply(HTTPStatus.OK)), ("projects", Reply(502)), ("projects/chapel/status", Reply(None))],
        "page.log",
    )
    assert first.found == "the page answers a stranger at /metrics"
    assert "needs_login = true" in first.advice
    assert second.found == "/projects answers status 502 where a refusal is due"
    assert third.found == "/projects/chapel/status answers nothing where a refusal is due"
    assert {first.level, second.level, third.level} == {Level.FAULT}
