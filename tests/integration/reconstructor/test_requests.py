"""A request is answered to its sender, also a bad one; nobody else hears of it."""

import json

from broker.contract import REQUEST, RESPONSE
from broker.delivery import Delivery
from broker.envelope import decode
from broker.ids import Verb
from broker.live import follow
from broker.messages import Error, ReconstructorPresence, Request, Response
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, SPACE, Rig, Watcher


def request(**changes: object) -> bytes:
    message = Request.model_validate({"project": PROJECT, "id": "r1", "verb": "ping", "connection": "c1"})
    return json.dumps(json.loads(message.encode()) | changes).encode()


BAD_REQUESTS = [
    (request(schema="2.0"), "unknown_schema", "c1"),
    (request(schema="one"), "bad_message", "c1"),
    (request(verb="pause"), "wrong_verb", "c1"),
    (request(verb="destroy"), "bad_message", "c1"),
    (request(id="No/+#"), "bad_message", "c1"),
    (request(connection="../x"), "bad_message", "ping"),
    (request(shards=list(range(100_000))), "bad_message", "ping"),  # 700 kB
    (b"{", "bad_message", "ping"),
    (b"7", "bad_message", "ping"),
    (b"[" * 100_000, "bad_message", "ping"),
    (b"\xff\xfe\x00", "bad_message", "ping"),
    (b"", "bad_message", "ping"),
]


async def test_a_bad_request_is_answered_to_its_sender_and_disturbs_nobody(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program()
    answers = SPACE.filter(RESPONSE.template, PROJECT, user="viewer")
    async with (
        Watcher.of(mosquitto.connection("viewer")) as seen,
        Rig.of(mosquitto.connection("rig-north")) as rig,
        follow(mosquitto.connection("viewer")) as asking,
    ):
        await seen.until_ready()
        await asking.subscribe(answers)
        topic = SPACE.topic(PROJECT, REQUEST.template, user="viewer", verb=Verb.PING.value)
        for payload, code, connection in BAD_REQUESTS:
            await asking.publish(Outgoing(topic=topic, payload=payload))
            message = await asking.next_message(PATIENCE_S)
            assert message is not None
            response = decode(message.payload, Response)
            assert (response.is_done, response.code) == (False, code), payload[:80]
            assert response.reason
            assert message.topic.endswith(f"/viewer/{connection}"), payload[:80]
            assert program.logged("request_answered", user="viewer", code=code)
        await rig.send_many(range(1))
        await seen.until_complete(1)
        assert not seen.of_type(Error)


async def test_a_request_needs_no_more_than_its_topic_says(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    start_program()
    async with (
        Watcher.of(mosquitto.connection("viewer")) as seen,
        follow(mosquitto.connection("ops")) as asking,
    ):
        await seen.until_ready()
        await asking.subscribe(SPACE.filter(RESPONSE.template, PROJECT, user="ops"))
        await asking.publish(
            Outgoing(topic=SPACE.topic(PROJECT, REQUEST.template, user="ops", verb="pause"), payload=b"{}")
        )
        await seen.until(lambda each: each.presence is ReconstructorPresence.PAUSED)
        message = await asking.next_message(PATIENCE_S)
        assert message is not None
        response = decode(message.payload, Response)
        assert (response.is_done, response.verb, response.id) == (True, Verb.PAUSE, "pause")
        assert message.topic.endswith("/response/ops/pause")


async def test_a_retained_request_is_ignored(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    topic = SPACE.topic(PROJECT, REQUEST.template, user="ops", verb=Verb.PAUSE.value)
    async with Delivery(mosquitto.connection("ops"), client_id="asking") as asking:
        await asking.wait_connected(30)
        await asking.publish(Outgoing(topic=topic, payload=request(verb="pause"), is_retained=True))
        start_program()
        async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
            await seen.until_ready()
            await asking.publish(Outgoing(topic=topic, payload=request(verb="pause"), is_retained=True))
            await rig.send_many(range(1))
            await seen.until_complete(1)
