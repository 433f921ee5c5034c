"""Coverage and advice are retained after photographs, from a foreign black box's cameras and points alone."""

import asyncio
from contextlib import aclosing

from broker.coverage.grid import HOLE_SCORE, unpack
from broker.coverage.messages import Advice, Coverage
from broker.delivery import Delivery
from broker.envelope import decode
from broker.mosquitto import Mosquitto
from broker.shards import sha256
from broker.wire.coverage_channels import ADVICE, COVERAGE, COVERAGE_GRID
from reconstructor.publishing.retained_messages import retained_messages
from tests.integration.reconstructor.conftest import StartProgram
from tests.integration.reconstructor.programs import PATIENCE_S, PROJECT, Rig, Watcher
from tests.walls import HOLE


async def told(mosquitto: Mosquitto, photographs: int) -> tuple[Coverage, Advice, bytes]:
    """What a viewer finds retained, once it is of that many photographs."""
    connection = mosquitto.connection("reconstructor")
    async with asyncio.timeout(2 * PATIENCE_S):
        while True:
            found: dict[str, bytes] = {}
            for channel in (COVERAGE, COVERAGE_GRID, ADVICE):
                async with aclosing(retained_messages(connection, PROJECT, channel)) as messages:
                    async for message in messages:
                        found[channel.name] = message.payload
            if len(found) == 3:
                coverage, advice = decode(found["coverage"], Coverage), decode(found["advice"], Advice)
                is_whole = sha256(found["coverage_grid"]) == coverage.grid_sha256
                if is_whole and coverage.photograph_count == advice.photograph_count == photographs:
                    return coverage, advice, found["coverage_grid"]
            await asyncio.sleep(0.2)


async def test_a_hole_is_on_the_wire_and_outlives_service_and_broker(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    program = start_program("tests.wall_black_box:wall_with_hole")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await rig.send_many(range(4))
        await seen.until_complete(4)
        coverage, advice, grid = await told(mosquitto, 4)
        assert coverage.is_dense
        assert advice.generation == coverage.generation
        cells = unpack(grid)
        assert len(cells.cells) == coverage.cell_count + coverage.hole_cell_count
        assert int((cells.scores == HOLE_SCORE).sum()) == coverage.hole_cell_count > 0
        left, right, bottom, top = HOLE
        place = next(each for each in advice.places if each.code == "hole")
        assert left - 0.1 < place.target[0] < right + 0.1
        assert bottom - 0.1 < place.target[2] < top + 0.1
        assert place.marked is not None
        program.kill()
        mosquitto.kill()
        mosquitto.start()
        program.start()
        again, _, _ = await told(mosquitto, 4)
        assert again.grid_sha256 == coverage.grid_sha256


async def test_sparse_points_claim_no_hole_and_send_nobody(mosquitto: Mosquitto, start_program: StartProgram) -> None:
    start_program("tests.wall_black_box:sparse_wall")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await rig.send_many(range(3))
        await seen.until_complete(3)
        coverage, advice, grid = await told(mosquitto, 3)
        assert not coverage.is_dense
        assert coverage.hole_cell_count == coverage.bad_cell_count == 0
        assert advice.places == ()
        assert not advice.is_walk_unfinished
        assert set(unpack(grid).scores.tolist()) == {1}


async def test_of_two_photographs_nothing_is_told_and_what_an_earlier_store_told_is_cleared(
    mosquitto: Mosquitto, start_program: StartProgram
) -> None:
    connection = mosquitto.connection("reconstructor")
    async with Delivery(connection, client_id="earlier") as earlier:
        await earlier.wait_connected(PATIENCE_S)
        await earlier.publish(COVERAGE_GRID.outgoing(connection.space, PROJECT, b"old"))
    start_program("tests.wall_black_box:wall_with_hole")
    async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
        await rig.send_many(range(2))
        await seen.until_complete(2)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with aclosing(retained_messages(connection, PROJECT, COVERAGE_GRID)) as messages:
                    if not [message async for message in messages]:
                        break
                await asyncio.sleep(0.2)
