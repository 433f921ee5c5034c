"""What a rig on a hill lives through: a full disk, a large spool, an empty broker, a twin of itself."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from broker.contract import (
    AGENT_DESCRIPTION,
    AGENT_HEALTH,
    AGENT_STATE,
    COMMAND,
    COMMAND_REPLY,
    DESIRED_SETTINGS,
    REPORTED_SETTINGS,
)
from broker.delivery import Delivery
from broker.envelope import Message, decode
from broker.live import follow
from broker.messages import ReconstructorPresence
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.rig_messages import (
    AgentDescription,
    AgentHealth,
    AgentSettings,
    AgentState,
    Command,
    CommandReply,
    DesiredSettings,
    ReportedSettings,
)
from edge_agent import agent
from edge_agent.photograph import Photograph, now_utc
from edge_agent.spool.identity import ClonedRigError
from edge_agent.spool.index import SpoolKey
from edge_agent.spool.spool import Spool
from tests.integration.edge_agent.receiver import PROJECT, receiving
from tests.integration.edge_agent.rig import RIG, running, settings_for, until, write_photographs

ROOT = Path(__file__).parents[3]
MIB = 1024 * 1024
LIMIT_BYTES = 120 * MIB


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_disk_makes_capturing_wait_and_everything_arrives_when_there_is_room(
    mosquitto: Mosquitto, tmp_path: Path, small_disk: Path
) -> None:
    write_photographs(tmp_path / "photos", 8, size_bytes=MIB // 2)
    settings = settings_for(mosquitto, tmp_path, spool_dir=small_disk / "spool")
    async with running(settings) as task:
        health = await until(mosquitto, AgentHealth, lambda each: "spool_full" in each.alarms)
        assert health.spool_count < 8
        assert "capturing waits" in (health.last_error or "")
        async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
            await asyncio.wait_for(asyncio.shield(task), 60)
    health = await until(mosquitto, AgentHealth, lambda each: each.stored_count == 8)
    assert health.alarms == ()
    assert sorted(receiver.content_by_id.values()) == sorted(
        path.read_bytes() for path in (tmp_path / "photos").iterdir()
    )


async def test_a_rig_whose_disk_is_full_to_the_last_page_starts_and_its_receipts_make_room(
    mosquitto: Mosquitto, tmp_path: Path, small_disk: Path
) -> None:
    """Power came back, and other programs have filled the disk: nobody may be needed to free it."""
    with Spool(small_disk / "spool", RIG) as spool:
        waiting = [
            spool.add(Photograph(content=os.urandom(MIB // 8), content_type="image/jpeg")).image_id for _ in range(4)
        ]
    with contextlib.suppress(OSError), (small_disk / "others").open("wb", buffering=0) as others:
        while others.write(bytes(4096)):
            pass
    assert psutil.disk_usage(str(small_disk)).free == 0
    (tmp_path / "photos").mkdir()
    settings = settings_for(mosquitto, tmp_path, spool_dir=small_disk / "spool", camera="watch")
    receiver_connection = mosquitto.connection("reconstructor")
    async with receiving(receiver_connection, ReconstructorPresence.READY) as receiver, running(settings):
        health = await until(mosquitto, AgentHealth, lambda each: each.stored_count == 4)
    assert sorted(receiver.content_by_id) == waiting
    assert health.spool_count == 0
    assert psutil.disk_usage(str(small_disk)).free >= MIB // 2


HUNG_ONCE = """
import io, pathlib, sys, time
from PIL import Image
from edge_agent.photograph import Photograph
from edge_agent.cameras.camera import CameraExhaustedError
from edge_agent.cameras import child

flag = pathlib.Path(sys.argv[1])

class Camera:
    def __init__(self, first):
        self.number = first
    def capture(self):
        if self.number == 2 and not flag.exists():
            flag.touch()
            time.sleep(600)
        if self.number == 4:
            raise CameraExhaustedError("that was all")
        self.number += 1
        out = io.BytesIO()
        Image.new("RGB", (64, 48), (self.number * 20, 90, 90)).save(out, "JPEG")
        return Photograph(content=out.getvalue(), content_type="image/jpeg")
    def close(self):
        pass

child.open_camera = lambda plan: Camera(plan.first)
child.main()
"""


async def test_a_hung_camera_costs_one_shot_and_one_restart_counted_in_health(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "child.py").write_text(HUNG_ONCE)
    command = (sys.executable, str(tmp_path / "child.py"), str(tmp_path / "hung"))
    monkeypatch.setattr("edge_agent.cameras.watched.CHILD_COMMAND", command)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    settings = settings_for(mosquitto, tmp_path, camera="simulated", shot_timeout_s=3.0)
    async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
        await asyncio.wait_for(agent.run(settings, asyncio.Event()), 60)
    health = await until(mosquitto, AgentHealth, lambda each: each.stored_count == 4)
    assert (health.camera_restart_count, health.captured_count) == (1, 4)
    assert "did not answer within 3 s: it is started again" in (health.last_error or "")
    assert len(receiver.content_by_id) == 4


async def test_a_rig_with_a_thousand_photographs_in_its_spool_stays_small(mosquitto: Mosquitto, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with Spool(tmp_path / "spool", RIG) as spool:
        for number in range(1000):
            spool.add(Photograph(content=number.to_bytes(4, "big") * 3000, content_type="image/jpeg"))
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
        async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
            await receiver.wait_for(100, 40)
            while_sending = psutil.Process(process.pid).memory_info().rss
            await receiver.wait_for(300, 60)
        assert max(while_sending, psutil.Process(process.pid).memory_info().rss) < LIMIT_BYTES
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 60)


async def test_an_empty_broker_has_everything_retained_again(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 1)
    space = mosquitto.plan.space
    models: dict[str, type[Message]] = {
        space.topic(PROJECT, AGENT_STATE.template, agent=RIG): AgentState,
        space.topic(PROJECT, AGENT_DESCRIPTION.template, agent=RIG): AgentDescription,
        space.topic(PROJECT, AGENT_HEALTH.template, agent=RIG): AgentHealth,
        space.topic(PROJECT, REPORTED_SETTINGS.template, agent=RIG): ReportedSettings,
    }
    async with running(settings_for(mosquitto, tmp_path, camera="watch")):
        await until(mosquitto, AgentHealth, lambda each: each.captured_count == 1)
        mosquitto.kill()
        for path in mosquitto.plan.data_dir.glob("mosquitto.db*"):
            path.unlink()
        mosquitto.start()
        missing = set(models)
        async with asyncio.timeout(30), follow(mosquitto.connection("ops")) as follower:
            await follower.subscribe(*models)
            async for message in follower.messages():
                decode(message.payload, models[message.topic])
                missing.discard(message.topic)
                if not missing:
                    break


async def test_a_cloned_card_is_noticed_and_said(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 1)
    twin = settings_for(mosquitto, tmp_path, camera="watch", spool_dir=tmp_path / "clone")
    async with running(settings_for(mosquitto, tmp_path, camera="watch")), running(twin):
        health = await until(mosquitto, AgentHealth, lambda each: "name_contested" in each.alarms, 60)
    assert health.agent == RIG


async def test_of_two_rigs_with_one_card_the_copy_gives_up_in_words(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photographs(tmp_path / "photos", 1)
    monkeypatch.setattr("broker.clients.backoff.UNCONTESTED_AFTER_S", 3.0)
    machine = iter(["pi-1", "pi-2", "pi-2"])
    monkeypatch.setattr("edge_agent.agent.hardware_id", lambda: next(machine))
    first = settings_for(mosquitto, tmp_path, camera="watch")
    copy = settings_for(mosquitto, tmp_path, camera="watch", spool_dir=tmp_path / "clone")
    async with running(first):
        health = await until(mosquitto, AgentHealth, lambda each: each.captured_count == 1)
        shutil.copytree(tmp_path / "spool", tmp_path / "clone")
        with pytest.raises(ClonedRigError, match=r"rig-north.*cairn edge join"):
            await asyncio.wait_for(agent.run(copy, asyncio.Event()), 60)
        began_s = time.monotonic()
        with pytest.raises(ClonedRigError):  # its service starts it again: it does not disturb the first one any more
            await agent.run(copy, asyncio.Event())
        assert time.monotonic() - began_s < 5
        health = await until(mosquitto, AgentHealth, lambda each: "name_contested" not in each.alarms, 60)
    assert health.captured_count == 1


async def test_a_retained_command_is_refused_in_words(mosquitto: Mosquitto, tmp_path: Path) -> None:
    write_photographs(tmp_path / "photos", 1)
    space = mosquitto.plan.space
    command = Command.model_validate(
        {
            "type": "command",
            "project": PROJECT,
            "id": "old",
            "verb": "pause",
            "deadline_at": now_utc() + timedelta(hours=1),
        }
    )
    replies = space.filter(COMMAND_REPLY.template, PROJECT, agent=RIG)
    async with Delivery(mosquitto.connection("ops"), client_id="ops", subscriptions=(replies,)) as operator:
        await operator.wait_connected(30)
        topic = space.topic(PROJECT, COMMAND.template, agent=RIG)
        await operator.publish(Outgoing(topic=topic, payload=command.encode(), is_retained=True))
        async with running(settings_for(mosquitto, tmp_path, camera="watch")):
            incoming = await asyncio.wait_for(anext(operator.messages()), 60)
    reply = decode(incoming.payload, CommandReply)
    assert (reply.is_done, reply.code) == (False, "command_retained")


async def test_desired_settings_are_followed_reported_and_kept_over_a_restart(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    write_photographs(tmp_path / "photos", 1)
    space = mosquitto.plan.space
    change = DesiredSettings(
        project=PROJECT, version=3, settings=AgentSettings(interval_s=7.5, is_gps_stripped=True, jpeg_quality=80)
    )
    reports = space.topic(PROJECT, REPORTED_SETTINGS.template, agent=RIG)

    async def reported(version: int) -> ReportedSettings:
        async with asyncio.timeout(30), follow(mosquitto.connection("ops")) as follower:
            await follower.subscribe(reports)
            async for message in follower.messages():
                report = decode(message.payload, ReportedSettings)
                if report.version == version:
                    return report
        raise AssertionError("the connection ended")

    async with Delivery(mosquitto.connection("ops"), client_id="ops") as operator:
        await operator.wait_connected(30)
        async with running(settings_for(mosquitto, tmp_path, camera="watch")):
            assert (await reported(0)).settings.interval_s is None
            topic = space.topic(PROJECT, DESIRED_SETTINGS.template, agent=RIG)
            await operator.publish(Outgoing(topic=topic, payload=change.encode(), is_retained=True))
            with capture_logs() as logs:
                report = await reported(3)
                async with asyncio.timeout(30):
                    while not any(each["event"] == "settings_changed" for each in logs):
                        await asyncio.sleep(0.02)
    assert (report.settings.interval_s, report.settings.is_gps_stripped) == (7.5, True)
    assert [each.field for each in report.refused] == ["jpeg_quality"]
    with Spool(tmp_path / "spool", RIG) as spool:
        assert (spool.recall(SpoolKey.LAST_GOOD_SETTINGS) or "").startswith("3 ")
