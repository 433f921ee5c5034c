"""`cairn broker …`: run our own Mosquitto and keep its accounts."""

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from broker.accounts.access import Account, BadUserError, Credential, User, acl
from broker.accounts.invitations import Invitations
from broker.accounts.keeper import IN_FORCE_S, SOCKET_NAME, Keeper
from broker.accounts.kept_passwords import KeptPassword
from broker.accounts.passwords import fresh_password, write_password
from broker.accounts.users import UserBook
from broker.channel import Role
from broker.errors import CairnError
from broker.files import bound, give_to_owner_of_folder, keep_private
from broker.ids import ProjectId
from broker.mosquitto import BrokerPlan, Mosquitto
from broker.projects.project_list import ProjectList
from broker.projects.settings_watch import LOOK_S
from broker.service.install import sudo_line
from broker.service.system_mosquitto import ETC, SystemMosquitto
from broker.settings import Settings
from broker.topics import DEFAULT_ROOT, TopicSpace

app = typer.Typer(no_args_is_help=True, add_completion=False)

user_app = typer.Typer(no_args_is_help=True, help="Accounts: who may come in, as what, in which projects.")
project_app = typer.Typer(no_args_is_help=True, help="Which accounts belong to a project.")
app.add_typer(user_app, name="user")
app.add_typer(project_app, name="project")

PasswordTo = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Where to write the password; NAME.password by default.", show_default=False),
]
DataDir = Annotated[Path, typer.Option("--data", help="The broker's folder: accounts, conf, log and what is retained.")]
SystemFolder = Annotated[
    Path | None,
    typer.Option("--to", help="The settings folder of the system's Mosquitto; /etc/mosquitto by default."),
]
_DATA = Path("data/broker")
_WATCH_S = 0.2
_MOST_LOG_BYTES = 16 * 1024 * 1024  # about 100,000 connections
_LOG_LOOK_S = 10.0
_AGAIN_S = 3.0  # until accounts that could not be put in force are tried again
_GOODBYE_S = 2 * LOOK_S + 1.0  # in which a reconstructor that runs says `offline`, while its account still may


@app.callback()
def private() -> None:
    """Run our own Mosquitto and keep its accounts."""
    keep_private()


@app.command()
def start(
    data: Annotated[Path | None, typer.Option("--data", help="The broker's folder.", show_default=False)] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; 0.0.0.0 lets rigs on the network in.", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="MQTT port, 1 to 65535.", show_default=False)
    ] = None,
    websocket_port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Port of the native WebSocket listener, on loopback, 1 to 65535."),
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM certificate; with --key the port speaks TLS.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM private key.")] = None,
    root: Annotated[str | None, typer.Option(help="First levels of every topic.", show_default=False)] = None,
) -> None:
    """Run the broker in the foreground until Ctrl-C; changes of accounts act at once."""
    settings = Settings.load(
        data_dir=data,
        host=host,
        port=port,
        websocket_port=websocket_port,
        certificate=certificate,
        key=key,
        root=root,
    )
    plan, book, stop = settings.plan(), UserBook(settings.data_dir), _asked_to_stop()
    stamp, accounts = _stamp(book, plan), book.accounts()
    with Mosquitto(plan, accounts) as broker:
        sys.stderr.write(f"broker on {plan.host}:{plan.port}, process {broker.pid}, log {plan.log}; Ctrl-C stops it\n")
        if not accounts:
            sys.stderr.write("there is no account yet: add one with `cairn broker user add`\n")
        _keep(settings, stamp, broker.reload, lambda: broker.pid is not None and not stop.wait(_WATCH_S))
        if broker.pid is None:
            sys.stderr.write(f"the broker ended by itself: see {plan.log}\n")
            raise typer.Exit(1)


@app.command("install")
def install_accounts(
    data: Annotated[Path | None, typer.Option("--data", help="The broker's folder.", show_default=False)] = None,
    to: SystemFolder = None,
) -> None:
    """Use the system's own Mosquitto: write conf, passwords and ACL where it reads them, and reload it. Needs root."""
    if (line := sudo_line()) is not None:
        print(line)
        raise typer.Exit(1)
    settings = Settings.load(data_dir=data, system_folder=to)
    plan = settings.plan()
    book = UserBook(plan.data_dir)
    system = SystemMosquitto(plan=plan, folder=settings.system_folder or ETC)
    system.install(book.accounts())
    sys.stderr.write(f"{len(book.users())} accounts are in force; the system's Mosquitto reads {system.conf}\n")


@app.command("keep")
def keep_accounts(
    data: Annotated[Path | None, typer.Option("--data", help="The broker's folder.", show_default=False)] = None,
    to: SystemFolder = None,
) -> None:
    """Look after the system's own Mosquitto until Ctrl-C: changes of accounts act at once, invitations are redeemed.

    Needs root, or Mosquitto's own user.
    """
    settings = Settings.load(data_dir=data, system_folder=to)
    plan, book, stop = settings.plan(), UserBook(settings.data_dir), _asked_to_stop()
    stamp = _stamp(book, plan)
    system = SystemMosquitto(plan=plan, folder=settings.system_folder or ETC)
    system.reload(book.accounts())
    sys.stderr.write(f"the accounts of {system.private} follow those of {plan.data_dir}; Ctrl-C stops it\n")
    _keep(settings, stamp, system.reload, lambda: not stop.wait(_WATCH_S))


def _asked_to_stop() -> threading.Event:
    """Set by Ctrl-C and by SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _keep(
    settings: Settings,
    stamp: tuple[int, ...],
    reload: Callable[[list[Account]], None],
    goes_on: Callable[[], bool],
) -> None:
    """Redeem invitations, and put changes of accounts in force; a full disk ends nothing and is tried again.

    Args:
        settings: of the broker.
        stamp: of the accounts that are in force.
        reload: puts others in force.
        goes_on: waits a little, and says whether to go on.
    """
    tried, again_s, look_s = stamp, 0.0, 0.0
    plan = settings.plan()
    book = UserBook(plan.data_dir)
    keeper = Keeper(
        data_dir=plan.data_dir,
        root=plan.space.root,
        port=plan.tls_port or plan.port,
        authority=settings.authority,
    )
    with keeper.listening():
        give_to_owner_of_folder(plan.data_dir / SOCKET_NAME)
        while goes_on():
            now, now_s = _stamp(book, plan), time.monotonic()
            if now_s >= look_s:
                look_s = now_s + _LOG_LOOK_S
                with contextlib.suppress(OSError):
                    bound(plan.log, _MOST_LOG_BYTES)
            if now != tried or (now != stamp and now_s >= again_s):
                tried, again_s = now, now_s + _AGAIN_S
                if _reload(book, reload):
                    stamp = now


def _stamp(book: UserBook, plan: BrokerPlan) -> tuple[int, ...]:
    """Changes with the accounts and with the certificate."""
    return *book.stamp(), *plan.certificate_stamp()


def _reload(book: UserBook, reload: Callable[[list[Account]], None]) -> bool:
    """Put the accounts in force; returns whether they are."""
    try:
        accounts = book.accounts()
        reload(accounts)
    except CairnError as exc:
        sys.stderr.write(f"the accounts stay as they were: {exc.sentence}\n")
        return False
    sys.stderr.write(f"accounts read again: {len(accounts)}\n")
    return True


@user_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Agents are called rig-…, people are not.")],
    role: Annotated[Role, typer.Option(help="What the account may do.")],
    project: Annotated[list[str], typer.Option(metavar="PROJECT", help="A project it belongs to; may be given again.")],
    home_assistant: Annotated[
        str | None, typer.Option(help="Home Assistant's prefix: a rig may describe itself below it, others may read.")
    ] = None,
    password_file: PasswordTo = None,
    data: DataDir = _DATA,
) -> None:
    """Add an account and print the file with its password, or change role and projects of one; it acts at once."""
    book = UserBook(data)
    user = User.build(name, role, project, home_assistant_prefix=home_assistant)
    if user.name in {each.name for each in book.users()}:
        book.change(user)
        sys.stderr.write(f"{name} is changed; the password stays\n")
        return
    kept = KeptPassword(data_dir=data, name=name)
    kept.check_writable()
    target = _free_file(password_file or Path(f"{name}.password"))
    credential = Credential.fresh(user)
    with _written(target, credential.password):
        book.add_account(credential.account)
    kept.write(credential.password)
    _wait_until_in_force(data)
    print(target)


@user_app.command("remove")
def remove_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The account to remove.")], data: DataDir = _DATA
) -> None:
    """Take an account away; its clients are disconnected at once, and a link that would make it again ends."""
    UserBook(data).remove(name)
    Invitations(data).revoke_account(name)
    _remove_kept(data, name)


@user_app.command("passwd")
def renew_password(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The account.")],
    password_file: PasswordTo = None,
    data: DataDir = _DATA,
) -> None:
    """Give an account a new password and print the file with it; the earlier one ends at once.

    Where programs of this machine have its password in a file, that file gets the new one.
    """
    kept = KeptPassword(data_dir=data, name=name)
    kept.check_writable()
    files = kept.files
    target = None if files and password_file is None else _free_file(password_file or Path(f"{name}.password"))
    password = fresh_password()
    with _written(target, password):
        UserBook(data).set_password(name, password)
    kept.write(password)
    _wait_until_in_force(data)
    for file in files:
        sys.stderr.write(f"{file} has the new password\n")
    print(target or files[0])


@user_app.command("list")
def list_users(data: DataDir = _DATA) -> None:
    """List the accounts: name, role, projects."""
    for user in UserBook(data).users():
        print(f"{user.name}\t{user.role}\t{','.join(user.projects)}")


@project_app.command("add")
def add_project(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project.")],
    user: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An account that joins it; may be given again.", show_default=False),
    ] = None,
    data: DataDir = _DATA,
) -> None:
    """Make accounts members of a project, and serve it; it acts at once."""
    name, served = ProjectId(project), ProjectList.of_broker(data)
    names = dict.fromkeys([*(user or ()), *(served.accounts if served else ())])
    if not names:
        raise BadUserError(f"nobody joins {name}: name an account with --user")
    UserBook(data).add_to_project(name, names)
    sys.stderr.write(f"{name}: {', '.join(names)}\n")
    if served is not None:
        with ProjectList.changing(served.file) as listed:
            listed.add(name)
        sys.stderr.write(f"{name} is listed in {served.file}: programs that run serve it in a few seconds\n")


@project_app.command("remove")
def remove_project(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project.")], data: DataDir = _DATA
) -> None:
    """Take a project away from all accounts and stop serving it; accounts with no other project go. Photographs stay.

    Invitations to it can no longer be used.
    """
    name, book, served = ProjectId(project), UserBook(data), ProjectList.of_broker(data)
    is_listed = served is not None and bool(served.programs_of(name))
    if not is_listed and not any(name in user.projects for user in book.users()):
        raise BadUserError(f"there is no project {name}: `cairn broker project list` lists them")
    if served is not None and is_listed:
        with ProjectList.changing(served.file) as listed:
            listed.remove(name)
        time.sleep(_GOODBYE_S)
    Invitations(data).revoke_project(name)
    for gone in book.remove_project(name):
        print(f"removed {gone}")
        _remove_kept(data, gone)
    sys.stderr.write(f"{name} is served no longer; its photographs and clouds stay in the reconstructor's folder\n")


@project_app.command("list")
def list_projects(data: DataDir = _DATA) -> None:
    """List the projects and their accounts."""
    users = UserBook(data).users()
    for project in sorted({each for user in users for each in user.projects}):
        print(f"{project}\t{','.join(user.name for user in users if project in user.projects)}")


def _remove_kept(data: Path, name: str) -> None:
    for file in KeptPassword(data_dir=data, name=name).remove():
        sys.stderr.write(f"removed {file}, whose password is worth nothing now\n")


def _wait_until_in_force(data: Path) -> None:
    """Wait until a broker that runs in this folder has read a change, so that the next command can log in."""
    if (data / SOCKET_NAME).exists():
        time.sleep(IN_FORCE_S)


def _free_file(path: Path) -> Path:
    """A file for a password; raises BadUserError when there is one of this name."""
    if path.exists():
        raise BadUserError(f"{path} exists: remove it, or name another file with --password-file")
    return path


@contextlib.contextmanager
def _written(path: Path | None, password: str) -> Iterator[None]:
    """Write the file with a new password before the block gives it to the account; it goes again when the block fails.

    Raises:
        BadUserError: the file cannot be written; the block does not run.
    """
    if path is None:
        yield
        return
    try:
        write_password(path, password)
    except OSError as exc:
        raise BadUserError(f"cannot write {path}: {exc.strerror}") from exc
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@app.command("acl")
def print_acl(
    data: DataDir = _DATA, root: Annotated[str, typer.Option(help="First levels of every topic.")] = DEFAULT_ROOT
) -> None:
    """Print the ACL file of the accounts, for a broker that the system runs."""
    print(acl(UserBook(data).users(), TopicSpace(root)))
