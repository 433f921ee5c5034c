"""A large photograph over links that no single message would survive."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path

import pytest

from broker.contract import AGENT_STATE, COMMAND, COMMAND_REPLY
from broker.delivery import Delivery
from broker.envelope import decode
from broker.live import follow
from broker.messages import ReconstructorPresence
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.rig_messages import AgentPresence, AgentState, Command, CommandReply
from edge_agent import agent
from edge_agent.config import CameraKind, Settings
from edge_agent.photograph import now_utc
from edge_agent.uplink.outbox import NamedFiles
from tests.integration.edge_agent.link import Link, bad_link
from tests.integration.edge_agent.receiver import PROJECT, Receiver, receiving
from tests.integration.edge_agent.rig import RIG, settings_for

KILOBYTE = 1000


def photograph(folder: Path, size_bytes: int) -> bytes:
    content = random.Random(3).randbytes(size_bytes)  # noqa: S311 - bytes that no compression shortens
    folder.mkdir(exist_ok=True)
    (folder / "large.jpg").write_bytes(content)
    return content


def settings_over(link: Link, mosquitto: Mosquitto, tmp_path: Path) -> Settings:
    broker = mosquitto.connection(RIG).model_copy(update={"port": link.port, "keepalive_s": 5})
    return settings_for(mosquitto, tmp_path, broker=broker, health_interval_s=30.0)


async def half_arrived(receiver: Receiver, size_bytes: int) -> None:
    def arrived_bytes() -> int:
        return sum(len(piece) for pieces in receiver.pieces_by_id.values() for piece in pieces.values())

    async with asyncio.timeout(60):
        while arrived_bytes() < size_bytes / 2:
            await asyncio.sleep(0.05)


async def test_a_photograph_arrives_over_a_slow_stalling_link_that_is_cut_half_open(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    content = photograph(tmp_path / "photos", 1500 * KILOBYTE)
    slow = Link(target_port=mosquitto.plan.port, rate_bytes_per_s=200 * KILOBYTE, round_trip_s=0.3, stall_ratio=0.002)
    async with (
        receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver,
        bad_link(slow) as link,
    ):
        running = asyncio.create_task(agent.run(settings_over(link, mosquitto, tmp_path), asyncio.Event()))
        await half_arrived(receiver, len(content))
        await link.cut()
        await asyncio.wait_for(running, 90)
    assert list(receiver.content_by_id.values()) == [content]
    assert link.sent_up_bytes < 1.3 * len(content)


async def test_a_command_is_answered_within_two_seconds_while_a_photograph_fills_the_link(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    photograph(tmp_path / "photos", 6000 * KILOBYTE)
    slow = Link(target_port=mosquitto.plan.port, rate_bytes_per_s=50 * KILOBYTE, round_trip_s=0.3)
    space, stop = mosquitto.plan.space, asyncio.Event()
    replies = space.filter(COMMAND_REPLY.template, PROJECT, agent=RIG)
    async with (
        receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver,
        Delivery(mosquitto.connection("ops"), client_id="ops", subscriptions=(replies,)) as operator,
        bad_link(slow) as link,
    ):
        await operator.wait_connected(30)
        running = asyncio.create_task(agent.run(settings_over(link, mosquitto, tmp_path), stop))
        await half_arrived(receiver, 400 * KILOBYTE)
        command = Command.model_validate(
            {
                "type": "command",
                "project": PROJECT,
                "id": "p1",
                "verb": "pause",
                "deadline_at": now_utc() + timedelta(seconds=30),
            }
        )
        messages = operator.messages()
        async with asyncio.timeout(2.0):
            await operator.publish(
                Outgoing(topic=space.topic(PROJECT, COMMAND.template, agent=RIG), payload=command.encode())
            )
            reply = decode((await anext(messages)).payload, CommandReply)
        assert reply.is_done
        stop.set()
        await asyncio.wait_for(running, 60)


async def test_an_agent_that_starts_again_sends_only_what_is_missing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    content = photograph(tmp_path / "photos", 1500 * KILOBYTE)
    slow = Link(target_port=mosquitto.plan.port, rate_bytes_per_s=400 * KILOBYTE)
    async with (
        receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver,
        bad_link(slow) as link,
    ):
        settings = settings_over(link, mosquitto, tmp_path)
        first = asyncio.create_task(agent.run(settings, asyncio.Event()))
        await half_arrived(receiver, len(content))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await asyncio.wait_for(agent.run(settings, asyncio.Event()), 60)
    assert list(receiver.content_by_id.values()) == [content]
    assert link.sent_up_bytes < 1.3 * len(content)


async def test_a_piece_that_got_lost_is_asked_for_and_sent_again(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.clients.upload_sizes.LARGEST_SINGLE_BYTES", 1)
    content = photograph(tmp_path / "photos", 700 * KILOBYTE)
    slow = Link(target_port=mosquitto.plan.port, rate_bytes_per_s=10**7)
    async with (
        receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver,
        bad_link(slow) as link,
    ):
        receiver.lose_next_pieces = 2
        await asyncio.wait_for(agent.run(settings_over(link, mosquitto, tmp_path), asyncio.Event()), 40)
    assert list(receiver.content_by_id.values()) == [content]


def test_the_same_files_get_the_same_ids_so_that_an_upload_can_be_resumed(tmp_path: Path) -> None:
    photograph(tmp_path, 1000)
    first, second = (NamedFiles([tmp_path / "large.jpg"], RIG) for _ in range(2))
    assert list(first.images) == list(second.images)


async def test_what_began_whole_on_a_good_link_goes_in_pieces_when_the_link_turns_bad(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Else the broker would end the connection before the message is through, again and again."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"small" * 20_000)
    link_plan = Link(target_port=mosquitto.plan.port, rate_bytes_per_s=4_000 * KILOBYTE)
    async with (
        receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver,
        bad_link(link_plan) as link,
    ):
        stop = asyncio.Event()
        settings = settings_over(link, mosquitto, tmp_path).model_copy(update={"camera": CameraKind.WATCH})
        running = asyncio.create_task(agent.run(settings, stop))
        await receiver.wait_for(1)
        link.rate_bytes_per_s = 50 * KILOBYTE
        content = photograph(tmp_path / "photos", 600 * KILOBYTE)
        await receiver.wait_for(2, 100)
        stop.set()
        await asyncio.wait_for(running, 60)
    assert content in receiver.content_by_id.values()
    assert receiver.begun, "it never went in pieces"


async def test_the_will_of_a_connection_that_died_unnoticed_does_not_outlast_the_next_birth(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    topic = mosquitto.plan.space.topic(PROJECT, AGENT_STATE.template, agent=RIG)
    presences: list[AgentPresence] = []
    plan = Link(target_port=mosquitto.plan.port, rate_bytes_per_s=4_000 * KILOBYTE)
    async with bad_link(plan) as link, follow(mosquitto.connection("ops")) as follower:
        await follower.subscribe(topic)

        async def listen() -> None:
            async for message in follower.messages():
                presence = decode(message.payload, AgentState).presence
                presences.append(presence)

        listening = asyncio.create_task(listen())
        stop = asyncio.Event()
        settings = settings_over(link, mosquitto, tmp_path).model_copy(update={"camera": CameraKind.WATCH})
        running = asyncio.create_task(agent.run(settings, stop))
        async with asyncio.timeout(60):
            while presences.count(AgentPresence.ONLINE) < 1:
                await asyncio.sleep(0.05)
            await link.cut()
            while presences.count(AgentPresence.ONLINE) < 2:
                await asyncio.sleep(0.05)
        await asyncio.sleep(9)  # one and a half keepalives: the broker has noticed the old connection's end
        assert presences[-1] is AgentPresence.ONLINE
        stop.set()
        await asyncio.wait_for(running, 60)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
