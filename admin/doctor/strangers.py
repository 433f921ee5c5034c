"""What can somebody do who has no account? Nothing: each MQTT listener and the page's relay refuse the connection."""

from collections.abc import Iterable, Iterator
from typing import Final

from admin.doctor.connect import ACCEPTED, Listener, connect_packet, login_reason
from admin.doctor.findings import Finding, fault, ok
from broker.config import Connection
from broker.live import BrokerLostError, follow

SUBJECT = "strangers"
_WRONG: Final = "not-the-password"
_CLOSE_IT: Final = (
    "stop it: this is not the configuration that `cairn broker start` writes (allow_anonymous false, password_file)"
)


def check_listeners(listeners: Iterable[Listener]) -> Iterator[Finding]:
    """Connect to each listener without an account, and with a wrong password of the operator."""
    tried = list(listeners)
    findings = list(_opened(tried))
    if findings:
        yield from findings
    else:
        yield ok(SUBJECT, f"{len(tried)} MQTT listeners refuse who has no account, and a wrong password")


async def check_websocket(connection: Connection, door: str) -> Finding:
    """Connect by WebSocket without an account.

    Args:
        connection: the way there, as anybody.
        door: what listens there, for people.
    """
    stranger = connection.model_copy(update={"username": None, "password": None, "password_file": None})
    try:
        async with follow(stranger):
            return fault(SUBJECT, f"{door} lets in who has no account", _CLOSE_IT)
    except BrokerLostError:
        return ok(SUBJECT, f"{door} refuses who has no account")


def _opened(listeners: Iterable[Listener]) -> Iterator[Finding]:
    for listener in listeners:
        if login_reason(listener, connect_packet()) == ACCEPTED:
            yield fault(
                SUBJECT, f"{listener.shown} lets in who has no account: all is open to read and write", _CLOSE_IT
            )
        elif login_reason(listener, connect_packet("ops", _WRONG)) == ACCEPTED:
            yield fault(SUBJECT, f"{listener.shown} takes a wrong password", _CLOSE_IT)
