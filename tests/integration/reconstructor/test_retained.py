"""What a hostile account retains is cleared: the broker keeps less than 2 MiB of people's messages, whatever they send."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from broker.config import Connection
from broker.contract import PRESENCE
from broker.delivery import Delivery
from broker.live import follow
from broker.messages import Error, Presence
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from reconstructor.intake.retained_by_people import MOST_CONNECTIONS
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, SPACE, Rig, Watcher

MIB = 1024 * 1024
HERE = f"{SPACE.root}/{PROJECT}"
BY_VIEWERS = ("request/{user}/ping", "request/{user}/resync", "probe/{user}", "presence/{user}/junk{number}")
BY_CONTRIBUTORS = (
    *BY_VIEWERS,
    "image/{user}/keep{number}",
    "image/{user}/No Name {number}",
    "upload/{user}/walk-000001-0123456789abcdef/{number}",
    "upload/{user}/whatever/x{number}",
    "scale/{user}/desired",
)
OF_PEOPLE = ("request/#", "probe/#", "presence/#", "image/#", "upload/#", "scale/+/desired")


async def retained_of_people(mosquitto: Mosquitto) -> dict[str, int]:
    """Sizes of the messages that a new subscriber with every right gets at once."""
    sizes: dict[str, int] = {}
    async with follow(mosquitto.connection("reconstructor")) as follower:
        await follower.subscribe(*(f"{HERE}/{each}" for each in OF_PEOPLE))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5) as quiet:
                async for message in follower.messages():
                    quiet.reschedule(asyncio.get_running_loop().time() + 0.5)
                    if message.is_retained:
                        sizes[message.topic] = len(message.payload)
    return sizes


@contextlib.asynccontextmanager
async def publisher(connection: Connection) -> AsyncIterator[Delivery]:
    async with Delivery(connection, client_id=f"hostile-{connection.username}", session_expiry_s=0) as delivery:
        await delivery.wait_connected(PATIENCE_S)
        yield delivery


async def retain(delivery: Delivery, topics: tuple[str, ...], user: str, numbers: range) -> None:
    for number in numbers:
        topic = f"{HERE}/{topics[number % len(topics)].format(user=user, number=number)}"
        await delivery.publish(Outgoing(topic=topic, payload=bytes(MIB), is_retained=True), PATIENCE_S)


async def announce(delivery: Delivery, connection: str, user: str) -> None:
    here = Presence(project=PROJECT, user=user, connection=connection, program="test")
    topic = SPACE.topic(PROJECT, PRESENCE.template, user="viewer", connection=connection)
    await delivery.publish(Outgoing(topic=topic, payload=here.encode(), is_retained=True), PATIENCE_S)


async def test_what_people_retain_is_cleared_but_a_few_presences(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    """On every topic that they may write; a part of it before the reconstructor is there."""
    async with publisher(mosquitto.connection("viewer")) as viewer, publisher(mosquitto.connection("anna")) as anna:
        await retain(viewer, BY_VIEWERS, "viewer", range(10))
        await retain(anna, BY_CONTRIBUTORS, "anna", range(10))
        async with asyncio.timeout(PATIENCE_S):
            while sum((await retained_of_people(mosquitto)).values()) <= 10 * MIB:
                pass
        start_program()
        async with Watcher.of(mosquitto.connection("guest")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
            await seen.until_ready()
            await asyncio.gather(
                retain(viewer, BY_VIEWERS, "viewer", range(40)), retain(anna, BY_CONTRIBUTORS, "anna", range(20))
            )
            await announce(viewer, "c0", "bert")  # in another's name
            for number in range(1, MOST_CONNECTIONS + 4):
                await announce(viewer, f"c{number}", "viewer")
            newest = {f"{HERE}/presence/viewer/c{number}" for number in range(4, MOST_CONNECTIONS + 4)}
            async with asyncio.timeout(PATIENCE_S):
                while set(await retained_of_people(mosquitto)) != newest:
                    await asyncio.sleep(0.05)
            await rig.send_many(range(1))
            await seen.until_complete(1)
            assert not [each for each in seen.of_type(Error) if "/viewer" in (each.topic or "")]
