"""A viewer who joins late sees what the object was like before: the rows are retained, the points come on demand."""

import asyncio
import json
from contextlib import aclosing

from broker.contract import REQUEST, RESPONSE, match
from broker.envelope import decode
from broker.live import Follower, follow
from broker.messages import ProcessingComplete, Response
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.shards import decode_packed, sha256
from broker.wire.history import GenerationHistory
from broker.wire.history_channels import EARLIER_SHARD, GENERATIONS
from reconstructor.publishing.retained_messages import retained_messages
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, SPACE, Rig, Watcher

TOPIC = SPACE.topic(PROJECT, REQUEST.template, user="viewer", verb="earlier")


async def retained_rows(mosquitto: Mosquitto, generation: int) -> GenerationHistory:
    """The rows that a viewer finds retained, once this generation is the present one."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            connection = mosquitto.connection("reconstructor")
            async with aclosing(retained_messages(connection, PROJECT, GENERATIONS)) as messages:
                async for message in messages:
                    history = decode(message.payload, GenerationHistory)
                    if history.generations[-1].generation == generation:
                        return history
            await asyncio.sleep(0.1)


async def ask(follower: Follower, **wish: object) -> tuple[dict[int, bytes], Response]:
    """The shards by index, and the answer, which comes last."""
    await follower.publish(Outgoing(topic=TOPIC, payload=json.dumps(wish).encode()))
    shards: dict[int, bytes] = {}
    async with asyncio.timeout(PATIENCE_S):
        async for message in follower.messages():
            found = match(SPACE, message.topic)
            if found.channel is RESPONSE:
                return shards, decode(message.payload, Response)
            assert not message.is_retained
            assert found.generation == wish["generation"]
            shards[found.index] = message.payload
    raise AssertionError


async def test_the_version_before_a_refetch_comes_to_whom_asked_and_outlives_service_and_broker(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program(refetch_every=3, grace_s=0)
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await rig.send_many(range(4))
        await seen.until_complete(4)
        await seen.until(lambda each: any(one.is_refetch for one in each.of_type(ProcessingComplete)))
    first, second = (await retained_rows(mosquitto, 2)).generations
    assert (first.first_image_count, second.first_image_count, second.shards) == (1, 3, ())
    assert len(first.shards) >= 1
    program.kill()
    mosquitto.kill()
    mosquitto.start()
    program.start()
    assert (await retained_rows(mosquitto, 2)).generations == (first, second)
    async with (
        follow(mosquitto.connection("viewer")) as asking,
        follow(mosquitto.connection("anna")) as other,
    ):
        await asking.subscribe(SPACE.filter(EARLIER_SHARD.template, PROJECT, user="viewer"))
        await asking.subscribe(SPACE.filter(RESPONSE.template, PROJECT, user="viewer"))
        await other.subscribe(SPACE.filter(EARLIER_SHARD.template, PROJECT))
        shards, answer = await ask(asking, generation=1)
        assert answer.is_done
        assert {index: sha256(payload) for index, payload in shards.items()} == {
            each.index: each.sha256 for each in first.shards
        }
        assert sum(len(decode_packed(payload)) for payload in shards.values()) == first.point_count
        for wish in ({"generation": 2}, {"generation": 77}, {}):
            shards, answer = await ask(asking, **wish)
            assert (shards, answer.is_done, answer.code) == ({}, False, "generation_not_kept")
        assert await other.next_message(0.2) is None
