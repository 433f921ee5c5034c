"""How is a rig or a person invited? A link with a secret, from the accounts and the page's address of one system."""

import re
import socket
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import psutil

from admin.system import System
from broker.accounts.access import User
from broker.accounts.invitation_secret import BadInvitationError, Link
from broker.accounts.invitations import Invitations
from broker.channel import Role
from broker.config import BadSettingsError

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def invite_user(
    system: System, name: str, role: Role, project: str | None, *, lasts: timedelta, uses: int, host: str | None
) -> Link:
    """Invite somebody to a project, by default to the only one.

    Raises:
        BadSettingsError: the system is not set up, or has several projects and none was named.
        BadIdError: a name that does not fit its role.
        BadInvitationError: a role that nobody is invited to.
    """
    settings = system.settings()
    if not settings:
        raise BadSettingsError(f"{system.folder} is not set up: run `cairn init PROJECT` first")
    projects = list(settings["viewer"]["projects"])
    if project is None:
        if len(projects) != 1:
            raise BadSettingsError(f"name one of the projects with --project: {', '.join(projects)}")
        project = projects[0]
    if project not in projects:
        raise BadSettingsError(f"there is no project {project!r} here: it is one of {', '.join(projects)}")
    user = User.build(name, role, [project])
    secret = Invitations(system.data / "broker").add(user, lasts=lasts, uses=uses)
    viewer = settings["viewer"]
    host = host or reachable_host(viewer["host"], settings["broker"].get("names", ()))
    return Link(page=page_address(host, viewer["port"], page_scheme(viewer)), host=host, secret=secret)


def reachable_host(listening: str, names: Sequence[str] = ()) -> str:
    """Where others reach a page that listens on this address: by the first of these names when it is on a network."""
    if listening in {"127.0.0.1", "localhost", "::1"}:
        return "127.0.0.1"
    if names:
        return names[0]
    return local_address() if listening in {"0.0.0.0", "::"} else listening  # noqa: S104 - compared


def page_scheme(viewer: Mapping[str, Any]) -> str:
    """How the page of these settings is reached."""
    return "https" if viewer.get("certificate") else "http"


def page_address(host: str, port: int, scheme: str = "http") -> str:
    """The page's address on a host; an IPv6 address stands in brackets."""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{port}/"


def read_duration(text: str) -> timedelta:
    """Read `30m`, `24h` or `7d`; raises BadInvitationError."""
    found = re.fullmatch(r"(\d{1,4})([mhd])", text, re.ASCII)
    if found is None:
        raise BadInvitationError(f"{text!r} is no time: write it like 30m, 24h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def public_address(system: System) -> str:
    """How other machines reach this system: by the name that it was set up with, else by this machine's address."""
    return next(iter(system.settings()["broker"].get("names", ())), None) or local_address()


def local_address() -> str:
    """An address of this machine in its network; its name when it has none."""
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family is socket.AF_INET and not each.address.startswith("127."):
                return each.address
    return socket.gethostname()
