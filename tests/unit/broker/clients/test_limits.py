"""Are a broker's limits read from its CONNACK, and is a packet's size known before it is sent?"""

from types import SimpleNamespace

import pytest
from paho.mqtt.packettypes import PacketTypes

from broker.clients.limits import LARGEST_PACKET_BYTES, BrokerLimits, packet_bytes
from broker.clients.refusals import PacketTooLargeError
from broker.delivery import _properties
from broker.outgoing import Outgoing

FULL = Outgoing(
    topic="cairn/v1/chapel/image/anna/tür",
    payload=b"x" * 300,
    content_type="image/jpeg",
    response_topic="cairn/v1/x",
    correlation_data=b"1234",
    user_properties=(("file_name", "Tür 1.jpg"), ("captured_at", "2026-11-28")),
)


def test_a_broker_that_announces_nothing_has_the_limits_of_mqtt() -> None:
    limits = BrokerLimits.announced(SimpleNamespace())
    assert limits == BrokerLimits()
    assert (limits.max_packet_bytes, limits.complaint()) == (LARGEST_PACKET_BYTES, None)


def test_a_broker_without_qos_1_or_retained_messages_is_complained_about() -> None:
    no_qos = BrokerLimits.announced(SimpleNamespace(MaximumQoS=0)).complaint()
    no_retain = BrokerLimits.announced(SimpleNamespace(RetainAvailable=0)).complaint()
    assert no_qos is not None
    assert no_retain is not None
    assert "allow QoS 1" in no_qos
    assert "switch retained messages on" in no_retain
    assert BrokerLimits.announced(SimpleNamespace(MaximumQoS=1, RetainAvailable=1)).complaint() is None


def test_a_broker_without_wildcards_is_complained_about() -> None:
    complaint = BrokerLimits.announced(SimpleNamespace(WildcardSubscriptionAvailable=0)).complaint()
    assert complaint is not None
    assert "wildcards" in complaint
    assert BrokerLimits.announced(SimpleNamespace(WildcardSubscriptionAvailable=1)).complaint() is None


def test_a_session_that_is_kept_shorter_than_asked_is_said_in_words_and_one_as_long_is_not() -> None:
    limits = BrokerLimits.announced(SimpleNamespace(SessionExpiryInterval=300))
    remark = limits.remark(1_209_600)
    assert remark is not None
    assert "300 s" in remark
    assert "1209600 s" in remark
    assert "session_expiry" in remark
    assert limits.remark(300) is None
    assert BrokerLimits().remark(1_209_600) is None
    assert limits.complaint() is None


@pytest.mark.parametrize(
    "outgoing", [FULL, Outgoing(topic="t", payload=b""), Outgoing(topic="t", payload=bytes(90_000))]
)
def test_a_packet_is_never_larger_than_reckoned_and_at_most_eight_bytes_smaller(outgoing: Outgoing) -> None:
    properties = len(_properties(PacketTypes.PUBLISH, outgoing).pack())  # type: ignore[no-untyped-call]
    body = 2 + len(outgoing.topic.encode()) + 2 + properties + len(outgoing.payload)
    actual = 1 + (1 if body < 128 else 2 if body < 16_384 else 3) + body
    assert actual <= packet_bytes(outgoing) <= actual + 8


def test_a_packet_above_the_limit_says_its_size_the_limit_and_what_to_do() -> None:
    size = packet_bytes(FULL)
    BrokerLimits(max_packet_bytes=size).check(FULL)
    with pytest.raises(
        PacketTooLargeError, match=f"{size} bytes and the broker takes {size - 1}: raise .*max_packet_size"
    ):
        BrokerLimits(max_packet_bytes=size - 1).check(FULL)
