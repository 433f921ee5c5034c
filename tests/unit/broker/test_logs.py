"""A program's log follows its stream."""

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from broker import logs

LOG = logs.get_logger(part="test")  # as modules make theirs: before `configure`


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_a_logger_outlives_the_stream_it_first_wrote_to(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    logs.configure()
    LOG.info("begun")
    assert "level=info event=begun part=test" in first.getvalue()
    first.close()
    monkeypatch.setattr(sys, "stderr", second)
    LOG.warning("goes on", reason="a stream was replaced")
    assert 'level=warning event="goes on"' in second.getvalue()


def test_what_is_below_the_level_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure(level=logs.LogLevel.WARNING)
    LOG.info("a detail")
    assert not stream.getvalue()


def test_signs_that_change_a_terminal_are_escaped_in_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure()
    LOG.info("said", line="\x1b[31mred \u202egnp.exe", path=Path("a\u2066b"), bad="\udcff")
    text = stream.getvalue()
    assert not set(text) & {"\x1b", "\u202e", "\u2066", "\udcff"}
    assert "x1b[31mred" in text
    assert "path=a\\u2066b bad=\\udcff" in text


def test_a_line_end_in_a_field_begins_no_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure()
    LOG.info("said", line="one\nlevel=error event=forged\u2028three")
    assert stream.getvalue().count("\n") == 1
    assert "\u2028" not in stream.getvalue()


def test_a_log_that_cannot_be_written_ends_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w", encoding="utf-8", buffering=1) as full:
        monkeypatch.setattr(sys, "stderr", full)
        logs.configure()
        LOG.error("the disk below the log is full")
        LOG.error("and stays so")
        with contextlib.suppress(OSError):
            full.close()
