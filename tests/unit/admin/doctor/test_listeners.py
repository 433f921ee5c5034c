"""Which listeners do settings describe, and what is said of those that do not answer?"""

from dataclasses import replace
from pathlib import Path

import pytest

from admin.doctor.findings import Level
from admin.doctor.listeners import broker_listeners, check_broker_ports, check_exposure, check_websocket
from admin.installation import Installation
from admin.invite import local_address
from broker.mosquitto import BrokerPlan, Mosquitto, free_port
from broker.settings import Settings as BrokerSettings


def test_a_certificate_belongs_to_the_listener_named_last(tmp_path: Path) -> None:
    def shown(**settings: object) -> list[str]:
        return [each.shown for each in broker_listeners(BrokerSettings.load(**settings))]

    files = {"certificate": tmp_path / "server.pem", "key": tmp_path / "server.key"}
    assert shown(port=1883) == ["MQTT on 127.0.0.1:1883"]
    assert shown(port=8883, host="0.0.0.0", **files) == ["MQTT over TLS on 0.0.0.0:8883"]  # noqa: S104
    assert shown(port=1883, tls_port=8883, **files) == ["MQTT on 127.0.0.1:1883", "MQTT over TLS on 0.0.0.0:8883"]


def test_a_broker_that_does_not_run_is_one_finding(installation: Installation) -> None:
    (only,) = check_broker_ports(installation)
    assert (only.level, only.found) == (Level.FAULT, "the broker does not run")


def test_plain_mqtt_that_the_network_reaches_is_a_fault(tmp_path: Path, installation: Installation) -> None:
    address = local_address()
    if not address.replace(".", "").isdecimal():
        pytest.skip("this machine is in no network")
    (listener, _tls) = broker_listeners(installation.broker)
    with Mosquitto(BrokerPlan(data_dir=tmp_path / "open", host=address, port=listener.port), []):
        (exposed,) = check_exposure(replace(listener, host=address), address)
    assert exposed.level is Level.FAULT
    assert exposed.found == f"plain MQTT answers at {address}:{listener.port}, so passwords can be read in the network"
    assert list(check_exposure(listener, address)) == []


def test_a_native_websocket_listener_that_is_gone_is_a_fault() -> None:
    assert list(check_websocket(None)) == []
    (gone,) = check_websocket(free_port())
    assert gone.level is Level.FAULT
