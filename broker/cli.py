"""`cairn broker …`: run our own Mosquitto and keep its accounts."""

import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from broker.accounts.access import User, acl
from broker.accounts.users import UserBook
from broker.channel import Role
from broker.mosquitto import BrokerPlan, Mosquitto
from broker.topics import DEFAULT_ROOT, TopicSpace

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Run our own Mosquitto and keep its accounts.")

DataDir = Annotated[Path, typer.Option("--data", help="The broker's folder: accounts, conf, log and what is retained.")]
_DATA = Path("data/broker")


@app.command()
def start(
    data: DataDir = _DATA,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets rigs on the network in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="MQTT port, 1 to 65535.")] = 1883,
    websocket_port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Port of the native WebSocket listener, on loopback, 1 to 65535."),
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM certificate; with --key the port speaks TLS.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM private key.")] = None,
    root: Annotated[str, typer.Option(help="First levels of every topic.")] = DEFAULT_ROOT,
) -> None:
    """Run the broker in the foreground until Ctrl-C; every account of `users` may come in."""
    if (certificate is None) != (key is None):
        raise typer.BadParameter("give --certificate and --key together")
    plan = BrokerPlan(
        data_dir=data,
        host=host,
        port=port,
        certificate=certificate,
        key=key,
        websocket_port=websocket_port,
        space=TopicSpace(root),
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Mosquitto(plan, UserBook(data).credentials()) as broker:
        sys.stderr.write(f"broker on {host}:{port}, process {broker.pid}, log {plan.log}; Ctrl-C stops it\n")
        while not stop.wait(1.0):
            if broker.pid is None:
                sys.stderr.write(f"the broker ended by itself: see {plan.log}\n")
                raise typer.Exit(1)


@app.command("add-user")
def add_user(
    name: Annotated[str, typer.Argument(help="Agents are called rig-…, people are not.")],
    role: Annotated[Role, typer.Option(help="What the account may do.")],
    project: Annotated[list[str], typer.Option(metavar="PROJECT", help="A project it belongs to; may be given again.")],
    home_assistant: Annotated[
        str | None, typer.Option(help="Home Assistant's prefix: a rig may describe itself below it, others may read.")
    ] = None,
    data: DataDir = _DATA,
) -> None:
    """Add an account or change its role and projects; prints the file with its password. Restart the broker after."""
    book = UserBook(data)
    book.add(User.build(name, role, project, home_assistant_prefix=home_assistant))
    print(book.password_file(name))


@app.command("remove-user")
def remove_user(name: Annotated[str, typer.Argument(help="The account to remove.")], data: DataDir = _DATA) -> None:
    """Take an account away. Restart the broker after."""
    UserBook(data).remove(name)


@app.command()
def users(data: DataDir = _DATA) -> None:
    """List the accounts: name, role, projects."""
    for user in UserBook(data).users():
        print(f"{user.name}\t{user.role}\t{','.join(user.projects)}")


@app.command("acl")
def print_acl(
    data: DataDir = _DATA, root: Annotated[str, typer.Option(help="First levels of every topic.")] = DEFAULT_ROOT
) -> None:
    """Print the ACL file of the accounts, for a broker that the system runs."""
    print(acl(UserBook(data).users(), TopicSpace(root)))
