"""An image of a session that never came is asked for, by a real service over a real broker, and not without end."""

import asyncio

from broker.contract import IMAGE, MISSING
from broker.delivery import Delivery
from broker.envelope import decode
from broker.messages import Missing
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from reconstructor.gaps import MOST_ASKS
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, RIG, SPACE, Watcher
from tests.photographs import image_id, photograph


async def test_a_gap_is_named_to_its_sender_until_it_is_closed_or_asked_often_enough(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program(gap_wait_s=0.2)
    topic = SPACE.topic(PROJECT, MISSING.template, sender=RIG)
    asked: list[tuple[int, ...]] = []
    async with (
        Watcher.of(mosquitto.connection("viewer")) as seen,
        Delivery(mosquitto.connection(RIG), client_id=RIG, subscriptions=(topic,)) as sender,
    ):

        async def send(sequence: int) -> None:
            content = photograph(sequence)
            name = image_id(content, sequence)
            where = SPACE.topic(PROJECT, IMAGE.template, sender=RIG, image_name=name)
            await sender.publish(Outgoing(topic=where, payload=content), PATIENCE_S)

        async def listen() -> None:
            async for message in sender.messages():
                message.acknowledge()
                for each in decode(message.payload, Missing).sequences:
                    assert each.session == "walk"
                    asked.append(each.sequences)

        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen())
            await seen.until_ready()
            for sequence in (1, 2, 5):
                await send(sequence)
            async with asyncio.timeout(PATIENCE_S):
                while not asked:
                    await asyncio.sleep(0.02)
            assert asked[0] == (3, 4)
            await send(4)
            async with asyncio.timeout(PATIENCE_S):
                while len(asked) < MOST_ASKS:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(2)
            listening.cancel()
        # While it is decoded, 4 may be asked for once more; then never again, and 3 no more than the limit says.
        assert asked in ([(3, 4), (3,), (3,)], [(3, 4), (3, 4), (3,)])
        await asyncio.to_thread(program.kill)
        asked.clear()
        program.start()
        await seen.until_ready()
        async with asyncio.timeout(PATIENCE_S):  # gaps are found again in the store
            incoming = await anext(sender.messages())
        assert [each.sequences for each in decode(incoming.payload, Missing).sequences] == [(3,)]
