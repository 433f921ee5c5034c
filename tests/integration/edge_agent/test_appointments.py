"""Commands for an instant, to the real agent: each ends in a report, also after a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from broker.contract import COMMAND, COMMAND_REPLY
from broker.envelope import decode
from broker.ids import ProjectId, RequestId
from broker.live import Follower, follow
from broker.messages import ReconstructorPresence
from broker.mosquitto import Mosquitto
from broker.rig_messages import AgentHealth, Command, CommandReply
from edge_agent.capture import request
from edge_agent.clock import Clock
from edge_agent.control import appointments
from edge_agent.photograph import now_utc
from edge_agent.spool.index import SpoolKey
from edge_agent.spool.spool import Spool
from tests.integration.edge_agent.receiver import PROJECT, receiving
from tests.integration.edge_agent.rig import RIG, running, settings_for, until, until_settled, write_photographs


class Operator:
    """Gives commands for an instant, and hears the replies."""

    def __init__(self, follower: Follower, mosquitto: Mosquitto) -> None:
        self._follower, self._space = follower, mosquitto.plan.space

    async def order(self, name: str, at: datetime, **fields: object) -> None:
        values = {"project": PROJECT, "id": name, "verb": "capture_at", "capture_at": at, **fields}
        command = Command.model_validate(
            {"deadline_at": now_utc() + timedelta(seconds=30), "type": "command", **values}
        )
        await self._follower.publish(COMMAND.outgoing(self._space, ProjectId(PROJECT), command, agent=RIG))

    async def hear(self, name: str) -> CommandReply:
        """The next reply to a command."""
        async with asyncio.timeout(30):
            async for message in self._follower.messages():
                reply = decode(message.payload, CommandReply)
                if reply.id == name:
                    return reply
        raise AssertionError("no reply")


@asynccontextmanager
async def operator(mosquitto: Mosquitto) -> AsyncIterator[Operator]:
    async with follow(mosquitto.connection("ops")) as follower:
        await follower.subscribe(mosquitto.plan.space.filter(COMMAND_REPLY.template, PROJECT, agent=RIG))
        yield Operator(follower, mosquitto)


async def test_a_rig_says_that_it_waits_and_later_what_it_took(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appointments, "is_clock_synchronised", lambda: True)
    monkeypatch.setattr(request, "LATEST_S", 30.0)  # the machine may be slow
    write_photographs(tmp_path / "photos", 2, first=1)
    with Spool(tmp_path / "spool", RIG) as spool:
        spool.remember(SpoolKey.IS_PAUSED, "yes")
    async with (
        receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver,
        operator(mosquitto) as ops,
        running(settings_for(mosquitto, tmp_path)),
    ):
        await until(mosquitto, AgentHealth, lambda _each: True)
        await until_settled(tmp_path / "photos")
        at = now_utc() + timedelta(seconds=1)
        await ops.order("c1", at)
        accepted = await ops.hear("c1")
        assert (accepted.is_done, accepted.report) == (True, None)
        fired = await ops.hear("c1")
        assert fired.is_done
        assert fired.report is not None
        assert fired.report.deviation_s is not None
        assert 0 <= fired.report.deviation_s <= 30
        await receiver.wait_for(1)
        assert tuple(receiver.content_by_id) == fired.report.image_ids
        assert receiver.properties["capture_id"] == fired.report.capture_id == f"at-{at:%Y%m%dt%H%M%S%f}"
        await ops.order("c2", now_utc() - timedelta(minutes=1))
        refused = await ops.hear("c2")
        assert (refused.is_done, refused.code) == (False, "command_too_late")
        monkeypatch.setattr(appointments, "is_clock_synchronised", lambda: False)
        await ops.order("c3", now_utc() + timedelta(minutes=1))
        refused = await ops.hear("c3")
        assert (refused.is_done, refused.code, refused.report) == (False, "clock_not_synchronised", None)


async def test_appointments_survive_a_restart_and_missed_ones_are_reported(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = [timedelta()]  # of the rig's clock
    monkeypatch.setattr(appointments, "now_utc", lambda: now_utc() + ahead[0])
    monkeypatch.setattr(Clock, "now_utc", lambda _self: now_utc() + ahead[0])
    monkeypatch.setattr(request, "LATEST_S", 30.0)  # the machine may be slow
    write_photographs(tmp_path / "photos", 1, first=1)
    with Spool(tmp_path / "spool", RIG) as spool:
        spool.remember(SpoolKey.IS_PAUSED, "yes")
    settings, missed_at = settings_for(mosquitto, tmp_path), now_utc() + timedelta(hours=1)
    kept_at = missed_at + timedelta(hours=1)
    async with (
        receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver,
        operator(mosquitto) as ops,
    ):
        async with running(settings):
            await until(mosquitto, AgentHealth, lambda _each: True)
            for name, at in (("c1", missed_at), ("c2", kept_at)):
                await ops.order(name, at, capture_id=RequestId("front-1"))
                assert (await ops.hear(name)).report is None
        ahead[0] = missed_at + timedelta(minutes=30) - now_utc()
        async with running(settings):
            missed = await ops.hear("c1")
            assert (missed.is_done, missed.code) == (False, "agent_was_down")
            assert missed.report is not None
            assert (missed.report.capture_at, missed.report.fired_at) == (missed_at, None)
            await until_settled(tmp_path / "photos")
            ahead[0] = kept_at - now_utc()
            assert (await ops.hear("c2")).is_done
            await receiver.wait_for(1)
            assert receiver.properties["capture_id"] == "front-1"
            async with asyncio.timeout(20):  # until the broker has every report
                while Spool.read_only(settings.spool_dir).recall(SpoolKey.APPOINTMENTS) != "{}":
                    await asyncio.sleep(0.05)
