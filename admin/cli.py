"""`cairn init`, `up`, `invite`, `status`, `open` and `audit`: from an empty folder to a team, and who did what."""

import asyncio
import io
import os
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import segno
import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from admin.audit import Wanted, deeds_of, line_of
from admin.certificates import fingerprint
from admin.installation import Installation
from admin.invite import invite_user, page_scheme, public_address, read_duration
from admin.service import install_system, system_units
from admin.system import System
from admin.up import run_system
from admin.watching import write_watching_options
from broker.accounts.invitation_secret import Link
from broker.accounts.invitations import Invitation, Invitations
from broker.channel import Role
from broker.config import SETTINGS_VARIABLE, BadSettingsError
from broker.files import keep_private
from broker.ids import ProjectId
from broker.logs import LogLevel, configure
from broker.service.install import sudo_line

init_app = typer.Typer(add_completion=False)
up_app = typer.Typer(add_completion=False)
invite_app = typer.Typer(add_completion=False)
audit_app = typer.Typer(add_completion=False)
renew_app = typer.Typer(add_completion=False)
status_app = typer.Typer(add_completion=False)
open_app = typer.Typer(add_completion=False)

Folder = Annotated[Path, typer.Option("--folder", help="Where cairn.toml and the data are.")]
_HERE = Path()


@init_app.command()
def init(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="A name such as chapel: a-z, 0-9 and -.")],
    folder: Folder = _HERE,
    this_machine_only: Annotated[
        bool, typer.Option("--this-machine-only", help="Nothing listens on the network.")
    ] = False,
    is_page_tls: Annotated[
        bool, typer.Option("--tls", help="The page is https, with an own authority that each device must trust once.")
    ] = False,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="HOST",
            help="A name or address of this machine that it does not know itself; may be given again.",
        ),
    ] = None,
    is_service: Annotated[
        bool, typer.Option("--service", help="Install and start systemd units; needs root, else it says how.")
    ] = False,
) -> None:
    """Set up broker, reconstructor and page for a project, or for one more project."""
    if is_service and (line := sudo_line()) is not None:
        print(line)
        raise typer.Exit(1)
    configure(level=LogLevel.WARNING)
    system = System(folder.resolve())
    name, is_new = ProjectId(project), not system.settings_file.exists()
    is_known = system.has_project(name)
    ports = replace(system.ports(is_open=not this_machine_only), is_page_tls=is_page_tls)
    if this_machine_only and ports.tls is not None:
        raise BadSettingsError(f"{system.settings_file} lets other machines in: change it there, or leave the flag out")
    before = _read_at_start(system)
    system.add_project(name, ports, names or ())
    write_watching_options(system)
    is_changed = not is_new and before != _read_at_start(system)
    if is_service:
        install_system(system, is_changed=is_changed)
    for line in _told(system, name, is_new=is_new, is_known=is_known, is_service=is_service):
        print(line)
    if is_changed and not is_service:
        print(f"settings     changed: if it runs, {_how_to_apply(Installation.load(system))}")


@up_app.command()
def up(folder: Folder = _HERE) -> None:
    """Run broker, reconstructor and page with one status screen, until Ctrl-C."""
    keep_private()
    configure(level=LogLevel.WARNING)
    system = System(folder.resolve())
    os.environ[SETTINGS_VARIABLE] = str(system.settings_file)
    with _screen() as show:
        asyncio.run(run_system(system, show))


@renew_app.command()
def renew(folder: Folder = _HERE) -> None:
    """Renew the certificate when it ends within 30 days, or when this machine has another name or address."""
    system = System(folder.resolve())
    if system.renew_certificate():
        print(f"renewed {system.tls.certificate}, until {system.tls.expires_at():%Y-%m-%d}")


@invite_app.command()
def invite(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="The account's name; rigs are called rig-….", show_default=False),
    ] = None,
    role: Annotated[Role, typer.Option(help="What the account may do.")] = Role.CONTRIBUTOR,
    project: Annotated[
        str | None, typer.Option(metavar="PROJECT", help="Default: the only project.", show_default=False)
    ] = None,
    lasts: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long the link can be used: 30m, 24h, 7d.")
    ] = "24h",
    uses: Annotated[int, typer.Option(min=1, max=1000, help="How often; each use makes an account, 1 to 1000.")] = 1,
    host: Annotated[
        str | None, typer.Option(help="This machine's name or address in the link.", show_default=False)
    ] = None,
    revoke: Annotated[
        str | None, typer.Option(metavar="ID", help="Take an invitation back, by the number that --list shows.")
    ] = None,
    is_list: Annotated[bool, typer.Option("--list", help="List the invitations.")] = False,
    folder: Folder = _HERE,
) -> None:
    """Invite a rig or a person: prints a link and a QR code. Without a rig's or person's name: --list or --revoke."""
    system = System(folder.resolve())
    invitations = Invitations(system.data / "broker")
    if is_list:
        for row in invitations.all():
            print(f"{row.invitation_id}\t{row.name or '-'}\t{row.role}\t{row.project}\t{_state(row)}")
    elif revoke is not None:
        print(f"revoked the invitation of {invitations.revoke(revoke).name or 'people who name themselves'}")
    elif name is None:
        raise typer.BadParameter("say whom to invite, or use --list or --revoke")
    else:
        link = invite_user(system, name, role, project, lasts=read_duration(lasts), uses=uses, host=host)
        _show_link(link, role)


@status_app.command()
def status(folder: Folder = _HERE) -> None:
    """Show broker, reconstructor, page, projects and rigs; exit code 1 when one of the programs is down."""
    from admin.status import read_status  # noqa: PLC0415 - aiohttp takes a third of a second

    configure(level=LogLevel.ERROR)
    found = asyncio.run(read_status(Installation.load(System(folder.resolve()))))
    print("\n".join(found.lines))
    if not found.is_whole:
        raise typer.Exit(1)


@open_app.command("open")
def open_page(
    project: Annotated[str | None, typer.Argument(metavar="[PROJECT]", help="A project of this system.")] = None,
    folder: Folder = _HERE,
) -> None:
    """Print the page's address, for a project or for all, and open it in the browser."""
    installation = Installation.load(System(folder.resolve()))
    if project is not None and project not in installation.projects:
        raise BadSettingsError(f"there is no project {project!r} here: it is one of {', '.join(installation.projects)}")
    address = installation.page_address(None if _has_screen() else installation.public_host)
    address += f"?project={project}" if project is not None else ""
    print(address)
    if _has_screen():
        webbrowser.open(address)


@audit_app.command()
def audit(
    project: Annotated[str | None, typer.Option(metavar="PROJECT", help="Only this one.", show_default=False)] = None,
    account: Annotated[str | None, typer.Option(metavar="NAME", help="Only this one.", show_default=False)] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only the last 30m, 24h, 7d.", show_default=False)
    ] = None,
    is_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    folder: Folder = _HERE,
) -> None:
    """List who joined, uploaded, asked for what and changed accounts, oldest first; times are UTC."""
    begin = datetime.now(UTC) - read_duration(since) if since is not None else None
    for deed in deeds_of(System(folder.resolve()), Wanted(project=project, account=account, since=begin)):
        print(deed.model_dump_json(exclude_none=True) if is_json else line_of(deed))


def _show_link(link: Link, role: Role) -> None:
    code = io.StringIO()
    segno.make(str(link), error="l").terminal(code, compact=True)
    sys.stderr.write(code.getvalue())
    if role is Role.AGENT:
        print(f"cairn edge join '{link}'")
    else:
        print(link)


def _state(row: Invitation) -> str:
    used = f"used {len(row.redeemed)} of {row.uses} times"
    is_over = row.expires_at < datetime.now(UTC)
    return f"{used}, {'ended' if is_over else 'until'} {row.expires_at:%Y-%m-%d %H:%M} UTC"


def _told(system: System, project: ProjectId, *, is_new: bool, is_known: bool, is_service: bool) -> list[str]:
    """What was set up, what to do next, and which ports other machines need."""
    settings = system.settings()
    page, tls = settings["viewer"]["port"], settings["broker"].get("tls_port")
    is_open = settings["viewer"]["host"] != "127.0.0.1"
    address = public_address(system) if is_open else "127.0.0.1"
    scheme = page_scheme(settings["viewer"])
    lines = [f"project {project} is set up {'already ' if is_known else ''}in {system.folder}"]
    if is_service:
        names = " ".join(f"cairn-{unit.name}" for unit in system_units(system))
        lines += [f"it runs      systemctl status {names}", "its log      journalctl -u 'cairn-*'"]
    else:
        lines += ["start it     cairn up" if is_new or is_known else "served       in a few seconds, if it runs"]
    lines += [f"open         {scheme}://{address}:{page}/  as ops, password in {system.password_file('ops')}"]
    if scheme == "https" and settings["viewer"].get("authority"):
        lines += [
            f"trust        http://{address}:{page}/trust  once on each phone and laptop; compare the fingerprint:"
        ]
        lines += [f"             {fingerprint(Path(settings['viewer']['authority']))}"]
    if is_open:
        how = "https" if scheme == "https" else "http, so for a network that is not yours: cairn init PROJECT --tls"
        ports = [page] if tls is None else [page, tls]
        lines += [f"port {page}    the page, for phones and laptops: {how}"]
        lines += [f"port {each}    rigs: MQTT over TLS" for each in ports[1:]]
        lines += [f"firewall     sudo ufw allow {','.join(map(str, ports))}/tcp"]
    return lines


def _read_at_start(system: System) -> dict[str, dict[str, Any]]:
    """The settings that a running program does not take: all but the lists of projects."""
    tables = system.settings().items()
    return {name: {key: value for key, value in table.items() if key != "projects"} for name, table in tables}


def _how_to_apply(installation: Installation) -> str:
    """What lets programs that run take changed settings; services need the rights to files as well."""
    if installation.is_service:
        return "call this again with --service, then " + installation.restart.partition(": ")[2]
    return installation.restart


@contextmanager
def _screen() -> Iterator[Callable[[list[str]], None]]:
    """A screen that is drawn again on a terminal; elsewhere a line when it changed."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda lines: live.update(Text("\n".join([*lines, "", "Ctrl-C stops everything"])), refresh=True)
        return
    before: list[str] = []

    def show(lines: list[str]) -> None:
        for line in lines:
            if line not in before:
                sys.stderr.write(f"{line}\n")
        before[:] = lines

    yield show


def _has_screen() -> bool:
    """Whether a browser with windows can be opened here; a text browser would take the terminal."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
