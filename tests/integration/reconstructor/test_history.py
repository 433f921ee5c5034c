"""People who join late find what happened; this outlives a restart of the service and a broker that forgets."""

import asyncio
from contextlib import aclosing

from broker.envelope import decode
from broker.messages import EventHistory, ProcessingComplete
from broker.mosquitto import Mosquitto
from broker.wire.history_channels import HISTORY
from reconstructor.publishing.retained_messages import retained_messages
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, Rig, Watcher


async def placed(mosquitto: Mosquitto, numbers: set[int]) -> EventHistory:
    """The history that a viewer finds retained, once it tells of all these images."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            connection = mosquitto.connection("reconstructor")
            async with aclosing(retained_messages(connection, PROJECT, HISTORY)) as messages:
                async for message in messages:
                    history = decode(message.payload, EventHistory)
                    told = {each.image_number for each in history.events if isinstance(each, ProcessingComplete)}
                    if told >= numbers:
                        return history
            await asyncio.sleep(0.1)


async def test_the_day_is_retained_and_outlives_service_and_broker(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program()
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await rig.send_many(range(2))
        await seen.until_complete(2)
        before = await placed(mosquitto, {1, 2})
        instants = [each.sent_at for each in before.events]
        assert instants == sorted(instants)
        program.kill()
        mosquitto.kill()
        mosquitto.start()
        program.start()
        assert (await placed(mosquitto, {1, 2})).events[: len(before.events)] == before.events
