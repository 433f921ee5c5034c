"""What the doctor finds at a relay, at Mosquitto's own listener and at nothing."""

import asyncio

import pytest

from broker.config import Connection
from broker.ids import ProjectId
from broker.live import BrokerLostError, follow
from broker.mosquitto import Mosquitto, free_port
from viewer import endpoint
from viewer.endpoint import BadEndpointError, measure_endpoint

CHAPEL = ProjectId("chapel")


async def retained_probes(connection: Connection) -> int:
    count = 0
    async with follow(connection) as follower:
        await follower.subscribe(f"{connection.root}/chapel/probe/+")
        try:
            async with asyncio.timeout(0.5):
                async for _ in follower.messages():
                    count += 1
        except TimeoutError:
            return count
    return count


async def test_the_relay_is_found_fast_and_nothing_stays_behind(mosquitto: Mosquitto, page: str) -> None:
    viewer = mosquitto.connection("viewer")
    report = await measure_endpoint(f"ws://{page.removeprefix('http://')}/mqtt", viewer, CHAPEL)
    assert report.is_fast
    assert report.websocket_s is not None
    assert report.websocket_s < 2
    assert "keep this address" in report.advice
    assert await retained_probes(viewer) == 0


async def test_the_listener_of_mosquitto_2_0_is_found_slow_and_the_relay_is_advised(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "PATIENCE_S", 3.0)
    viewer = mosquitto.connection("viewer")
    report = await measure_endpoint(f"ws://127.0.0.1:{mosquitto.plan.websocket_port}/", viewer, CHAPEL)
    assert not report.is_fast
    assert report.websocket_s is None
    assert report.tcp_s is not None
    assert 'viewer.mqtt_url to "/mqtt"' in report.advice
    assert await retained_probes(viewer) == 0


async def test_an_address_where_nobody_listens_is_said_in_words(mosquitto: Mosquitto) -> None:
    report = await measure_endpoint(f"ws://127.0.0.1:{free_port()}/mqtt", mosquitto.connection("viewer"), CHAPEL)
    assert not report.is_fast
    assert "cannot be used: nobody listens at 127.0.0.1:" in report.found


async def test_what_is_no_websocket_address_and_who_has_no_name_is_refused(mosquitto: Mosquitto) -> None:
    viewer = mosquitto.connection("viewer")
    with pytest.raises(BadEndpointError, match="write it like"):
        await measure_endpoint("http://127.0.0.1/mqtt", viewer, CHAPEL)
    with pytest.raises(BadEndpointError, match="who measures"):
        await measure_endpoint("ws://127.0.0.1/mqtt", viewer.model_copy(update={"username": None}), CHAPEL)


async def test_a_broker_that_is_down_is_an_error(mosquitto: Mosquitto) -> None:
    connection = mosquitto.connection("viewer")
    mosquitto.stop()
    with pytest.raises(BrokerLostError):
        await measure_endpoint("ws://127.0.0.1:1/mqtt", connection, CHAPEL)
