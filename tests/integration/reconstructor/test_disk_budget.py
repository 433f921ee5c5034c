"""A used-up disk budget costs no image: it is said in words, senders keep what they have, and nothing is deleted."""

import asyncio
from pathlib import Path

from broker.contract import FLOW
from broker.envelope import decode
from broker.live import follow
from broker.messages import Error, Flow, ReconstructorPresence
from broker.mosquitto import Mosquitto
from tests.integration.reconstructor.programs import PROJECT, SPACE, Program, Rig, Watcher
from tests.photographs import image_id, photograph

BUDGET_BYTES = 8 * 1024 * 1024


async def test_photographs_wait_while_the_budget_is_used_up_and_none_is_deleted(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    program = Program(
        mosquitto.connection("reconstructor"), tmp_path, "instant", project_disk_budget_bytes=BUDGET_BYTES
    )
    program.start()
    images = tmp_path / "data" / PROJECT / "images"
    filler = tmp_path / "data" / PROJECT / "filler"
    try:
        async with Watcher.of(mosquitto.connection("viewer")) as seen, Rig.of(mosquitto.connection("rig-north")) as rig:
            await seen.until_ready()
            await rig.send_many(range(2))
            await seen.until_complete(2)
            kept = sorted(path.name for path in images.iterdir())
            filler.write_bytes(bytes(BUDGET_BYTES))
            await seen.until(lambda each: each.presence is ReconstructorPresence.DISK_FULL)
            assert seen.state is not None
            assert seen.state.code == "disk_budget"
            assert "project chapel takes 8." in (seen.state.reason or "")
            flow = await paused_flow(mosquitto)
            assert (flow.code, flow.reason) == ("disk_budget", seen.state.reason)
            payload = photograph(2, width_px=600, height_px=400)
            sending = asyncio.create_task(rig.send(payload, image_id(payload, 2)))
            await asyncio.sleep(2)
            assert not sending.done()
            assert sorted(path.name for path in images.iterdir()) == kept
            filler.unlink()
            assert (await sending).image_number == 3
            await seen.until_ready()
            await seen.until_complete(3)
            assert [each.code for each in seen.of_type(Error)] == ["disk_budget"]
    finally:
        program.kill()


async def paused_flow(mosquitto: Mosquitto) -> Flow:
    """The flow message of the rig that says why it pauses; the state is published before it."""
    async with follow(mosquitto.connection("ops")) as follower, asyncio.timeout(30):
        await follower.subscribe(SPACE.topic(PROJECT, FLOW.template, sender="rig-north"))
        async for message in follower.messages():
            flow = decode(message.payload, Flow)
            if flow.pause_until is not None:
                return flow
    raise AssertionError("the connection ended")
