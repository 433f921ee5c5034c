"""`cairn ops`: all projects in one table that follows the broker; `cairn ops plan`: what a campaign needs."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.live import Live

from admin.facts import read_facts
from admin.installation import Installation
from admin.ops.plan import Load, lines, plan, read_measured
from admin.ops.table import rows_of, table_of, unheard
from admin.system import System
from broker.config import BadSettingsError
from broker.logs import LogLevel, configure
from reconstructor.config import Settings
from viewer.status import Board

app = typer.Typer(add_completion=False)

_HERE: Final = Path()
_TICK_S: Final = 1.0


@app.callback(invoke_without_command=True)
def ops(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--folder", help="Where cairn.toml and the data are.")] = _HERE,
    is_once: Annotated[bool, typer.Option("--once", help="Print the table once.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line and project, once.")] = False,
) -> None:
    """Watch all projects in one table, the worst on top; with --once or --json exit code 1 when one needs a look."""
    if context.invoked_subcommand is not None:
        return
    configure(level=LogLevel.ERROR)
    installation = Installation.load(System(folder.resolve()))
    if not (is_once or is_json):
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_follow(Board(installation.viewer.model_copy(update={"broker": installation.operator}))))
        return
    facts = asyncio.run(read_facts(installation))
    rows = rows_of(each.status or unheard(each.project) for each in facts)
    if is_json:
        print("\n".join(json.dumps(row.model_dump(mode="json")) for row in rows))
    else:
        Console().print(table_of(rows, is_connected=True))
    if any(row.is_bad for row in rows):
        raise typer.Exit(1)


@app.command("plan")
def plan_campaign(
    photographs: Annotated[int, typer.Option("--photographs", min=1, help="Photographs a day, of all rigs together.")],
    days: Annotated[int, typer.Option("--days", min=1, help="For how many days.")] = 1,
    photograph_mb: Annotated[float, typer.Option("--mb", help="Size of one, MB.")] = 5.0,
    hours: Annotated[float, typer.Option("--hours", help="Hours of a day in which they come.")] = 8.0,
    projects: Annotated[int, typer.Option("--projects", min=1, help="Projects that share them.")] = 1,
    rigs: Annotated[int, typer.Option("--rigs", min=0, help="Rigs that send them.")] = 1,
    viewers: Annotated[int, typer.Option("--viewers", min=0, help="People who watch.")] = 1,
    is_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Calculate disk, bandwidth, processors and memory of a campaign from measured figures."""
    try:
        load = Load(
            photographs_per_day=photographs,
            days=days,
            photograph_mb=photograph_mb,
            hours_per_day=hours,
            projects=projects,
            rigs=rigs,
            viewers=viewers,
        )
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        raise BadSettingsError(f"{first['loc'][0]}: {first['msg']}") from exc
    measured = read_measured()
    made = plan(load, measured, Settings.load())
    print(made.model_dump_json() if is_json else "\n".join(lines(load, made, measured)))


async def _follow(board: Board) -> None:
    following = asyncio.create_task(board.run(), name="board")
    with Live(table_of([], is_connected=True), refresh_per_second=1) as live:
        while not following.done():
            projects = {*board.projects(), *(board.chosen if board.is_connected else ())}
            rows = rows_of(board.status(each) or unheard(each) for each in projects)
            live.update(table_of(rows, is_connected=board.is_connected))
            await asyncio.sleep(_TICK_S)
    following.result()
