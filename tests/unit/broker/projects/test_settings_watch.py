"""A running program follows its settings file: whole changes are read, a damaged file changes nothing."""

import asyncio
import os
import signal
import tomllib
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import structlog

from broker.config import BadSettingsError
from broker.ids import ProjectId
from broker.projects import settings_watch
from broker.projects.settings_watch import changes_of_projects, look_on_hangup

PATIENCE_S = 10


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings in use, looked at often."""
    monkeypatch.setattr(settings_watch, "LOOK_S", 0.02)
    path = tmp_path / "cairn.toml"
    path.write_text('projects = ["chapel"]')
    monkeypatch.setenv("CAIRN_SETTINGS", str(path))
    return path


def write(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink()
    else:
        file.write_text(text)


def read() -> tuple[ProjectId, ...]:
    try:
        found = tomllib.loads(Path(os.environ["CAIRN_SETTINGS"]).read_text())
    except (OSError, tomllib.TOMLDecodeError) as exc:
        raise BadSettingsError("not TOML") from exc
    return tuple(ProjectId(each) for each in found["projects"])


async def following(changes: AsyncIterator[tuple[ProjectId, ...]]) -> tuple[ProjectId, ...]:
    async with asyncio.timeout(PATIENCE_S):
        return await anext(changes)


async def test_each_change_is_told_and_the_first_look_misses_none_since_the_start(file: Path) -> None:
    async with aclosing(changes_of_projects(read, asyncio.Event())) as changes:
        assert await following(changes) == ("chapel",)
        write(file, 'projects = ["chapel", "castle"]')
        assert await following(changes) == ("chapel", "castle")


async def test_a_damaged_or_missing_file_is_said_once_and_changes_nothing(file: Path) -> None:
    async with aclosing(changes_of_projects(read, asyncio.Event())) as changes:
        await following(changes)
        with structlog.testing.capture_logs() as logs:
            waiting = asyncio.create_task(following(changes))
            for text in ("projects = [", None):
                said = len(logs)
                write(file, text)
                async with asyncio.timeout(PATIENCE_S):
                    while len(logs) == said:
                        await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)
                assert len(logs) == said + 1
            assert not waiting.done()
            write(file, 'projects = ["nave"]')
            assert await waiting == ("nave",)
    assert [each["event"] for each in logs] == ["settings_not_read"] * 2
    assert str(file) in logs[1]["reason"]


async def test_a_hangup_looks_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_watch, "LOOK_S", 1000.0)
    look = asyncio.Event()
    look_on_hangup(look, pytest.fail)
    async with aclosing(changes_of_projects(read, look)) as changes:
        write(file, 'projects = ["castle"]')
        signal.raise_signal(signal.SIGHUP)
        assert await following(changes) == ("castle",)


async def test_a_closed_terminal_stops_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    look, stop = asyncio.Event(), asyncio.Event()
    answers = iter([True, False])  # whether stderr is a terminal: at the start, and when the signal comes
    monkeypatch.setattr("sys.stderr.isatty", lambda: next(answers))
    look_on_hangup(look, stop.set)
    signal.raise_signal(signal.SIGHUP)
    async with asyncio.timeout(PATIENCE_S):
        await stop.wait()
    assert not look.is_set()


async def test_settings_without_a_file_never_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAIRN_SETTINGS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert [each async for each in changes_of_projects(read, asyncio.Event())] == []
