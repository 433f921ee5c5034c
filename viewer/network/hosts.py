"""Under which names may this server be asked? A list: another name is refused, which stops DNS rebinding.

A page of a stranger can let its own name point to this machine; the browser then takes us for that page and lets it read
our answers (https://owasp.org/www-community/attacks/DNS_Rebinding). The Host header still has the stranger's name. An
address cannot be pointed elsewhere, and neither can this machine's own names.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

_HOST: Final = re.compile(
    r"(?:(?P<name>[A-Za-z0-9._-]{1,253})|\[(?P<v6>[0-9A-Fa-f:.]{2,45})\])(?::(?P<port>[0-9]{1,5}))?"
)
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_LOCAL: Final = frozenset({"localhost"})
_MULTICAST_DNS: Final = ".local"  # RFC 6762: answered by the machine itself in its own network


class AllowedHosts:
    """The names of one server."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        own = {socket.gethostname(), socket.gethostname().partition(".")[0]}  # nothing that waits for a name server
        self._names = frozenset(name.lower().rstrip(".") for name in own | _LOCAL | set(names))

    def __contains__(self, host: str) -> bool:
        """Whether a Host header may be answered: an address, a name of this machine, `*.local`, or a name of the settings."""
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = (found["v6"] or found["name"]).lower().rstrip(".")
        return name in self._names or name.endswith(_MULTICAST_DNS) or _is_address(name)


def is_host(host: str) -> bool:
    """Whether a Host header can be nothing but a name or an address, with or without port."""
    return _HOST.fullmatch(host) is not None


def is_allowed_origin(origin: str, host: str, allowed: Iterable[str], *, is_secure: bool = False) -> bool:
    """Whether a page of this Origin may use a server that was addressed as `host`: its own pages, and those allowed.

    A server that was reached by https trusts no http page of its own name: anybody in the network can forge that one.
    Without https the scheme is not compared, because a proxy that is not in the settings may have it.
    """
    parts = urlsplit(origin.lower())
    if origin.lower() in allowed:
        return True
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc or (is_secure and parts.scheme != "https"):
        return False
    default = ":" + _DEFAULT_PORTS[parts.scheme]
    return parts.netloc.removesuffix(default) == host.lower().removesuffix(default)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
