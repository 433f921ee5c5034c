"""Which options do the command lines share? The same flag means the same thing in every program."""

from pathlib import Path
from typing import Annotated

import typer

from broker.logs import LogLevel

BrokerHost = Annotated[
    str | None, typer.Option("--broker", metavar="HOST", help="The broker's name or address.", show_default=False)
]
BrokerPort = Annotated[
    int | None,
    typer.Option("--broker-port", min=1, max=65_535, help="The broker's MQTT port.", show_default=False),
]
User = Annotated[
    str | None, typer.Option("--user", "-u", metavar="NAME", help="Our account on the broker.", show_default=False)
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A file whose first line is the account's password.", show_default=False),
]
LogLevelOption = Annotated[LogLevel, typer.Option("--log-level", help="The least important messages to log.")]


def broker_flags(
    host: str | None, port: int | None, user: str | None, password_file: Path | None
) -> dict[str, str | int | Path] | None:
    """Collect the broker flags that were given, for a program's `broker` setting; None when none was."""
    given = {"host": host, "port": port, "username": user, "password_file": password_file}
    return {name: value for name, value in given.items() if value is not None} or None
