"""`cairn ops`: all projects in one table that follows the broker, for somebody on call."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live

from admin.facts import read_facts
from admin.installation import Installation
from admin.ops.table import rows_of, table_of
from admin.system import System
from broker.logs import LogLevel, configure
from viewer.status import Board

app = typer.Typer(add_completion=False)

_HERE: Final = Path()
_TICK_S: Final = 1.0


@app.command()
def ops(
    folder: Annotated[Path, typer.Option("--folder", help="Where cairn.toml and the data are.")] = _HERE,
    is_once: Annotated[bool, typer.Option("--once", help="Print the table once.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line and project, once.")] = False,
) -> None:
    """Watch all projects in one table, the worst on top; with --once or --json exit code 1 when one needs a look."""
    configure(level=LogLevel.ERROR)
    installation = Installation.load(System(folder.resolve()))
    if not (is_once or is_json):
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_follow(Board(installation.viewer.model_copy(update={"broker": installation.operator}))))
        return
    facts = asyncio.run(read_facts(installation))
    rows = rows_of(each.status for each in facts if each.status is not None)
    if is_json:
        print("\n".join(json.dumps(row.model_dump(mode="json")) for row in rows))
    else:
        Console().print(table_of(rows, is_connected=True))
    if any(row.is_bad for row in rows):
        raise typer.Exit(1)


async def _follow(board: Board) -> None:
    following = asyncio.create_task(board.run(), name="board")
    with Live(table_of([], is_connected=True), refresh_per_second=1) as live:
        while not following.done():
            rows = rows_of(status for each in board.projects() if (status := board.status(each)) is not None)
            live.update(table_of(rows, is_connected=board.is_connected))
            await asyncio.sleep(_TICK_S)
    following.result()
