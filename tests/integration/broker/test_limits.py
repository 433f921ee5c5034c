"""A real broker with small limits: what it announces is obeyed, what it cannot do is said in a sentence, and it may be full."""

import asyncio

import pytest
from structlog.testing import capture_logs

from broker.channel import clearing_of
from broker.clients.refusals import BrokerFullError, BrokerUnsuitableError, PacketTooLargeError
from broker.contract import EVENT, SHARD
from broker.delivery import Delivery
from broker.ids import ProjectId
from broker.live import BrokerLostError, follow
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.topics import TopicSpace
from tests.brokers import set_directives, set_memory

SPACE = TopicSpace()
CHAPEL = ProjectId("chapel")


def shard(index: int, size_bytes: int) -> Outgoing:
    return SHARD.outgoing(SPACE, CHAPEL, bytes(size_bytes), generation=1, encoding="ply", index=index)


async def publish_until_refused(sender: Delivery, size_bytes: int) -> BrokerFullError:
    """Publish shards until the broker has no room for one more."""
    for index in range(10):
        try:
            await sender.publish(shard(index, size_bytes))
        except BrokerFullError as exc:
            assert index > 1
            return exc
    raise AssertionError("it took them all")


@pytest.fixture
def small_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    set_directives(monkeypatch, max_packet_size=100_000)


async def test_a_message_above_the_announced_limit_is_not_sent_and_poisons_nothing(
    small_packets: None, mosquitto: Mosquitto
) -> None:
    async with Delivery(mosquitto.connection("reconstructor"), client_id="r") as sender:
        await sender.wait_connected(30)
        with pytest.raises(PacketTooLargeError, match=r"takes 100000: raise its limit .*max_packet_size"):
            await sender.publish(shard(7, 150_000))
        await sender.publish(shard(7, 99_000))
        await sender.publish(clearing_of(shard(7, 1).topic))
        assert sender.connect_count == 1


async def test_what_waits_for_a_broker_is_not_sent_to_one_with_a_lower_limit(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Delivery(mosquitto.connection("reconstructor"), client_id="r") as sender:
        state = await sender.wait_connected(30)
        set_directives(monkeypatch, max_packet_size=100_000)
        mosquitto.kill()
        # Both are with paho already, which sends them again at the next connection.
        large = asyncio.create_task(sender.publish(shard(1, 150_000)))
        small = asyncio.create_task(sender.publish(shard(2, 50_000)))
        await asyncio.sleep(0)
        mosquitto.start()
        with pytest.raises(PacketTooLargeError):
            await large
        await small
        assert (await sender.next_connection(state.count, 30)).count == sender.connect_count == 2


async def test_a_follower_sends_nothing_above_the_limit_either(small_packets: None, mosquitto: Mosquitto) -> None:
    async with follow(mosquitto.connection("reconstructor")) as follower:
        with pytest.raises(PacketTooLargeError, match="takes 100000"):
            await follower.publish(shard(1, 100_000))
        await follower.subscribe(SPACE.filter(EVENT.template, CHAPEL))  # the connection stands


async def test_no_more_messages_are_under_way_than_the_broker_takes(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    mosquitto.stop()
    set_directives(monkeypatch, max_inflight_messages=2)
    mosquitto.start()
    async with Delivery(mosquitto.connection("reconstructor"), client_id="r") as sender:
        state = await sender.wait_connected(30)
        assert state.limits.receive_maximum == 2
        await asyncio.gather(*(sender.publish(shard(index, 20_000)) for index in range(30)))
        assert sender.connect_count == 1


async def test_a_broker_that_retains_nothing_is_told_in_one_sentence_at_connect(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    mosquitto.stop()
    set_directives(monkeypatch, retain_available=False)
    mosquitto.start()
    connection = mosquitto.connection("reconstructor")
    with capture_logs() as logs:
        async with Delivery(connection, client_id="r") as sender:
            with pytest.raises(BrokerUnsuitableError, match="switch retained messages on"):
                await sender.wait_connected(30)
            await asyncio.sleep(1)
    assert [each["event"] for each in logs] == ["broker_refused"]
    with pytest.raises(BrokerLostError, match="switch retained messages on"):
        async with follow(connection):
            pass


async def test_a_full_broker_is_told_and_goes_on_when_there_is_room(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    mosquitto.stop()
    set_memory(monkeypatch, 1_000_000)
    mosquitto.start()
    async with Delivery(mosquitto.connection("reconstructor"), client_id="r") as sender:
        await sender.wait_connected(30)
        refused = await publish_until_refused(sender, 200_000)
        assert "memory_limit" in refused.sentence
        await sender.publish(clearing_of(shard(0, 1).topic))  # what was refused no longer blocks the connection
        await sender.publish(shard(0, 150_000))
