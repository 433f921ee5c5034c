"""How is a rig or a person invited? A link with a secret, from the accounts and the page's address of one system."""

import ipaddress
import re
import socket
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import psutil

from admin.certificates import check_machine_name
from admin.system import PAGE_PORT, PROGRAM_ROLES, System
from broker.accounts.access import User
from broker.accounts.invitation_secret import BadInvitationError, Link
from broker.accounts.invitations import Invitations
from broker.channel import Role
from broker.config import BadSettingsError

_LOOPBACK: Final = "127.0.0.1"
_LOOPBACKS: Final = frozenset({_LOOPBACK, "localhost", "::1"})
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def invite_user(
    system: System, name: str, role: Role, project: str | None, *, lasts: timedelta, uses: int, host: str | None
) -> Link:
    """Invite somebody to a project, by default to the only one.

    Raises:
        BadSettingsError: the system is not set up, or has several projects and none was named.
        BadIdError: a name that does not fit its role.
        BadInvitationError: a role that nobody is invited to, or an account of the system's own programs.
    """
    system.check_set_up()
    settings = system.settings()
    viewer, names = settings.get("viewer", {}), settings.get("broker", {}).get("names", ())
    projects = list(viewer.get("projects", ()))
    if not projects:
        raise BadSettingsError(
            f"{system.settings_file} names no project below [viewer]: run `cairn init PROJECT` first"
        )
    if project is None:
        if len(projects) != 1:
            raise BadSettingsError(f"name one of the projects with --project: {', '.join(projects)}")
        project = projects[0]
    if project not in projects:
        raise BadSettingsError(f"there is no project {project!r} here: it is one of {', '.join(projects)}")
    if name in PROGRAM_ROLES and uses == 1:  # a new password would lock out who has the present one
        raise BadInvitationError(
            f"{name} is an account of this system, with its password in {system.password_file(name)}: invite another name"
        )
    user = User.build(name, role, [project])
    host = check_machine_name(host) if host else _linked_host(viewer, names)
    secret = Invitations(system.data / "broker").add(user, lasts=lasts, uses=uses)
    return Link(page=_linked_page(host, viewer), host=host, secret=secret)


def _linked_host(viewer: Mapping[str, Any], names: Sequence[str]) -> str:
    """The name or address in a link; behind a proxy on this machine one of those under which the page is asked for."""
    if _is_behind_proxy(viewer) and (public := [*names[:1], *viewer.get("hosts", ())[-1:]]):
        return str(public[0])
    return reachable_host(viewer.get("host", _LOOPBACK), names)


def _linked_page(host: str, viewer: Mapping[str, Any]) -> str:
    if _is_behind_proxy(viewer):  # which has the certificate, and the usual port
        return f"https://{host}/"
    return page_address(host, viewer.get("port", PAGE_PORT), page_scheme(viewer))


def _is_behind_proxy(viewer: Mapping[str, Any]) -> bool:
    """Whether others reach the page by a proxy alone."""
    return bool(viewer.get("trusted_proxies")) and viewer.get("host", _LOOPBACK) in _LOOPBACKS


def reachable_host(listening: str, names: Sequence[str] = ()) -> str:
    """Where others reach a page that listens on this address: by the first of these names when it is on a network."""
    if listening in _LOOPBACKS:
        return _LOOPBACK
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
    """An address of this machine in its network; its name when it has none.

    A link-local address counts last: an interface without a network gives itself one.
    """
    addresses = [
        ipaddress.IPv4Address(each.address)
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family is socket.AF_INET
    ]
    found = sorted((each for each in addresses if not each.is_loopback), key=lambda each: each.is_link_local)
    return str(found[0]) if found else socket.gethostname()
