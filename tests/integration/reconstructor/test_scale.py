"""A scale bar gives everybody metres, survives what it must, and never spoils what is there."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from broker.clients.refusals import PublishRefusedError
from broker.contract import CAPTURED_AT_PROPERTY, DESIRED_SCALE_BAR, IMAGE, REFERENCE, SCALE_BAR
from broker.delivery import Delivery
from broker.envelope import decode
from broker.live import follow
from broker.manifest import Manifest
from broker.messages import DesiredScaleBar, Error, ReconstructorPresence, ScaleBar, ScaleSource, ShardUpdate
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, SPACE, Rig, Watcher, retained_manifest
from tests.photographs import image_id, photograph

TOPIC = SPACE.topic(PROJECT, SCALE_BAR.template)


def bar(generation: int, distance_m: float = 6.0) -> bytes:
    """A bar from end to end of the test cloud, which is 2 wide: 1.5 long."""
    laid = {
        "project": PROJECT,
        "generation": generation,
        "begin": (-0.75, 0.0, 0.0),
        "end": (0.75, 0.0, 0.0),
        "distance_m": distance_m,
        "user": "bert",  # unknown here: the author is the account that sends it
    }
    return DesiredScaleBar.model_validate(laid).encode()


def topic_of(user: str) -> str:
    return SPACE.topic(PROJECT, DESIRED_SCALE_BAR.template, user=user)


async def lay(mosquitto: Mosquitto, payload: bytes, user: str = "anna") -> None:
    async with Delivery(mosquitto.connection(user), client_id=f"page-{user}") as delivery:
        await delivery.publish(Outgoing(topic=topic_of(user), payload=payload), PATIENCE_S)


async def bars(mosquitto: Mosquitto, timeout_s: float = PATIENCE_S) -> ScaleBar | None:
    """What a late joiner sees as the project's scale bar; None when nothing is retained."""
    async with follow(mosquitto.connection("viewer")) as follower:
        await follower.subscribe(TOPIC)
        try:
            async with asyncio.timeout(timeout_s):
                return decode((await anext(follower.messages())).payload, ScaleBar)
        except TimeoutError:
            return None


async def shown(mosquitto: Mosquitto, is_so: Callable[[Manifest], bool], user: str = "viewer") -> Manifest:
    """The first manifest that a viewer sees of which something is so."""
    async with asyncio.timeout(PATIENCE_S), follow(mosquitto.connection(user)) as follower:
        await follower.subscribe(SPACE.topic(PROJECT, REFERENCE.template))
        async for message in follower.messages():
            manifest = decode(message.payload, Manifest)
            if is_so(manifest):
                return manifest
    raise AssertionError("the connection ended")


def is_scaled(manifest: Manifest) -> bool:
    return manifest.frame.metres_per_unit is not None


async def test_a_scale_bar_gives_all_viewers_metres_one_revision_on(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(2))
        await seen.until_complete(2)
        before = await retained_manifest(mosquitto)
        waiting = [asyncio.create_task(shown(mosquitto, is_scaled, user)) for user in ("viewer", "guest", "ops")]
        await lay(mosquitto, bar(1))
        for manifest in await asyncio.gather(*waiting):
            assert (manifest.frame.metres_per_unit, manifest.frame.scale_source) == (4.0, ScaleSource.SCALE_BAR)
            assert (manifest.generation, manifest.revision) == (1, before.revision + 1)
            assert manifest.shard_pages == before.shard_pages
        bar_before = await bars(mosquitto)
        assert bar_before is not None
        assert (bar_before.user, bar_before.distance_m) == ("anna", 6.0)
        program.kill()  # it survives a restart,
        await seen.until(lambda each: each.presence is ReconstructorPresence.OFFLINE)
        program.start()
        await seen.until_ready()
        await rig.send_many(range(2, 10))  # an increment, and a complete reconstruction
        await seen.until(lambda each: any(event.generation == 2 for event in each.of_type(ShardUpdate)))
        assert (await retained_manifest(mosquitto)).frame.metres_per_unit == 4.0
        assert await bars(mosquitto) == bar_before
        await lay(mosquitto, bar(2, distance_m=3.0), "ops")
        await shown(mosquitto, lambda manifest: manifest.frame.metres_per_unit == 2.0)
        await lay(mosquitto, b"")  # and it can be taken away
        manifest = await shown(mosquitto, lambda manifest: not is_scaled(manifest))
        assert manifest.frame.scale_source is ScaleSource.NONE
        async with asyncio.timeout(PATIENCE_S):  # it is cleared after the manifest that says so
            while await bars(mosquitto, 0.5) is not None:
                await asyncio.sleep(0.1)
        assert not seen.of_type(Error)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"five metres", "bad_message"),
        (bar(7), "bad_scale_bar"),
        (bar(1).replace(b"-0.75", b"NaN"), "bad_message"),
        (bar(1).replace(b"-0.75", b"1e9"), "bad_scale_bar"),
        (bar(1).replace(b"-0.75", b"0.75"), "bad_scale_bar"),
        (bar(1).replace(b"6.0", b"-6.0"), "bad_message"),
    ],
    ids=["no json", "unknown generation", "not finite", "far away", "no length", "negative"],
)
async def test_a_bad_scale_bar_is_an_error_and_changes_nothing(
    mosquitto: Mosquitto, start_program: StartProgram, payload: bytes, code: str
) -> None:
    start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(1))
        await seen.until_complete(1)
        await lay(mosquitto, bar(1))
        before = await shown(mosquitto, is_scaled)
        await lay(mosquitto, payload, "ops")
        await seen.until(lambda each: bool(each.of_type(Error)))
        (error,) = seen.of_type(Error)
        assert (error.code, error.topic) == (code, topic_of("ops"))
        assert await retained_manifest(mosquitto) == before


async def test_somebody_who_may_only_look_lays_no_scale_bar(mosquitto: Mosquitto) -> None:
    with pytest.raises(PublishRefusedError):
        await lay(mosquitto, bar(1), "viewer")
    async with Delivery(mosquitto.connection("anna"), client_id="page-anna") as delivery:
        for topic in (TOPIC, topic_of("bert")):  # in nobody's name, or in another's
            with pytest.raises(PublishRefusedError):
                await delivery.publish(Outgoing(topic=topic, payload=bar(1), is_retained=True), PATIENCE_S)


async def test_two_agents_a_known_distance_apart_give_metres(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    start_program("steps_aside", baseline_m=0.5, baseline_senders='["rig-north", "rig-south"]')
    async with Watcher.of(mosquitto.connection("viewer")) as seen:
        await seen.until_ready()
        for number in range(4):
            payload, user = photograph(number), ("rig-north", "rig-south")[number % 2]
            taken_at = datetime(2026, 5, 1, 12, tzinfo=UTC) + timedelta(seconds=10 * (number // 2))
            name = image_id(payload, number, session=user)
            outgoing = Outgoing(
                topic=SPACE.topic(PROJECT, IMAGE.template, sender=user, image_name=name),
                payload=payload,
                user_properties=((CAPTURED_AT_PROPERTY, taken_at.isoformat()),),
            )
            async with Delivery(mosquitto.connection(user), client_id=user) as delivery:
                await delivery.publish(outgoing, PATIENCE_S)
            await seen.until_complete(number + 1)
        frame = (await retained_manifest(mosquitto)).frame
        assert frame.scale_source is ScaleSource.BASELINE
        assert frame.metres_per_unit is not None
        assert np.isclose(frame.metres_per_unit, 0.5 / 3.0)
