"""ejabberd of Debian as the broker; `make chaos BROKER=ejabberd` brings it and kills it, these tests only look whether it fits."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from benchmarks.parts import ejabberd as package
from benchmarks.parts.debian import UNPACKED
from benchmarks.parts.ejabberd import Ejabberd
from broker.contract import SHARD
from broker.delivery import SESSION_EXPIRY_S, Delivery
from broker.ids import ProjectId
from broker.live import follow
from broker.mosquitto import free_port
from broker.topics import TopicSpace
from reconstructor.publishing.retained import list_retained

PLACES = (Path("/"), UNPACKED / "ejabberd")
CHAPEL, SPACE = ProjectId("chapel"), TopicSpace()

pytestmark = pytest.mark.skipif(
    not any((place / package.EXECUTABLE).exists() for place in PLACES),
    reason="ejabberd is neither installed nor downloaded: python -m benchmarks.chaos --broker ejabberd does",
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Ejabberd]:
    each = Ejabberd(folder=tmp_path / "ejabberd", port=free_port())
    each.start()
    yield each
    each.stop()


async def test_its_limits_fit_and_more_is_listed_than_its_default_would_bring(broker: Ejabberd) -> None:
    connection = broker.connection("reconstructor")
    async with Delivery(connection, client_id="r") as delivery:
        limits = (await delivery.wait_connected(30)).limits
        assert (limits.complaint(), limits.remark(SESSION_EXPIRY_S)) == (None, None)
        for index in range(1_100):
            await delivery.publish(SHARD.outgoing(SPACE, CHAPEL, b"x", generation=1, encoding="ply", index=index))
    assert len((await list_retained(connection, CHAPEL)).digests) == 1_100


async def test_a_session_that_it_keeps_shorter_is_said_once(broker: Ejabberd, monkeypatch: pytest.MonkeyPatch) -> None:
    broker.stop()
    shorter = package.CONFIGURATION.replace("14 days", "5 minutes")
    monkeypatch.setattr(package, "CONFIGURATION", shorter)
    broker.start()
    with capture_logs() as logs:
        async with Delivery(broker.connection("rig-north"), client_id="r") as delivery:
            connected = await delivery.wait_connected(30)
            broker.kill()
            broker.start()
            await delivery.next_connection(connected.count, 30)
    (said,) = [each for each in logs if each["event"] == "broker_keeps_less"]
    assert "300 s" in said["reason"]


async def test_a_retained_message_outlives_a_stop_and_a_broker_that_forgets_has_none(tmp_path: Path) -> None:
    for is_persistent in (True, False):
        broker = Ejabberd(folder=tmp_path / str(is_persistent), port=free_port(), is_persistent=is_persistent)
        broker.start()
        async with Delivery(broker.connection("r"), client_id="r") as delivery:
            await delivery.wait_connected(30)
            shard = SHARD.outgoing(SPACE, CHAPEL, b"x", generation=1, encoding="ply", index=0)
            await delivery.publish(shard)
        broker.stop()
        broker.start()
        async with follow(broker.connection("v")) as follower:
            await follower.subscribe(shard.topic)
            message = await follower.next_message(1.0)
        broker.stop()
        assert (message is not None) == is_persistent
