"""Does the table say what somebody on call must know, and put the worst project on top?"""

import json
from datetime import timedelta

import pytest
from rich.console import Console
from typer.testing import CliRunner

from admin.facts import ProjectFacts
from admin.installation import Installation
from admin.ops import cli
from admin.ops.table import Row, rows_of, table_of
from broker.ids import ProjectId
from tests.project_facts import NOW, health, project, statistics


def rows(**changes: object) -> list[Row]:
    status = project(**changes).status  # type: ignore[arg-type]
    assert status is not None
    return rows_of([status], NOW)


def text(every: list[Row], *, is_connected: bool = True) -> str:
    console = Console(width=200, force_terminal=False)
    with console.capture() as captured:
        console.print(table_of(every, is_connected=is_connected))
    return captured.get()


def test_a_project_where_everything_is_well_needs_no_look() -> None:
    (row,) = rows(figures=health(), statistics=statistics())
    assert not row.is_bad
    assert "ready" in text([row])
    assert "12, 11 placed" in text([row])
    assert "1 of 1" in text([row])


def test_what_waits_too_long_or_complains_comes_first() -> None:
    late = statistics().model_copy(update={"queued_since": NOW - timedelta(minutes=61)})
    (waiting,) = rows(statistics=late)
    (complaining,) = rows(figures=health(alarms=("spool_full",), spool_count=1234))
    assert waiting.is_bad
    assert complaining.is_bad
    assert "1 h 1 min" in text([waiting])
    assert "1,234 photographs on them: rig-1 spool_full" in text([complaining])
    statuses = [found.status for found in (project(statistics=statistics()), project(reconstructor="offline"))]
    assert [row.reconstructor for row in rows_of([each for each in statuses if each], NOW)] == ["offline", "ready"]


def test_a_project_that_no_reconstructor_ever_had_needs_a_look(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_installation: Installation) -> tuple[ProjectFacts, ...]:
        return (ProjectFacts(project=ProjectId("chapel")),)

    monkeypatch.setattr(cli, "read_facts", nothing)
    done = CliRunner().invoke(cli.app, ["--json", "--folder", str(installation.system.folder)])
    assert done.exit_code == 1
    row = json.loads(done.stdout)
    assert (row["project"], row["reconstructor"], row["stored_count"]) == ("chapel", "unknown", 0)


def test_an_absent_broker_is_said() -> None:
    assert "The broker is away" in text([], is_connected=False)
