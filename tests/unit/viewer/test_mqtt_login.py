"""The name is read from any CONNECT, however it is cut into frames; what is no CONNECT is not read further."""

from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from viewer.mqtt_login import Login, login_name
from viewer.network.brake import FREE_TRIES, Brake

MQTT_3, MQTT_5 = paho.MQTTv311, paho.MQTTv5


def connect_packet(version: Any, name: str | None, *, has_will: bool = False) -> bytes:
    """What paho sends."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="tab", protocol=version)
    if name is not None:
        client.username_pw_set(name, "secret")
    properties = None
    if version == MQTT_5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.UserProperty = [("page", "x" * 200)]
    if has_will:
        client.will_set("cairn/v1/chapel/presence/anna/tab", b"gone" * 100, qos=1)
    client._connect_properties = properties
    client._send_connect(30)
    return bytes(client._out_packet[0]["packet"])


@pytest.mark.parametrize("version", [MQTT_3, MQTT_5])
@pytest.mark.parametrize("has_will", [False, True])
@pytest.mark.parametrize("name", ["anna", "änna", None])
def test_the_name_is_known_with_the_last_byte_and_not_before(version: Any, has_will: bool, name: str | None) -> None:
    packet = connect_packet(version, name, has_will=has_will)
    assert login_name(packet) == (name or "")
    assert {login_name(packet[:size]) for size in range(1, len(packet))} == {None}


@pytest.mark.parametrize(
    "packet",
    [
        b"\x30\x03\x00\x01a", b"GET / HTTP/1.1", b"\x10\xff\xff\xff\xff\x01", b"\x10\x02\x00\x04", b"\x10\xff\xff\xff\x7f",
        b"\x10\x13\x00\x04MQTT\x04\x80\x00\x1e\x00\x01a\x00\x02\xff\xfe\x00\x00",
    ],
)  # fmt: skip
def test_other_packets_are_refused(packet: bytes) -> None:
    with pytest.raises(ValueError, match=r"CONNECT|MQTT|utf-8"):
        login_name(packet)


def test_a_login_that_will_be_too_long_is_not_collected() -> None:
    with pytest.raises(ValueError, match="too long"):
        login_name(b"\x10\x81\x80\x04")


def test_a_login_in_pieces_goes_on_whole_and_a_wrong_one_is_counted() -> None:
    brake, packet = Brake(), connect_packet(MQTT_5, "anna")
    for _ in range(FREE_TRIES):
        login = Login(brake, "10.0.0.1")
        assert login.take(packet[:5]) == b""
        assert login.take(packet[5:]) == packet
        login.answered(b"\x20\x03\x00\x87")
    for version, connack in ((MQTT_5, b"\x20\x03\x00\x9f\x00"), (MQTT_3, b"\x20\x02\x00\x03")):
        login = Login(brake, "10.0.0.1")
        assert login.take(connect_packet(version, "anna")) == b""
        assert login.held_back == connack
