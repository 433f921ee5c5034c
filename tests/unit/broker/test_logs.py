"""A program's log follows its stream."""

import io
import sys
from collections.abc import Iterator

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
