"""Delivery against a real broker that is killed, restarted and forgets."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from broker.clients.refusals import BrokerRefusedError, DeliveryTimeoutError, PublishRefusedError
from broker.contract import AGENT_STATE, COMMAND, IMAGE, RECEIPT
from broker.delivery import Delivery, Incoming
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.topics import TopicSpace

SPACE = TopicSpace()
IMAGES = SPACE.filter(IMAGE.template, "chapel")


def image_topic(name: str) -> str:
    return SPACE.topic("chapel", IMAGE.template, sender="rig-north", image_name=name)


async def take(messages: AsyncIterator[Incoming], count: int) -> list[Incoming]:
    async with asyncio.timeout(30):
        return [await anext(messages) for _ in range(count)]


async def test_unacknowledged_message_comes_again_after_a_restart_of_the_consumer(mosquitto: Mosquitto) -> None:
    consumer, producer = mosquitto.connection("reconstructor"), mosquitto.connection("rig-north")
    async with Delivery(consumer, client_id="consumer", subscriptions=(IMAGES,)) as first:
        await first.wait_connected(30)
        async with Delivery(producer, client_id="producer") as sender:
            await sender.wait_connected(30)
            for name in ("a", "b", "c"):
                outcome = await sender.publish(Outgoing(topic=image_topic(name), payload=name.encode()))
                assert outcome.has_subscribers
        received = await take(first.messages(), 3)
        received[0].acknowledge()
        await asyncio.sleep(0.1)
    async with Delivery(consumer, client_id="consumer", subscriptions=(IMAGES,)) as second:
        state = await second.wait_connected(30)
        assert state.is_session_present
        assert [each.payload for each in await take(second.messages(), 2)] == [b"b", b"c"]


async def test_no_more_than_receive_maximum_messages_are_under_way_unacknowledged(mosquitto: Mosquitto) -> None:
    consumer = mosquitto.connection("reconstructor")
    async with Delivery(consumer, client_id="c", subscriptions=(IMAGES,), receive_maximum=2) as reader:
        await reader.wait_connected(30)
        async with Delivery(mosquitto.connection("rig-north"), client_id="p") as sender:
            await sender.wait_connected(30)
            for number in range(4):
                await sender.publish(Outgoing(topic=image_topic(f"i{number}"), payload=b"x"))
            messages = reader.messages()
            first, second = await take(messages, 2)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(messages), 0.3)
            messages = reader.messages()
            first.acknowledge()
            second.acknowledge()
            assert len(await take(messages, 2)) == 2


async def test_publisher_learns_that_nobody_listens(mosquitto: Mosquitto) -> None:
    async with Delivery(mosquitto.connection("rig-north"), client_id="p") as sender:
        await sender.wait_connected(30)
        outcome = await sender.publish(Outgoing(topic=image_topic("lonely"), payload=b"x"))
    assert not outcome.has_subscribers


async def test_publish_without_permission_is_an_error_with_its_reason(mosquitto: Mosquitto) -> None:
    async with Delivery(mosquitto.connection("rig-north"), client_id="p") as sender:
        await sender.wait_connected(30)
        foreign = SPACE.topic("chapel", RECEIPT.template, sender="rig-north", image_name="x")
        with pytest.raises(PublishRefusedError, match="0x87"):
            await sender.publish(Outgoing(topic=foreign, payload=b"x"))
        command = SPACE.topic("chapel", COMMAND.template, agent="rig-south")
        with pytest.raises(PublishRefusedError, match="0x87"):
            await sender.publish(Outgoing(topic=command, payload=b"x"))


async def test_wrong_password_is_refused_in_words(mosquitto: Mosquitto) -> None:
    wrong = mosquitto.connection("rig-north").model_copy(update={"password": None})
    async with Delivery(wrong, client_id="p") as sender:
        with pytest.raises(BrokerRefusedError, match="name or password do not fit"):
            await sender.wait_connected(30)


async def test_no_broker_is_named_in_words_logged_once_and_waited_for(mosquitto: Mosquitto) -> None:
    connection = mosquitto.connection("rig-north")
    mosquitto.stop()
    with capture_logs() as logs:
        async with Delivery(connection, client_id="p") as sender:
            with pytest.raises(DeliveryTimeoutError, match="nobody listens at"):
                await sender.wait_connected(60, is_patient=False)
        assert logs == []  # the caller says it
        async with Delivery(connection, client_id="p") as sender:
            with pytest.raises(DeliveryTimeoutError, match="nobody listens at"):
                await sender.wait_connected(1)
            mosquitto.start()
            await sender.wait_connected(30)
    said = [each["reason"] for each in logs if each["event"] == "broker_away"]
    assert len(said) == 1
    assert said[0].endswith("; trying again")


async def test_publication_survives_a_killed_broker_and_the_announced_limit_is_told(mosquitto: Mosquitto) -> None:
    async with Delivery(mosquitto.connection("rig-north"), client_id="p") as sender:
        state = await sender.wait_connected(30)
        assert state.limits.max_packet_bytes == 33_554_432
        mosquitto.kill()
        publication = asyncio.ensure_future(sender.publish(Outgoing(topic=image_topic("late"), payload=b"x")))
        await asyncio.sleep(0.2)
        mosquitto.start()
        await asyncio.wait_for(publication, 60)
        again = await sender.next_connection(state.count, 30)
        assert again.count == 2
        assert not again.is_session_present


async def test_two_programs_of_one_name_notice_each_other(mosquitto: Mosquitto) -> None:
    # must not raise
    connection = mosquitto.connection("rig-north")
    async with Delivery(connection, client_id="same") as first:
        await first.wait_connected(30)
        async with Delivery(connection, client_id="same") as second:
            await second.wait_connected(30)
            async with asyncio.timeout(30):
                while not (first.is_name_contested or second.is_name_contested):
                    await asyncio.sleep(0.05)


async def test_a_will_is_not_published_when_its_owner_is_back_in_time(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = SPACE.topic("chapel", AGENT_STATE.template, agent="rig-north")
    will = Outgoing(topic=topic, payload=b"gone", is_retained=True)
    async with (
        Delivery(mosquitto.connection("reconstructor"), client_id="witness", subscriptions=(topic,)) as witness,
        Delivery(mosquitto.connection("rig-north"), client_id="rig", will=will, will_delay_s=2) as rig,
    ):
        await witness.wait_connected(30)
        state = await rig.wait_connected(30)
        await rig.publish(Outgoing(topic=topic, payload=b"born", is_retained=True))
        lose(rig)
        await rig.next_connection(state.count, 30)
        await rig.publish(Outgoing(topic=topic, payload=b"born again", is_retained=True))
        await asyncio.sleep(3)
        monkeypatch.setattr(rig, "_set_retry", lambda: rig._client.reconnect_delay_set(30, 30))
        lose(rig)
        assert [each.payload for each in await take(witness.messages(), 3)] == [b"born", b"born again", b"gone"]


def lose(delivery: Delivery) -> None:
    """The connection ends without a word."""
    connection = delivery._client.socket()
    assert isinstance(connection, socket.socket)
    connection.shutdown(socket.SHUT_RDWR)
