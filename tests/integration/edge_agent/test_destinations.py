"""A rig whose settings change: what waits for one project or broker is not sent to another, is named, and goes later."""

import asyncio
import json
from pathlib import Path

import pytest
from pydantic_core import to_json

from broker.contract import RECONSTRUCTOR_STATE
from broker.coverage.messages import Advice
from broker.delivery import Delivery
from broker.ids import ImageId, ProjectId
from broker.manifest import CameraEntry, CameraState
from broker.messages import ReconstructorPresence, ReconstructorState
from broker.mosquitto import Mosquitto
from broker.rig_messages import AgentHealth
from broker.wire.coverage_channels import ADVICE
from edge_agent import agent
from edge_agent.photograph import Photograph
from edge_agent.spool.destinations import Destination
from edge_agent.spool.spool import Spool
from edge_agent.status import read_status
from edge_agent.upload import send_files
from tests.integration.edge_agent.link import Link, bad_link
from tests.integration.edge_agent.receiver import PROJECT, receiving
from tests.integration.edge_agent.rig import RIG, running, settings_for, until, write_photographs
from tests.manifests import paged

STORE_ID = "0123456789abcdef"


async def test_photographs_of_another_project_stay_and_those_of_a_broker_that_moved_go(
    mosquitto: Mosquitto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_photographs(tmp_path / "photos", 3, first=1)
    here = settings_for(mosquitto, tmp_path)
    with Spool(here.spool_dir, RIG, destination=Destination.of(ProjectId("tower"), here.broker)) as spool:
        spool.add(Photograph(content=b"of the tower", content_type="image/jpeg"))
    async with (
        bad_link(Link(target_port=mosquitto.plan.port, rate_bytes_per_s=1e7)) as link,
        receiving(mosquitto.connection("reconstructor"), None) as receiver,
    ):
        receiver.store_id, receiver.is_mute = STORE_ID, True
        await receiver.say(ReconstructorPresence.READY)
        before = here.broker.model_copy(update={"port": link.port})
        async with running(here.model_copy(update={"broker": before})):
            health = await until(mosquitto, AgentHealth, lambda each: each.captured_count == 4)
            await receiver.wait_until_arrived(3)
        assert (health.held_count, health.alarms) == (1, ("photographs_held",))
        assert "photographs_held" in capsys.readouterr().out
        status = await read_status(here)  # with the new address, before the agent ran there
        assert [each.count for each in status.held] == [1, 3]
        assert "held     1 photograph waits for project tower at 127.0.0.1" in status.text()
        receiver.is_mute = False
        await asyncio.wait_for(agent.run(here, asyncio.Event()), 30)
        assert len(receiver.content_by_id) == 3
        await send_files(here, [tmp_path / "photos" / "img_1.jpg"])
        assert "1 photograph waits for project tower" in capsys.readouterr().err
    assert b"of the tower" not in receiver.content_by_id.values()
    status = await read_status(here)
    assert (status.waiting_count, [each.words for each in status.held]) == (
        0,
        [f"project tower at 127.0.0.1:{here.broker.port}"],
    )


async def test_status_says_who_reconstructs_and_what_is_placed(mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings = settings_for(mosquitto, tmp_path)
    with Spool(settings.spool_dir, RIG) as spool:
        session = spool.session

    def placed(session: str, number: int, *, has_original: bool) -> CameraEntry:
        image_id = ImageId.build(session=session, sequence=number, sha256=f"{number:016x}" * 4)
        return CameraEntry(image_id=image_id, state=CameraState.PLACED, has_original=has_original)

    cameras = [placed(session, number, has_original=number > 1) for number in (1, 2, 3)]
    cameras.append(placed("rig-south-1", 1, has_original=False))
    state = ReconstructorState(
        project=PROJECT,
        presence=ReconstructorPresence.READY,
        boot_id="b1",
        host="server-1",
        has_manifest=True,
        image_count=4,
    )
    space = mosquitto.plan.space
    async with Delivery(mosquitto.connection("reconstructor"), client_id="stand-in") as delivery:
        await delivery.wait_connected(10)
        for message in (*paged(PROJECT, cameras=cameras, generation=0).outgoing(space),):
            await delivery.publish(message)
        await delivery.publish(RECONSTRUCTOR_STATE.outgoing(space, PROJECT, state))
        assert (await read_status(settings)).advice == ()
        advice = Advice(
            project=PROJECT, generation=1, revision=0, photograph_count=4, is_dense=True, is_walk_unfinished=True
        )
        await delivery.publish(ADVICE.outgoing(space, PROJECT, advice))
    status = await read_status(settings)
    assert status.is_taking
    text = status.text()
    assert "next     Walk on: each of the last three photographs still shows much that is new." in text
    assert "project  the reconstructor is ready on server-1 and has 4 photographs" in text
    assert "placed   3 of this rig's photographs, 1 of them by their previews" in text
    assert json.loads(to_json(status))["placed"] == {"count": 3, "preview_count": 1}
