"""What the doctor says for each finding."""

from viewer.endpoint import EndpointReport


def report(websocket_s: float | None, tcp_s: float | None, problem: str | None = None) -> EndpointReport:
    return EndpointReport(url="ws://h/mqtt", websocket_s=websocket_s, tcp_s=tcp_s, problem=problem)


def test_a_fast_address_is_kept() -> None:
    assert report(0.05, 0.01).is_fast
    assert report(0.05, 0.01).text == (
        "ws://h/mqtt: 1 MiB retained in 0.05 s; by TCP in 0.01 s.\nGood: keep this address for browsers."
    )


def test_a_slow_listener_of_a_fast_broker_is_told_from_a_slow_broker() -> None:
    assert not report(25.0, 0.01).is_fast
    assert "Mosquitto 2.0's own WebSocket listener" in report(25.0, 0.01).text
    assert "more than 40 s" in report(None, 0.01).text
    assert "The broker or the network itself is slow" in report(25.0, 24.0).text
    assert "The broker or the network itself is slow" in report(None, None).text


def test_an_address_that_does_not_let_us_in_is_told_with_its_reason() -> None:
    assert "cannot be used: not authorised" in report(None, 0.01, "not authorised").text
