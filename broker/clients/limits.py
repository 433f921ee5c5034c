"""Which limits does the broker announce? Packet size, messages under way, QoS, retained messages, wildcards, session: its CONNACK.

Topic aliases, shared subscriptions and subscription identifiers, of which brokers announce limits, too, are not used. A
shorter keepalive is obeyed by paho itself.
"""

from dataclasses import dataclass
from typing import Final, Self

from broker.clients.refusals import PacketTooLargeError
from broker.outgoing import Outgoing

LARGEST_PACKET_BYTES: Final = 268_435_455 + 5  # what MQTT can encode, with the fixed header
_NEEDED_QOS: Final = 1
_PROPERTIES_BYTES: Final = 4  # the longest length field of a PUBLISH's properties


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLimits:
    """The limits of one connection; the defaults are MQTT's for a broker that announces nothing."""

    max_packet_bytes: int = LARGEST_PACKET_BYTES
    receive_maximum: int = 65_535
    maximum_qos: int = 2
    is_retain_available: bool = True
    is_wildcard_available: bool = True
    session_expiry_s: int | None = None  # None: as long as we asked for

    @classmethod
    def announced(cls, connack: object) -> Self:
        """The limits in the properties of a CONNACK; what is missing has MQTT's default."""
        return cls(
            max_packet_bytes=getattr(connack, "MaximumPacketSize", LARGEST_PACKET_BYTES),
            receive_maximum=getattr(connack, "ReceiveMaximum", 65_535),
            maximum_qos=getattr(connack, "MaximumQoS", 2),
            is_retain_available=bool(getattr(connack, "RetainAvailable", 1)),
            is_wildcard_available=bool(getattr(connack, "WildcardSubscriptionAvailable", 1)),
            session_expiry_s=getattr(connack, "SessionExpiryInterval", None),
        )

    def complaint(self) -> str | None:
        """Why cairn cannot work with this broker, and what to do; None when it can."""
        if self.maximum_qos < _NEEDED_QOS:
            return "it takes no QoS 1, without which photographs get lost: allow QoS 1 on the broker"
        if not self.is_retain_available:
            return "it retains no messages, from which every viewer begins: switch retained messages on"
        if not self.is_wildcard_available:
            return "it takes no subscriptions with wildcards, by which every program reads: allow them on the broker"
        return None

    def remark(self, session_expiry_s: int) -> str | None:
        """What is less than we asked for and does no harm; None when it is all there.

        Args:
            session_expiry_s: for how long we asked the broker to queue for us while we are away.
        """
        if self.session_expiry_s is None or self.session_expiry_s >= session_expiry_s:
            return None
        return (
            f"it queues for us for {self.session_expiry_s} s after a connection is lost, we asked for {session_expiry_s} s: "
            "no photograph is lost, rigs send again what has no receipt; a longer time saves that (ejabberd: session_expiry)"
        )

    def check(self, outgoing: Outgoing) -> None:
        """Let a message pass that the broker takes.

        Raises:
            PacketTooLargeError: it is above the limit; a broker would end the connection because of it.
        """
        size_bytes = packet_bytes(outgoing)
        if size_bytes > self.max_packet_bytes:
            raise PacketTooLargeError(
                f"{outgoing.topic} needs a packet of {size_bytes} bytes and the broker takes {self.max_packet_bytes}: "
                f"raise its limit (Mosquitto: max_packet_size) to at least {size_bytes}"
            )


def packet_bytes(outgoing: Outgoing) -> int:
    """The most bytes that the PUBLISH packet of a message can have."""
    fields = (outgoing.content_type, outgoing.response_topic)
    properties = sum(3 + len(field.encode()) for field in fields if field is not None)
    properties += 3 + len(outgoing.correlation_data) if outgoing.correlation_data is not None else 0
    properties += sum(5 + len(name.encode()) + len(value.encode()) for name, value in outgoing.user_properties)
    fixed_header, topic, packet_id = 5, 2 + len(outgoing.topic.encode()), 2
    return fixed_header + topic + packet_id + _PROPERTIES_BYTES + properties + len(outgoing.payload)
