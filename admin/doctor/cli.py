"""`cairn doctor`: examine a whole system, and say what to do."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from admin.doctor.examination import examine
from admin.doctor.findings import Finding, as_json, has_fault
from admin.system import System
from broker.logs import LogLevel, configure

app = typer.Typer(add_completion=False)

Folder = Annotated[Path, typer.Option("--folder", help="Where cairn.toml and the data are.")]
_HERE = Path()


@app.command()
def doctor(
    folder: Folder = _HERE,
    url: Annotated[
        str | None,
        typer.Option(help="Measure this WebSocket address, for example behind a proxy: wss://HOST/mqtt."),
    ] = None,
    is_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """Examine a system and say what to do; exit code 1 when there is a fault."""
    configure(level=LogLevel.ERROR)
    system = System(folder.resolve())

    async def collect() -> list[Finding]:
        findings = []
        async for finding in examine(system, url):
            findings.append(finding)
            if not is_json:
                print(finding.line(), flush=True)
        return findings

    findings = asyncio.run(collect())
    if is_json:
        print(json.dumps(as_json(system.folder, findings)))
    if has_fault(findings):
        raise typer.Exit(1)
