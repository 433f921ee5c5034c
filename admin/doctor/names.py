"""Do other machines find this one? Its name resolves to an address of its own, and invitations name one that it has."""

import ipaddress
import socket
from collections.abc import Iterator

from admin.certificates import machine_names
from admin.doctor.findings import Finding, ok, warning
from admin.installation import Installation
from admin.invite import local_address

SUBJECT = "names"


def check_names(installation: Installation) -> Iterator[Finding]:
    """Check the machine's name, and the address that invitations name."""
    yield check_name(socket.gethostname(), machine_names())
    yield check_link(installation.public_host, installation.viewer.port)


def check_name(host: str, own: frozenset[str]) -> Finding:
    """Check that a name leads to this machine, which has these addresses."""
    address = local_address()
    try:
        found = {str(each[4][0]).partition("%")[0] for each in socket.getaddrinfo(host, None)}
    except OSError as exc:
        return warning(
            SUBJECT,
            f"the name {host} does not resolve ({exc.strerror})",
            f"add it to /etc/hosts or to the network's DNS, or use the address {address}",
        )
    foreign = {each for each in found if each not in own and not ipaddress.ip_address(each).is_loopback}
    if foreign == found:
        return warning(
            SUBJECT,
            f"the name {host} leads to {', '.join(sorted(foreign))}, which is not this machine",
            f"correct /etc/hosts or the network's DNS, or use the address {address}",
        )
    return ok(SUBJECT, f"{host} is this machine")


def check_link(host: str, port: int) -> Finding:
    """Check that what invitations name can be found."""
    if _is_loopback(host):
        return ok(SUBJECT, f"the page is for this machine alone, at {host}:{port}")
    try:
        socket.getaddrinfo(host, None)
    except OSError as exc:
        return warning(
            SUBJECT,
            f"invitations name {host}, which does not resolve ({exc.strerror})",
            f"add it to the network's DNS, or invite with `--host {local_address()}`",
        )
    return ok(SUBJECT, f"invitations name {host}:{port}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
