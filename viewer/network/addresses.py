"""Whose address counts? The peer's; behind a trusted reverse proxy, the nearest address that is not such a proxy."""

import ipaddress
from collections.abc import Iterable
from typing import Final

from aiohttp import web

_IPV6_PREFIX: Final = 64  # what one customer of a provider has
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
UNKNOWN: Final = "unknown"


class TrustedProxies:
    """The reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; nobody else's are."""

    def __init__(self, networks: Iterable[_Network] = ()) -> None:
        self._networks = tuple(networks)

    def __contains__(self, address: str | None) -> bool:
        """Whether a proxy of ours has this address."""
        found = _parse(address)
        return found is not None and any(found in network for network in self._networks)

    def request_of(self, request: web.Request) -> web.Request:
        """The request with the client's own address and scheme, where a trusted proxy tells them."""
        if request.remote not in self:
            return request
        scheme = _last(request.headers.getall("X-Forwarded-Proto", []))
        client = self.client(request.remote, request.headers.getall("X-Forwarded-For", []))
        if scheme in {"http", "https"}:
            return request.clone(remote=client, scheme=scheme)
        return request.clone(remote=client)

    def client(self, peer: str | None, forwarded: Iterable[str]) -> str:
        """The rightmost address that no trusted proxy has: what stands left of it, the client may have written itself."""
        client = peer or UNKNOWN
        for each in reversed([part.strip() for line in forwarded for part in line.split(",")]):
            if client not in self:
                break
            address = _parse(_without_port(each))
            if address is None:
                break
            client = str(address)
        return client


def network_of(address: str | None) -> str:
    """What is counted as one: an IPv4 address, or the /64 network of an IPv6 address."""
    found = _parse(address)
    if found is None:
        return UNKNOWN
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
    return str(found)


def _parse(address: str | None) -> _Address | None:
    """An address without its zone; an IPv4 address that came in by an IPv6 socket is IPv4."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def _without_port(text: str) -> str:
    """Some proxies add the port: `203.0.113.7:4711`, `[2001:db8::7]:4711`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _last(lines: list[str]) -> str:
    return lines[-1].rpartition(",")[2].strip().lower() if lines else ""
