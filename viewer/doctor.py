"""`cairn doctor`: is the address that browsers use fast enough, and if not, what to do?"""

import asyncio
import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from broker.ids import ProjectId
from broker.logs import LogLevel, configure
from broker.options import BrokerHost, BrokerPort, PasswordFile, User
from viewer.cli import settings_of
from viewer.config import Settings
from viewer.endpoint import measure_endpoint

app = typer.Typer(
    add_completion=False, help="Measure the WebSocket address that browsers use, with a message of 1 MiB."
)


@app.command()
def doctor(
    *,
    project: Annotated[str, typer.Option("--project", "-p", help="A project that our user may watch.")],
    url: Annotated[
        str | None, typer.Option(help="The WebSocket address; default: viewer.mqtt_url at the page server's port.")
    ] = None,
    broker: BrokerHost = None,
    broker_port: BrokerPort = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Say in words how fast it is and what to do; exit code 1 when it is too slow."""
    configure(level=LogLevel.ERROR)
    settings = settings_of(broker, broker_port, user, password_file)
    report = asyncio.run(measure_endpoint(url or endpoint_url(settings), settings.broker, ProjectId(project)))
    sys.stdout.write(f"{report.text}\n")
    if not report.is_fast:
        raise typer.Exit(1)


def endpoint_url(settings: Settings) -> str:
    """Where the page connects, as seen from this machine."""
    if urlsplit(settings.mqtt_url).netloc:
        return settings.mqtt_url
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104 - compared, not bound
    shown = f"[{host}]" if ":" in host else host
    return f"ws://{shown}:{settings.port}{settings.mqtt_url}"
