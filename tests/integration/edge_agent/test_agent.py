"""The whole agent, its camera in its own process, against a real broker."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from broker.clients.refusals import BrokerRefusedError
from broker.contract import AGENT_DESCRIPTION, AGENT_HEALTH, AGENT_STATE, COMMAND, COMMAND_REPLY
from broker.delivery import Delivery
from broker.envelope import Message, decode
from broker.live import follow
from broker.messages import ReconstructorPresence
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.rig_messages import AgentDescription, AgentHealth, AgentPresence, AgentState, Command, CommandReply
from edge_agent import agent
from edge_agent.cameras.camera import CameraUnusableError
from edge_agent.photograph import Photograph, now_utc
from edge_agent.spool.destinations import Destination
from edge_agent.spool.index import SpoolKey
from edge_agent.spool.spool import Spool
from tests.integration.edge_agent.receiver import PROJECT, receiving
from tests.integration.edge_agent.rig import (
    RIG,
    running,
    settings_for,
    until,
    until_online,
    until_settled,
    write_photographs,
)


async def test_every_photograph_of_a_folder_is_stored_once_in_order_and_the_agent_ends(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    write_photographs(tmp_path / "photos", 12, first=1)
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        await asyncio.wait_for(agent.run(settings_for(mosquitto, tmp_path), asyncio.Event()), 30)
    assert len(receiver.arrivals) == len(set(receiver.arrivals)) == 12
    ordered = [receiver.content_by_id[name] for name in sorted(receiver.content_by_id)]
    assert ordered == [(tmp_path / "photos" / f"img_{number}.jpg").read_bytes() for number in range(1, 13)]
    assert "captured_at" in receiver.properties
    with Spool(tmp_path / "spool", RIG) as spool:
        assert (spool.counts().stored_count, spool.counts().waiting_count) == (12, 0)
    assert list((tmp_path / "spool" / "images").iterdir()) == []


async def test_nothing_is_sent_before_the_reconstructor_is_ready(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 3, first=1)
    async with (
        receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.DISK_FULL) as receiver,
        running(settings_for(mosquitto, tmp_path)) as task,
    ):
        await asyncio.sleep(1.0)
        assert receiver.arrivals == []
        await receiver.say(ReconstructorPresence.READY)
        await asyncio.wait_for(asyncio.shield(task), 60)
        assert len(receiver.content_by_id) == 3


async def test_photographs_taken_without_a_broker_arrive_when_there_is_one(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    write_photographs(tmp_path / "photos", 3, first=1)
    mosquitto.kill()
    async with running(settings_for(mosquitto, tmp_path)) as task:
        async with asyncio.timeout(30):
            while len(list((tmp_path / "spool" / "images").glob("*.jpg"))) < 3:
                await asyncio.sleep(0.05)
        mosquitto.start()
        async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
            await asyncio.wait_for(asyncio.shield(task), 40)
            assert len(receiver.content_by_id) == 3


async def test_a_broker_that_forgot_everything_costs_no_photograph(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 4, first=1)
    async with running(settings_for(mosquitto, tmp_path, window_images=2)) as task:
        async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
            receiver.is_mute = True
            async with asyncio.timeout(30):
                while len(receiver.arrivals) < 2:
                    await asyncio.sleep(0.05)
        mosquitto.kill()
        for path in mosquitto.plan.data_dir.glob("mosquitto.db*"):
            path.unlink()
        mosquitto.start()
        async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
            await asyncio.wait_for(asyncio.shield(task), 40)
            assert len(receiver.content_by_id) == 4


async def test_an_agent_that_was_killed_goes_on_with_what_its_spool_holds(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 5, first=1)
    first = asyncio.create_task(agent.run(settings_for(mosquitto, tmp_path), asyncio.Event()))
    async with asyncio.timeout(30):
        while len(list((tmp_path / "spool" / "images").glob("*.jpg"))) < 3:
            await asyncio.sleep(0.02)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        await asyncio.wait_for(agent.run(settings_for(mosquitto, tmp_path), asyncio.Event()), 30)
        assert len(receiver.content_by_id) == 5
        assert len({name[-16:] for name in receiver.content_by_id}) == 5


async def test_a_watched_folder_gives_each_new_file_to_the_reconstructor(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 1, first=1)
    settings = settings_for(mosquitto, tmp_path, camera="watch")
    async with (
        receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver,
        running(settings) as task,
    ):
        await receiver.wait_for(1)
        write_photographs(tmp_path / "photos", 2, first=2)
        await receiver.wait_for(3)
        assert not task.done()


async def test_others_see_birth_description_health_and_last_will(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 2, first=1)
    space = mosquitto.plan.space
    channels: dict[str, type[Message]] = {
        space.topic(PROJECT, AGENT_STATE.template, agent=RIG): AgentState,
        space.topic(PROJECT, AGENT_DESCRIPTION.template, agent=RIG): AgentDescription,
        space.topic(PROJECT, AGENT_HEALTH.template, agent=RIG): AgentHealth,
    }
    seen: list[Message] = []
    async with follow(mosquitto.connection("ops")) as follower:
        await follower.subscribe(*channels)

        async def listen() -> None:
            async for message in follower.messages():
                model = channels[message.topic]
                seen.append(decode(message.payload, model))

        listening = asyncio.create_task(listen())
        async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY):
            await asyncio.wait_for(agent.run(settings_for(mosquitto, tmp_path), asyncio.Event()), 60)
        async with asyncio.timeout(30):
            states: list[AgentState] = []
            while not any(each.presence is AgentPresence.OFFLINE for each in states):
                await asyncio.sleep(0.02)
                states = [each for each in seen if isinstance(each, AgentState)]
        listening.cancel()
    assert (states[0].presence, states[-1].presence) == (AgentPresence.ONLINE, AgentPresence.OFFLINE)
    assert (states[0].is_finished, states[-1].is_finished) == (False, True)
    description = next(each for each in seen if isinstance(each, AgentDescription))
    assert description.camera.startswith("folder: ")
    last = [each for each in seen if isinstance(each, AgentHealth)][-1]
    assert (last.captured_count, last.stored_count, last.spool_count) == (2, 2, 0)
    assert last.receipt_s is not None


async def test_a_paused_rig_takes_a_photograph_only_when_ops_ask_for_one(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 4, first=1)
    space = mosquitto.plan.space
    with Spool(tmp_path / "spool", RIG) as spool:
        spool.remember(SpoolKey.IS_PAUSED, "yes")
    ops = mosquitto.connection("ops")
    replies = space.filter(COMMAND_REPLY.template, PROJECT, agent=RIG)

    async with (
        receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver,
        running(settings_for(mosquitto, tmp_path)) as task,
        Delivery(ops, client_id="ops", subscriptions=(replies,)) as operator,
    ):
        await operator.wait_connected(30)
        messages = operator.messages()

        async def order(verb: str, number: int, *, deadline_s: float = 30, is_retained: bool = False) -> CommandReply:
            command = Command.model_validate(
                {
                    "type": "command",
                    "project": PROJECT,
                    "id": f"c{number}",
                    "verb": verb,
                    "deadline_at": now_utc() + timedelta(seconds=deadline_s),
                }
            )
            topic = space.topic(PROJECT, COMMAND.template, agent=RIG)
            await operator.publish(Outgoing(topic=topic, payload=command.encode(), is_retained=is_retained))
            incoming = await asyncio.wait_for(anext(messages), 60)
            incoming.acknowledge()
            return decode(incoming.payload, CommandReply)

        await until_online(mosquitto)
        await until_settled(tmp_path / "photos")
        assert receiver.arrivals == []
        assert (await order("capture", 1)).is_done
        await receiver.wait_for(1)
        assert (await order("capture", 2, deadline_s=-5)).code == "command_too_late"
        assert (await order("cancel", 3)).is_done
        await asyncio.sleep(0.5)
        assert len(receiver.content_by_id) == 1
        assert (await order("resume", 4)).is_done
        await asyncio.wait_for(asyncio.shield(task), 60)
        assert len(receiver.content_by_id) == 4


async def test_a_wrong_password_ends_the_agent_with_a_clear_error(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 1, first=1)
    connection = mosquitto.connection(RIG).model_copy(update={"password": None})
    with pytest.raises(BrokerRefusedError, match="name or password do not fit"):
        await asyncio.wait_for(agent.run(settings_for(mosquitto, tmp_path, broker=connection), asyncio.Event()), 60)


async def test_a_missing_folder_ends_the_agent_with_a_clear_error(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with pytest.raises(CameraUnusableError, match="is not a folder"):
        await asyncio.wait_for(agent.run(settings_for(mosquitto, tmp_path), asyncio.Event()), 60)


async def test_without_its_folder_a_rig_still_sends_what_waits_and_goes_on_when_it_is_there(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    settings = settings_for(mosquitto, tmp_path)
    with Spool(tmp_path / "spool", RIG, destination=Destination.of(PROJECT, settings.broker)) as spool:
        waiting = spool.add(Photograph(content=b"of yesterday", content_type="image/jpeg"))
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        async with running(settings) as task:
            await receiver.wait_for(1)
            health = await until(mosquitto, AgentHealth, lambda health: "folder_missing" in health.alarms)
            assert "is not a folder" in (health.last_error or "")
            write_photographs(tmp_path / "photos", 1)
            await asyncio.wait_for(asyncio.shield(task), 60)
        assert len(receiver.content_by_id) == 2
        assert receiver.content_by_id[waiting.image_id] == b"of yesterday"
