"""Why does a broker not take what we send? Errors for a refused connection, a refused message, and no answer in time."""

from collections.abc import Sequence
from typing import Final

from broker.config import Connection
from broker.errors import CairnError

QUOTA_EXCEEDED: Final = 0x97
PACKET_TOO_LARGE: Final = 0x95
_WRONG_ACCOUNT: Final = frozenset({0x86, 0x87})  # bad user name or password; not authorised
_ADVICE_BY_REASON: Final = {
    0x84: "it does not speak MQTT 5: use a broker that does, for example Mosquitto 2",
    0x85: "it does not accept our client id",
    0x88: "it cannot serve us now: look at its log",
    0x89: "it is busy: look at its load",
    QUOTA_EXCEEDED: "it is full: raise its memory or quota",
    0x9A: "it retains no messages, which cairn needs: switch retained messages on",
    0x9B: "it does not take QoS 1, which cairn needs: allow QoS 1",
    0x9F: "too many connections at once: raise its connection rate",
}


class PublishRefusedError(CairnError):
    """The broker answered a PUBLISH with a reason of 0x80 or above."""

    code = "publish_refused"
    remedy = "Check the account's role and project, and the broker's log."


class PacketTooLargeError(PublishRefusedError):
    """A message above the packet size that the broker takes; it was not sent."""

    code = "packet_too_large"
    remedy = "Raise the broker's limit (Mosquitto: `max_packet_size`); 33554432 takes every message of cairn."


class BrokerFullError(PublishRefusedError):
    """The broker has no room for a message: it says so, or hangs up again and again."""

    code = "broker_full"
    remedy = "Give the broker more memory (Mosquitto: `memory_limit`) or clear old projects; all goes on by itself."


class DeliveryTimeoutError(CairnError):
    """No answer in time."""

    code = "delivery_timeout"
    remedy = "Check that the broker runs and can be reached; what was not acknowledged is sent again."


class BrokerRefusedError(CairnError):
    """The broker refuses the connection."""

    code = "broker_refused"
    remedy = "Check user name, password and project of the account."


class BrokerUnsuitableError(BrokerRefusedError):
    """The broker lets us in and cannot do what cairn needs: QoS 1 and retained messages."""

    code = "broker_unsuitable"
    remedy = "Allow QoS 1 and retained messages on the broker, or use another, for example Mosquitto 2."


def refusal_of(topic: str, reason: int, name: str) -> PublishRefusedError:
    """Return the error for a PUBACK with a reason of 0x80 or above."""
    said = f"the broker refused {topic}: {name} (0x{reason:02x})"
    if reason == QUOTA_EXCEEDED:
        return BrokerFullError(f"{said}; it may be full: see its log, raise its memory (Mosquitto: memory_limit)")
    if reason == PACKET_TOO_LARGE:
        return PacketTooLargeError(f"{said}; raise its limit (Mosquitto: message_size_limit, max_packet_size)")
    return PublishRefusedError(said)


def connection_refused(connection: Connection, reason: int, name: str) -> BrokerRefusedError:
    """Return the error for a CONNACK with this reason code; `name` is the code's own."""
    if reason in _WRONG_ACCOUNT and connection.username is None:
        return BrokerRefusedError(f"{_who(connection)} lets nobody in without a name: say --user and --password-file")
    why = f"{name}; {_ADVICE_BY_REASON.get(reason, 'look at its log')}"
    if reason in _WRONG_ACCOUNT:
        why = "name or password do not fit"
    return BrokerRefusedError(f"{_who(connection)} refuses {connection.username!r}: {why}")


def reading_refused(connection: Connection, filters: Sequence[str]) -> BrokerRefusedError:
    """Return the error for subscriptions that were not granted."""
    what = f"{connection.username!r} read {', '.join(filters)}"
    return BrokerRefusedError(f"{_who(connection)} does not let {what}: check project and role of the account")


def unsuitable(connection: Connection, complaint: str) -> BrokerUnsuitableError:
    """Return the error for a broker that lacks what cairn needs."""
    return BrokerUnsuitableError(f"{_who(connection)} does not do: {complaint}")


def _who(connection: Connection) -> str:
    return f"the broker at {connection.host}:{connection.port}"
