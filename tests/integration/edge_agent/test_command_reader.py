"""What ops say to a rig over a real broker: settings on trial, a restart, enough photographs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from broker.contract import COMMAND, COMMAND_REPLY, DESIRED_SETTINGS, REPORTED_SETTINGS
from broker.delivery import Delivery
from broker.envelope import decode
from broker.ids import ImageId
from broker.live import follow
from broker.manifest import CameraEntry, CameraState
from broker.messages import ReconstructorPresence
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.rig_messages import AgentHealth, AgentSettings, Command, CommandReply, DesiredSettings, ReportedSettings
from edge_agent import agent
from edge_agent.capture.counters import Counters
from edge_agent.capture.image_pipeline import ImagePipeline
from edge_agent.capture.photographer import Photographer
from edge_agent.config import Settings
from edge_agent.control.command_reader import CommandReader
from edge_agent.control.presence import AgentPublisher
from edge_agent.control.remote_settings import ROLLED_BACK, resume
from edge_agent.photograph import now_utc
from edge_agent.spool.index import SpoolKey
from edge_agent.spool.spool import Spool
from tests.integration.edge_agent.link import Link, bad_link
from tests.integration.edge_agent.receiver import PROJECT, receiving
from tests.integration.edge_agent.rig import RIG, running, settings_for, until_online, write_photographs
from tests.integration.edge_agent.rig import until as until_health
from tests.manifests import paged

ROOT = Path(__file__).parents[3]
FIRST = AgentSettings(interval_s=5.0)


class NoCamera:
    """These tests take no photograph."""

    restart_count = 0
    left_out = ()

    async def prepare(self) -> None: ...

    async def capture(self) -> None:
        return None


class NoEars:
    def photograph_kept(self, image: Any, photograph: Any) -> None: ...

    def rig_changed(self) -> None: ...


@dataclass(slots=True, kw_only=True)
class ReaderAtWork:
    """A command reader at work, and the spool below it."""

    command_reader: CommandReader
    spool: Spool


@asynccontextmanager
async def reader_at_work(
    mosquitto: Mosquitto, folder: Path, port: int, confirm_s: float = 300.0
) -> AsyncIterator[ReaderAtWork]:
    connection = mosquitto.connection(RIG).model_copy(update={"port": port, "keepalive_s": 5})
    publisher = AgentPublisher(connection.space, PROJECT, RIG)
    control = Delivery(connection, client_id="rig-north-control", subscriptions=publisher.subscriptions())
    with Spool(folder, RIG) as spool:
        running = resume(spool.recall(SpoolKey.LAST_GOOD_SETTINGS), spool.recall(SpoolKey.TRIAL_SETTINGS), FIRST)
        pipeline = ImagePipeline(spool, is_gated=False, settings=running.settings)
        photographer = Photographer(NoCamera(), spool, pipeline, Counters(), NoEars(), interval_s=5.0)
        command_reader = CommandReader(
            control,
            publisher,
            spool,
            photographer,
            pipeline,
            counters=Counters(),
            running=running,
            announce=lambda: None,
            reboot=lambda: None,
            state_seen=lambda _state, _is_retained: None,
            confirm_s=confirm_s,
        )
        async with control:
            reading = asyncio.create_task(command_reader.read())
            try:
                yield ReaderAtWork(command_reader=command_reader, spool=spool)
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)


async def ask_for(mosquitto: Mosquitto, version: int, interval_s: float) -> None:
    message = DesiredSettings(project=PROJECT, version=version, settings=AgentSettings(interval_s=interval_s))
    topic = mosquitto.plan.space.topic(PROJECT, DESIRED_SETTINGS.template, agent=RIG)
    async with Delivery(mosquitto.connection("ops"), client_id="ops", session_expiry_s=0) as ops:
        await ops.wait_connected(30)
        await ops.publish(Outgoing(topic=topic, payload=message.encode(), is_retained=True))


async def until(is_so: Any) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.005)


async def test_settings_after_which_no_connection_follows_are_rolled_back_for_good(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    plan = Link(target_port=mosquitto.plan.port, rate_bytes_per_s=1e6, round_trip_s=0.6)
    async with bad_link(plan) as link, reader_at_work(mosquitto, tmp_path, link.port, confirm_s=1.0) as rig:
        await ask_for(mosquitto, 1, 7.0)
        await until(lambda: rig.spool.recall(SpoolKey.TRIAL_SETTINGS) == "" and rig.command_reader.running.version == 1)
        await ask_for(mosquitto, 2, 9.0)
        await until(lambda: rig.command_reader.running.settings.interval_s == 9.0)
        await link.cut()  # its report is still on the way
        await until(lambda: rig.command_reader.running.settings.interval_s == 7.0)
        assert rig.command_reader.running.version == 2
        assert [(each.field, each.reason) for each in rig.command_reader.running.refused] == [
            ("interval_s", ROLLED_BACK)
        ]
        await until(lambda: rig.spool.recall(SpoolKey.TRIAL_SETTINGS) == "")
    async with reader_at_work(mosquitto, tmp_path, mosquitto.plan.port) as rig:  # the broker still keeps the bad change
        await asyncio.sleep(0.5)
        assert (rig.command_reader.running.version, rig.command_reader.running.settings.interval_s) == (2, 7.0)
        await ask_for(mosquitto, 3, 8.0)
        await until(lambda: rig.command_reader.running.settings.interval_s == 8.0)


async def test_settings_on_trial_when_the_rig_went_down_are_rolled_back_at_its_start(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    plan = Link(target_port=mosquitto.plan.port, rate_bytes_per_s=1e6, round_trip_s=0.6)
    async with bad_link(plan) as link, reader_at_work(mosquitto, tmp_path, link.port) as rig:
        await ask_for(mosquitto, 1, 9.0)
        await until(lambda: rig.command_reader.running.settings.interval_s == 9.0)
        await link.cut()
        assert rig.spool.recall(SpoolKey.TRIAL_SETTINGS)
    async with reader_at_work(mosquitto, tmp_path, mosquitto.plan.port) as rig:
        assert (rig.command_reader.running.version, rig.command_reader.running.settings.interval_s) == (1, 5.0)
        assert [each.field for each in rig.command_reader.running.refused] == ["interval_s"]


async def test_a_bad_value_is_reported_with_its_reason(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 1)
    space = mosquitto.plan.space
    good = DesiredSettings(project=PROJECT, version=1, settings=AgentSettings(interval_s=7.0, blur_ratio=0.1))
    bad = good.encode().replace(b'"interval_s":7.0', b'"interval_s":-7.0')
    reports = space.topic(PROJECT, REPORTED_SETTINGS.template, agent=RIG)
    topic = space.topic(PROJECT, DESIRED_SETTINGS.template, agent=RIG)
    async with (
        running(settings_for(mosquitto, tmp_path, camera="watch")),
        follow(mosquitto.connection("ops")) as ops,
    ):
        await ops.subscribe(reports)
        await ops.publish(Outgoing(topic=topic, payload=bad, is_retained=True))
        async with asyncio.timeout(30):
            async for message in ops.messages():
                report = decode(message.payload, ReportedSettings)
                if report.version == 1:
                    break
    assert report.settings.blur_ratio == 0.1
    assert [(each.field, each.reason) for each in report.refused] == [("interval_s", "Input should be greater than 0")]


def order(verb: str, number: int) -> Command:
    values = {"type": "command", "project": PROJECT, "id": f"c{number}", "verb": verb}
    return Command.model_validate(values | {"deadline_at": now_utc() + timedelta(seconds=30)})


async def test_a_reboot_is_answered_first_and_happens_once(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 1)
    space, settings = mosquitto.plan.space, settings_for(mosquitto, tmp_path, camera="watch")
    replies = space.filter(COMMAND_REPLY.template, PROJECT, agent=RIG)
    topic = space.topic(PROJECT, COMMAND.template, agent=RIG)
    async with Delivery(mosquitto.connection("ops"), client_id="ops", subscriptions=(replies,)) as ops:
        await ops.wait_connected(30)
        first = asyncio.create_task(agent.run(settings, asyncio.Event()))
        await until_online(mosquitto)
        await ops.publish(Outgoing(topic=topic, payload=order("reboot", 1).encode()))
        incoming = await asyncio.wait_for(anext(ops.messages()), 60)
        assert decode(incoming.payload, CommandReply).is_done
        await asyncio.wait_for(first, 60)  # it ends by itself, without error
        async with running(settings) as second:
            await until_online(mosquitto)
            await ops.publish(Outgoing(topic=topic, payload=order("reboot", 1).encode()))  # QoS 1 may bring it twice
            await asyncio.sleep(1.0)
            assert not second.done()


async def test_the_program_ends_with_success_so_that_its_service_starts_it_again(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    connection = mosquitto.connection(RIG)
    values = {
        "BROKER__PORT": connection.port,
        "BROKER__USERNAME": RIG,
        "BROKER__PASSWORD": connection.secret(),
        "PROJECT": PROJECT,
        "SPOOL_DIR": tmp_path / "spool",
        "CAMERA": "watch",
        "FOLDER": tmp_path / "photos",
    }
    space = mosquitto.plan.space
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "cairn.py",
        "edge",
        "run",
        "--log-level",
        "error",
        cwd=ROOT,
        env=os.environ | {f"CAIRN_EDGE_{name}": str(value) for name, value in values.items()},
    )
    try:
        async with follow(mosquitto.connection("ops")) as ops:
            await ops.subscribe(space.topic(PROJECT, REPORTED_SETTINGS.template, agent=RIG))
            await asyncio.wait_for(anext(ops.messages()), 60)  # it is there
            await ops.publish(COMMAND.outgoing(space, PROJECT, order("reboot", 1), agent=RIG))
        assert await asyncio.wait_for(process.wait(), 60) == 0
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()


async def test_a_contact_at_the_rigs_pin_takes_a_photograph_also_while_paused(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory = MockFactory()
    monkeypatch.setattr(Device, "pin_factory", factory)
    write_photographs(tmp_path / "photos", 2)
    with Spool(tmp_path / "spool", RIG) as spool:
        spool.remember(SpoolKey.IS_PAUSED, "yes")
    async with running(settings_for(mosquitto, tmp_path, gpio_pin=17)):
        health = await until_health(mosquitto, AgentHealth, lambda each: each.captured_count == 0)
        await asyncio.sleep(1.1)  # until then the folder's photograph counts as still being written
        factory.pin(17).drive_low()
        health = await until_health(mosquitto, AgentHealth, lambda each: each.captured_count == 1)
        await asyncio.sleep(0.5)
    assert health.captured_count == 1
    factory.reset()


def placed(session: str, number: int) -> CameraEntry:
    image_id = ImageId.build(session=session, sequence=number, sha256=f"{number:016x}" * 4)
    return CameraEntry(image_id=image_id, state=CameraState.PLACED)


async def test_a_rig_stops_when_enough_of_its_photographs_are_placed(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 4)
    with Spool(tmp_path / "spool", RIG) as spool:
        session = spool.session

    async def tell(receiver: Any, *cameras: CameraEntry) -> None:
        for message in paged(PROJECT, cameras=cameras, generation=0).outgoing(mosquitto.plan.space):
            await receiver.delivery.publish(message)

    connection = mosquitto.connection("reconstructor")
    settings: Settings = settings_for(mosquitto, tmp_path, until_placed=2, interval_s=0.5)
    async with receiving(connection, ReconstructorPresence.READY) as receiver:
        await tell(receiver, placed(session, 1), placed(session, 2), placed("rig-south-1", 1))
        async with running(settings) as task:
            await asyncio.sleep(2.0)
            few = len(receiver.content_by_id)  # what was taken before the retained word came
            assert few <= 2
            await tell(receiver, placed(session, 1), *(placed("rig-south-1", number) for number in range(1, 9)))
            await asyncio.wait_for(asyncio.shield(task), 60)
    assert len(receiver.content_by_id) == 4
