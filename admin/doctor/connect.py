"""How does a listener answer a login? One MQTT 5 CONNECT on a plain or TLS socket, and the reason code of its CONNACK.

A client library hides the code behind its own errors and tries again; a doctor must tell "refused" from "no MQTT here".
"""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from broker.config import Connection

TIMEOUT_S: Final = 3.0
ACCEPTED: Final = 0
_CONNACK: Final = b"\x20"
_CLEAN_START, _WITH_NAME_AND_PASSWORD = 0x02, 0xC0
_KEEPALIVE_S: Final = 5
_LONGEST_BODY: Final = 127  # then the length is one byte


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One address of the broker.

    Attributes:
        bound: the address that it is bound to.
        host: where this machine reaches it.
        is_tls: whether it must speak TLS.
    """

    bound: str
    host: str
    port: int
    is_tls: bool

    @property
    def shown(self) -> str:
        """What people read: the port and what is spoken there."""
        return f"{'MQTT over TLS' if self.is_tls else 'MQTT'} on {self.bound}:{self.port}"

    def at(self, host: str) -> "Listener":
        """The same port at another address of this machine."""
        return Listener(bound=host, host=host, port=self.port, is_tls=self.is_tls)


def connect_packet(username: str | None = None, password: str = "") -> bytes:
    """A CONNECT without session and without client id (MQTT 5.0, section 3.1).

    Raises:
        ValueError: name and password are longer than one length byte allows.
    """
    login = b"" if username is None else _text(username) + _text(password)
    flags = _CLEAN_START | (0 if username is None else _WITH_NAME_AND_PASSWORD)
    body = _text("MQTT") + bytes([5, flags]) + _KEEPALIVE_S.to_bytes(2) + b"\0" + _text("") + login
    if len(body) > _LONGEST_BODY:
        raise ValueError("name and password are too long")
    return bytes([0x10, len(body)]) + body


def login_reason(listener: Listener, packet: bytes) -> int | None:
    """The reason code of the CONNACK, 0 when let in; None when no MQTT broker answers there."""
    try:
        with _connected(listener, _unverified()) as connection:
            connection.sendall(packet)
            answer = b""
            while len(answer) < 4:  # noqa: PLR2004 - packet type, length, flags, reason
                more = connection.recv(64)
                if not more:
                    return None
                answer += more
    except OSError:
        return None
    return answer[3] if answer[:1] == _CONNACK else None


def is_open(host: str, port: int) -> bool:
    """Whether anything listens on a TCP port."""
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S):
            return True
    except OSError:
        return False


def served_certificate(listener: Listener, authority: Path | None, name: str) -> bytes:
    """The certificate (DER) that a TLS listener shows, after the checks that a rig makes.

    Args:
        listener: where.
        authority: what the rig pins; None: the authorities of this machine.
        name: the name or address by which the rig comes.

    Raises:
        OSError: nothing listens there, or the certificate does not pass; `ssl.SSLError` is one.
    """
    context = ssl.create_default_context(cafile=authority)
    with _connected(listener, context, name) as connection:
        return connection.getpeercert(binary_form=True) or b"" if isinstance(connection, ssl.SSLSocket) else b""


def owner_of(port: int) -> str:
    """Which process listens on a port, in words; empty when this account may not know."""
    try:
        found = [each for each in psutil.net_connections("tcp") if each.laddr and each.laddr.port == port]
        pid = next((each.pid for each in found if each.status == psutil.CONN_LISTEN and each.pid), None)
        return "" if pid is None else f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return ""


def as_listener(connection: Connection) -> Listener:
    """Where a program of ours connects."""
    return Listener(
        bound=connection.host, host=connection.host, port=connection.port, is_tls=connection.ca_file is not None
    )


@contextlib.contextmanager
def _connected(listener: Listener, context: ssl.SSLContext, name: str | None = None) -> Iterator[socket.socket]:
    with socket.create_connection((listener.host, listener.port), timeout=TIMEOUT_S) as plain:
        if not listener.is_tls:
            yield plain
            return
        with context.wrap_socket(plain, server_hostname=name) as encrypted:
            yield encrypted


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _text(value: str) -> bytes:
    encoded = value.encode()
    return len(encoded).to_bytes(2) + encoded
