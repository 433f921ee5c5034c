"""Which address is measured, and what is said about it?"""

from viewer.config import Settings
from viewer.endpoint import EndpointReport, endpoint_url


def report(websocket_s: float | None, tcp_s: float | None, problem: str | None = None) -> EndpointReport:
    return EndpointReport(url="ws://h/mqtt", websocket_s=websocket_s, tcp_s=tcp_s, problem=problem)


def test_a_fast_address_is_kept_and_its_speed_has_units_that_fit() -> None:
    assert report(0.05, 0.004).is_fast
    assert report(0.05, 0.004).found == "ws://h/mqtt carries 1 MiB in 50 ms (21 MB/s); TCP in 4 ms (262 MB/s)"
    assert report(0.05, 0.004).advice == "keep this address for browsers"
    assert "in 1.5 s (0.699 MB/s)" in report(1.5, 0.004).found


def test_a_slow_listener_of_a_fast_broker_is_told_from_a_slow_broker() -> None:
    assert not report(25.0, 0.01).is_fast
    assert "Mosquitto 2.0's own WebSocket listener" in report(25.0, 0.01).advice
    assert "in more than 40 s" in report(None, 0.01).found
    assert "the broker or the network itself is slow" in report(25.0, 24.0).advice
    assert "the broker or the network itself is slow" in report(None, None).advice


def test_an_address_that_does_not_let_us_in_is_told_with_its_reason() -> None:
    refused = report(None, 0.01, "not authorised")
    assert refused.found == "ws://h/mqtt cannot be used: not authorised"
    assert "start the page server" in refused.advice


def test_the_relay_of_the_page_server_is_measured_by_default() -> None:
    assert endpoint_url(Settings(port=8080)) == "ws://127.0.0.1:8080/mqtt"
    assert endpoint_url(Settings(host="::", port=80)) == "ws://[::1]:80/mqtt"
    assert endpoint_url(Settings(host="10.0.0.5", port=8081)) == "ws://10.0.0.5:8081/mqtt"
    assert endpoint_url(Settings(host="fe80::1", port=8081)) == "ws://[fe80::1]:8081/mqtt"


def test_a_brokers_own_address_is_measured_when_the_page_uses_it() -> None:
    assert endpoint_url(Settings(mqtt_url="wss://broker.example:9001/mqtt")) == "wss://broker.example:9001/mqtt"
