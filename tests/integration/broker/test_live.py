"""Followers see what is retained and what comes, and ask."""

import asyncio
import json
import socket
import sys
import time
from typing import Any

import pytest

from broker.contract import PRESENCE, REFERENCE, REQUEST, RESPONSE, match
from broker.delivery import Delivery
from broker.envelope import decode
from broker.ids import ProjectId, Verb
from broker.live import BrokerLostError, NoAnswerError, _Client, ask, follow, fresh_connection_id, fresh_request_id
from broker.messages import Presence, Request, Response
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.topics import TopicSpace

SPACE = TopicSpace()
CHAPEL = ProjectId("chapel")


def ping() -> Request:
    return Request(project=CHAPEL, id=fresh_request_id(), verb=Verb.PING, connection=fresh_connection_id())


async def test_small_packets_of_a_follower_do_not_wait_for_others(mosquitto: Mosquitto) -> None:
    async with follow(mosquitto.connection("viewer")) as follower:
        connection = follower._client._client.socket()
        assert isinstance(connection, socket.socket)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_follower_gets_the_retained_message_and_then_what_comes(mosquitto: Mosquitto) -> None:
    topic = SPACE.topic(CHAPEL, REFERENCE.template)
    async with Delivery(mosquitto.connection("reconstructor"), client_id="w") as writer:
        await writer.wait_connected(30)
        await writer.publish(Outgoing(topic=topic, payload=b"old", is_retained=True))
        async with follow(mosquitto.connection("viewer")) as follower, asyncio.timeout(30):
            await follower.subscribe(topic)
            messages = follower.messages()
            first = await anext(messages)
            await writer.publish(Outgoing(topic=topic, payload=b"new", is_retained=True))
            second = await anext(messages)
    assert (first.payload, first.is_retained) == (b"old", True)
    assert (second.payload, second.is_retained) == (b"new", False)


async def test_a_message_that_comes_in_the_moment_in_which_a_wait_ends_is_not_lost(mosquitto: Mosquitto) -> None:
    topic = SPACE.topic(CHAPEL, REFERENCE.template)
    async with (
        Delivery(mosquitto.connection("reconstructor"), client_id="w") as writer,
        follow(mosquitto.connection("viewer")) as follower,
        asyncio.timeout(60),
    ):
        await writer.wait_connected(30)
        await follower.subscribe(topic)
        for payload in (b"%d" % count for count in range(10)):
            waiting = asyncio.create_task(follower.next_message(0.1))
            await asyncio.sleep(0.05)
            publishing = asyncio.create_task(writer.publish(Outgoing(topic=topic, payload=payload)))
            await asyncio.sleep(0)
            time.sleep(0.2)  # noqa: ASYNC251  # as a busy machine does: the message and the end of the wait come at once
            message = await waiting or await follower.next_message(30)
            assert message is not None
            assert message.payload == payload
            await publishing


async def test_request_finds_its_answer(mosquitto: Mosquitto) -> None:
    requests = SPACE.filter(REQUEST.template, CHAPEL)
    async with Delivery(mosquitto.connection("reconstructor"), client_id="s", subscriptions=(requests,)) as server:
        await server.wait_connected(30)

        async def answer() -> None:
            incoming = await anext(server.messages())
            request = decode(incoming.payload, Request)
            user = match(SPACE, incoming.topic).user
            response = Response(
                project=CHAPEL,
                id=request.id,
                verb=request.verb,
                is_done=True,
                request_sent_at=request.sent_at,
                received_at=request.sent_at,
            )
            to = SPACE.topic(CHAPEL, RESPONSE.template, user=user, connection=request.connection)
            await server.publish(Outgoing(topic=to, payload=response.encode()))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(answer())
            response = await ask(mosquitto.connection("viewer"), CHAPEL, ping(), user="viewer")
    assert response.is_done
    assert response.verb is Verb.PING


async def test_a_cancellation_in_the_moment_in_which_it_is_disconnected_counts(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def follow_shortly() -> None:
        async with follow(mosquitto.connection("viewer")):
            pass
        went_on.set()

    def disconnected_and_cancelled(client: _Client, *arguments: Any) -> None:
        on_disconnect(client, *arguments)
        following.cancel()

    on_disconnect, went_on = _Client._on_disconnect, asyncio.Event()
    monkeypatch.setattr(_Client, "_on_disconnect", disconnected_and_cancelled)
    following = asyncio.create_task(follow_shortly())
    await asyncio.wait({following})
    assert following.cancelled()
    assert not went_on.is_set()


async def test_silence_says_what_to_check(mosquitto: Mosquitto) -> None:
    with pytest.raises(NoAnswerError, match="is the reconstructor of 'chapel' running"):
        await ask(mosquitto.connection("viewer"), CHAPEL, ping(), user="viewer", timeout_s=0.3)


async def test_wrong_password_and_dead_broker_are_told_in_words(mosquitto: Mosquitto) -> None:
    wrong = mosquitto.connection("viewer").model_copy(update={"password": None})
    with pytest.raises(BrokerLostError, match="refuses 'viewer': name or password do not fit"):
        async with follow(wrong):
            pass
    connection = mosquitto.connection("viewer")
    async with follow(connection) as follower:
        mosquitto.kill()
        with pytest.raises(BrokerLostError, match="is gone"):
            async with asyncio.timeout(30):
                await anext(follower.messages())


WATCHER = """
import asyncio, sys
from broker.config import Connection
from broker.live import follow
from broker.outgoing import Outgoing

async def main():
    topic, payload = sys.argv[2], sys.argv[3].encode()
    async with follow(Connection.model_validate_json(sys.argv[1]), will=Outgoing(topic=topic, payload=b"", is_retained=True)) as me:
        await me.publish(Outgoing(topic=topic, payload=payload, is_retained=True))
        await asyncio.sleep(30)

asyncio.run(main())
"""


async def test_last_word_clears_the_presence_of_a_program_that_is_killed(mosquitto: Mosquitto) -> None:
    topic = SPACE.topic(CHAPEL, PRESENCE.template, user="viewer", connection="c1")
    here = Presence(project=CHAPEL, user="viewer", connection="c1", program="test")
    viewer = mosquitto.connection("viewer")
    plain = json.dumps(viewer.model_dump(mode="json") | {"password": viewer.secret()})
    async with follow(mosquitto.connection("anna")) as watcher, asyncio.timeout(30):
        await watcher.subscribe(SPACE.filter(PRESENCE.template, CHAPEL))
        messages = watcher.messages()
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", WATCHER, plain, topic, here.encode())
        assert decode((await anext(messages)).payload, Presence) == here
        process.kill()
        assert (await anext(messages)).payload == b""
        await process.wait()
