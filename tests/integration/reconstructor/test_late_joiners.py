"""A viewer that joins at any moment sees one complete set: never two generations, never a manifest with a hole."""

import asyncio
import random

from broker.messages import ShardUpdate
from broker.mosquitto import Mosquitto
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import Rig, Watcher, join

LEAST_JOINS = 60
JOINERS = 3


async def test_joining_during_swaps_never_shows_two_generations_nor_a_hole(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    """`join` fetches each shard that the manifest names, by its exact topic, and compares every digest."""
    start_program(refetch_every=2, grace_s=3)
    seen_generations: list[tuple[int, int]] = []
    is_over = asyncio.Event()

    async def keep_joining(seed: int) -> None:
        pauses = random.Random(seed)  # noqa: S311 - moments of a test
        while not is_over.is_set() or len(seen_generations) < LEAST_JOINS:
            manifest = await join(mosquitto.connection("viewer"))
            seen_generations.append((manifest.generation, manifest.revision))
            await asyncio.sleep(pauses.uniform(0, 0.05))

    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await seen.until_ready()
        await rig.send_many(range(1))
        await seen.until_complete(1)
        async with asyncio.TaskGroup() as joining:
            for seed in range(JOINERS):
                joining.create_task(keep_joining(seed))
            await rig.send_many(range(1, 16))
            await seen.until(lambda each: any(event.generation == 9 for event in each.of_type(ShardUpdate)), 60)
            is_over.set()
    assert len(seen_generations) >= LEAST_JOINS
    assert len({generation for generation, _ in seen_generations}) >= 4
