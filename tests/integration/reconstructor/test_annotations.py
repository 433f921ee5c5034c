"""Measures and notes stay on the object: over restarts of everything, a refetch that moves the world, and bad input."""

import asyncio
from typing import Final

import numpy as np
import pytest

from broker.channel import Channel, clearing_of
from broker.clients.refusals import PublishRefusedError
from broker.contract import MEASURE, NOTE
from broker.delivery import Delivery
from broker.envelope import decode
from broker.messages import Error, ReconstructorPresence, ShardUpdate
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.wire.annotations import MOST_ANNOTATIONS, Measure, Note
from reconstructor.publishing.retained_messages import retained_messages
from reconstructor.storage.annotations import MODELS
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, SPACE, Rig, Watcher
from viewer.annotations.listing import read_annotations

POINTS: Final = ((-0.75, 0.0, 0.0), (0.75, 0.5, 0.0))


def measure(generation: int = 1, revision: int = 1, name: str = "door") -> bytes:
    about = {"generation": generation, "revision": revision, "kind": "distance", "points": POINTS, "name": name}
    return Measure.model_validate({"project": PROJECT, **about}).encode()


def note(text: str = "crack") -> bytes:
    return Note.model_validate({"project": PROJECT, "generation": 1, "point": POINTS[0], "text": text}).encode()


def topic_of(channel: Channel, name: str = "a1", user: str = "anna") -> str:
    return SPACE.topic(PROJECT, channel.template, user=user, annotation=name)


async def leave(
    mosquitto: Mosquitto, payload: bytes, topic: str, user: str = "anna", *, is_retained: bool = True
) -> None:
    async with Delivery(mosquitto.connection(user), client_id=f"page-{user}") as delivery:
        await delivery.publish(Outgoing(topic=topic, payload=payload, is_retained=is_retained), PATIENCE_S)


async def left(mosquitto: Mosquitto) -> dict[str, bytes]:
    """What a late joiner sees, by topic."""
    messages = retained_messages(mosquitto.connection("reconstructor"), PROJECT, MEASURE, NOTE)
    return {message.topic: message.payload async for message in messages}


async def until_left(mosquitto: Mosquitto, wanted: dict[str, bytes]) -> None:
    seen: dict[str, bytes] = {}
    try:
        async with asyncio.timeout(PATIENCE_S):
            while (seen := await left(mosquitto)) != wanted:
                await asyncio.sleep(0.1)
    except TimeoutError:
        assert seen == wanted


async def until_there(mosquitto: Mosquitto, generation: int, *topics: str) -> dict[str, bytes]:
    """What is left once these topics, and no others, have an annotation of this generation."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            seen = await left(mosquitto)
            read = [decode(each, MODELS[topic.split("/")[-3]]) for topic, each in seen.items()]
            generations = {annotation.generation for annotation in read}
            if seen.keys() == set(topics) and generations == {generation}:
                return seen
            await asyncio.sleep(0.1)


async def test_they_survive_a_restart_a_broker_that_forgets_and_a_world_that_moves(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program("tests.moving_black_box:moves_the_world")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        await leave(mosquitto, measure(), topic_of(MEASURE))
        await leave(mosquitto, note(), topic_of(NOTE), is_retained=False)  # it is made retained
        before = await until_there(mosquitto, 1, topic_of(MEASURE), topic_of(NOTE))
        program.kill()
        await seen.until(lambda each: each.presence is ReconstructorPresence.OFFLINE)
        async with Delivery(mosquitto.connection("ops"), client_id="forgets") as delivery:
            await delivery.publish(clearing_of(topic_of(MEASURE)), PATIENCE_S)  # an operator takes it away meanwhile
        program.start()
        await seen.until_ready()
        await until_left(mosquitto, {topic_of(NOTE): before[topic_of(NOTE)]})
        await leave(mosquitto, measure(), topic_of(MEASURE, "a3"))
        await rig.send_many(range(2, 10))
        await seen.until(lambda each: any(event.generation == 2 for event in each.of_type(ShardUpdate)))
        after = await until_there(mosquitto, 2, topic_of(MEASURE, "a3"), topic_of(NOTE))
        there = decode(after[topic_of(MEASURE, "a3")], Measure)
        assert np.allclose(there.points, 2.0 * np.asarray(POINTS) + (5.0, 0.0, 0.0))
        assert there.revision == 2
        assert np.allclose(decode(after[topic_of(NOTE)], Note).point, 2.0 * np.asarray(POINTS[0]) + (5.0, 0.0, 0.0))
        await leave(
            mosquitto, measure(generation=1, name="late"), topic_of(MEASURE, "a2")
        )  # it crossed with the refetch
        late = await until_there(mosquitto, 2, topic_of(MEASURE, "a3"), topic_of(MEASURE, "a2"), topic_of(NOTE))
        assert decode(late[topic_of(MEASURE, "a2")], Measure).points == there.points
        assert not seen.of_type(Error)


async def test_a_broker_that_lost_everything_gets_them_again(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        await leave(mosquitto, measure(), topic_of(MEASURE))
        before = await until_there(mosquitto, 1, topic_of(MEASURE))
        async with asyncio.timeout(PATIENCE_S):
            while not program.logged("annotation_stored", user="anna"):
                await asyncio.sleep(0.1)
        program.stop()
        mosquitto.kill()
        for path in mosquitto.plan.data_dir.glob("mosquitto.db*"):
            path.unlink()
        mosquitto.start()
        assert await left(mosquitto) == {}
        program.start()
        await until_left(mosquitto, before)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"two metres", "bad_message"),
        (measure(generation=7), "bad_annotation"),
        (measure().replace(b'"chapel"', b'"castle"'), "bad_annotation"),
        (measure().replace(b"-0.75", b"NaN"), "bad_message"),
        (measure() + b" " * 4096, "bad_annotation"),
    ],
)
async def test_a_bad_one_is_cleared_and_is_an_error(
    mosquitto: Mosquitto, start_program: StartProgram, payload: bytes, code: str
) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        await leave(mosquitto, payload, topic_of(MEASURE))
        await seen.until(lambda each: bool(each.of_type(Error)))
        assert [each.code for each in seen.of_type(Error)] == [code]
        await until_left(mosquitto, {})


async def test_an_older_revision_does_not_replace_a_newer_one(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        newest = measure(revision=3, name="portal")
        await leave(mosquitto, newest, topic_of(MEASURE))
        await leave(mosquitto, measure(revision=2, name="window"), topic_of(MEASURE))
        await seen.until(lambda each: bool(each.of_type(Error)))
        assert seen.of_type(Error)[0].code == "bad_annotation"
        await until_left(mosquitto, {topic_of(MEASURE): newest})
        _, listed = await read_annotations(mosquitto.connection("viewer"), PROJECT)
        assert [(each.user, each.points, each.annotation.revision) for each in listed] == [("anna", POINTS, 3)]


async def test_an_account_leaves_its_share_and_no_more(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        async with Delivery(mosquitto.connection("anna"), client_id="page-anna") as delivery:
            for number in range(MOST_ANNOTATIONS + 1):
                topic = topic_of(NOTE, f"a{number}")
                await delivery.publish(Outgoing(topic=topic, payload=note(), is_retained=True), PATIENCE_S)
        await seen.until(lambda each: bool(each.of_type(Error)))
        assert [each.code for each in seen.of_type(Error)] == ["too_many_annotations"]
        async with asyncio.timeout(PATIENCE_S):
            while len(await left(mosquitto)) != MOST_ANNOTATIONS:
                await asyncio.sleep(0.1)


async def test_a_flood_is_put_back_with_one_error_and_others_are_heard(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    start_program(sender_annotations_per_minute=3)
    crack = note()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        async with Delivery(mosquitto.connection("anna"), client_id="page-anna") as delivery:
            for number in range(20):
                topic = topic_of(NOTE, f"a{number}")
                await delivery.publish(Outgoing(topic=topic, payload=crack, is_retained=True), PATIENCE_S)
        await seen.until(lambda each: bool(each.of_type(Error)))
        await until_left(mosquitto, {topic_of(NOTE, f"a{number}"): crack for number in range(3)})
        assert [each.code for each in seen.of_type(Error)] == ["annotations_too_fast"]


async def test_who_may_only_look_leaves_nothing_and_nobody_writes_for_others(mosquitto: Mosquitto) -> None:
    for user, author in (("viewer", "viewer"), ("anna", "bert"), ("rig-north", "rig-north")):
        with pytest.raises(PublishRefusedError):
            await leave(mosquitto, measure(), topic_of(MEASURE, user=author), user)
