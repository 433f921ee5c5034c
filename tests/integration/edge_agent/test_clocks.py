"""A rig whose clock is wrong: photographs keep their order and all arrive, commands are judged by its clock and in words."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import edge_agent
from broker.contract import COMMAND, COMMAND_REPLY
from broker.delivery import Delivery
from broker.envelope import decode
from broker.ids import ImageId
from broker.messages import ReconstructorPresence
from broker.mosquitto import Mosquitto
from broker.outgoing import Outgoing
from broker.rig_messages import AgentHealth, Command, CommandReply
from edge_agent.photograph import now_utc
from edge_agent.spool.index import SpoolKey
from edge_agent.spool.spool import Spool
from tests.integration.edge_agent.receiver import PROJECT, receiving
from tests.integration.edge_agent.rig import RIG, running, settings_for, until, until_online, write_photographs

WITHOUT_CLOCK = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)


class RigClock:
    """What every module of the agent takes for the time; ops keep the true one."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now_utc() + self.ahead

    def set(self, instant: datetime) -> None:
        self.ahead = instant - now_utc()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> RigClock:
    clock = RigClock()
    for name in (
        "photograph",
        "control.commands",
        "clock",
        "control.health",
        "cameras.picamera",
    ):
        monkeypatch.setattr(f"{edge_agent.__name__}.{name}.now_utc", clock)
    return clock


class Ops:
    """Gives orders by the true clock and hears the replies."""

    def __init__(self, mosquitto: Mosquitto) -> None:
        self._space = mosquitto.plan.space
        replies = self._space.filter(COMMAND_REPLY.template, PROJECT, agent=RIG)
        self.delivery = Delivery(mosquitto.connection("ops"), client_id="ops", subscriptions=(replies,))
        self._number = 0

    async def order(self, verb: str, *, capture_at: datetime | None = None) -> CommandReply:
        self._number += 1
        command = Command.model_validate(
            {
                "type": "command",
                "project": PROJECT,
                "id": f"c{self._number}",
                "verb": verb,
                "deadline_at": now_utc() + timedelta(seconds=30),
                "capture_at": capture_at,
            }
        )
        topic = self._space.topic(PROJECT, COMMAND.template, agent=RIG)
        await self.delivery.publish(Outgoing(topic=topic, payload=command.encode()))
        async with asyncio.timeout(30):
            async for incoming in self.delivery.messages():
                incoming.acknowledge()
                reply = decode(incoming.payload, CommandReply)
                if reply.id == command.id:
                    return reply
        raise AssertionError("no reply")


def hours(count: float) -> Callable[[RigClock], None]:
    return lambda clock: clock.set(now_utc() + timedelta(hours=count))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (hours(1), hours(0)),
        (hours(-1), hours(0)),
        (lambda clock: clock.set(WITHOUT_CLOCK), hours(0)),
    ],
    ids=["an hour ahead and set back", "an hour behind and set forward", "no clock, then NTP"],
)
async def test_photographs_keep_their_order_and_arrive_whatever_the_clock_does(
    mosquitto: Mosquitto,
    tmp_path: Path,
    clock: RigClock,
    before: Callable[[RigClock], None],
    after: Callable[[RigClock], None],
) -> None:
    write_photographs(tmp_path / "photos", 6)
    before(clock)
    async with running(settings_for(mosquitto, tmp_path, interval_s=0.2)) as task:
        await until(mosquitto, AgentHealth, lambda each: each.captured_count >= 2)
        after(clock)  # the clock jumps while photographs wait
        health = await until(mosquitto, AgentHealth, lambda each: each.captured_count == 6)
        assert health.spool_count == 6
        assert health.spool_oldest_s is not None
        assert health.spool_oldest_s >= 0
        async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
            await asyncio.wait_for(asyncio.shield(task), 30)
    photographs = [(tmp_path / "photos" / f"img_{number}.jpg").read_bytes() for number in range(6)]
    in_order = sorted(receiver.content_by_id)
    assert [receiver.content_by_id[name] for name in in_order] == photographs
    assert [ImageId(name).sequence for name in in_order] == [1, 2, 3, 4, 5, 6]


async def test_a_reboot_without_a_clock_goes_on_counting_where_it_was(
    mosquitto: Mosquitto, tmp_path: Path, clock: RigClock
) -> None:
    write_photographs(tmp_path / "photos", 2)
    async with running(settings_for(mosquitto, tmp_path, camera="watch")):
        await until(mosquitto, AgentHealth, lambda each: each.captured_count == 2)
    clock.set(WITHOUT_CLOCK)  # its battery is empty: the photographs of the last run are from the future
    write_photographs(tmp_path / "more", 3)
    (tmp_path / "more" / "img_2.jpg").rename(tmp_path / "photos" / "img_2.jpg")
    async with running(settings_for(mosquitto, tmp_path, camera="watch")):
        health = await until(mosquitto, AgentHealth, lambda each: each.captured_count == 3)
        assert health.spool_oldest_s is not None
        assert health.spool_oldest_s >= 0
        async with receiving(mosquitto.connection("reconstructor"), ReconstructorPresence.READY) as receiver:
            await receiver.wait_for(3)
    assert [ImageId(name).sequence for name in sorted(receiver.content_by_id)] == [1, 2, 3]
    with Spool(tmp_path / "spool", RIG) as spool:
        assert {ImageId(name).session for name in receiver.content_by_id} == {spool.session}


async def test_commands_are_judged_by_the_rigs_clock_and_the_reply_says_so(
    mosquitto: Mosquitto, tmp_path: Path, clock: RigClock
) -> None:
    write_photographs(tmp_path / "photos", 1)
    ops = Ops(mosquitto)
    async with ops.delivery, running(settings_for(mosquitto, tmp_path, camera="watch")):
        await ops.delivery.wait_connected(30)
        await until_online(mosquitto)
        hours(1)(clock)
        refused = await ops.order("pause")
        assert (refused.is_done, refused.code) == (False, "command_too_late")
        assert "by this rig's clock" in (refused.reason or "")
        hours(-1)(clock)
        assert (await ops.order("pause")).is_done
        clock.set(WITHOUT_CLOCK)
        assert (await ops.order("resume")).is_done


async def test_an_appointment_is_kept_when_the_clock_is_set_meanwhile(
    mosquitto: Mosquitto, tmp_path: Path, clock: RigClock
) -> None:
    write_photographs(tmp_path / "photos", 1)
    with Spool(tmp_path / "spool", RIG) as spool:
        spool.remember(SpoolKey.IS_PAUSED, "yes")
    clock.set(WITHOUT_CLOCK)
    ops = Ops(mosquitto)
    async with ops.delivery, running(settings_for(mosquitto, tmp_path)):
        await ops.delivery.wait_connected(30)
        await until_online(mosquitto)
        assert (await ops.order("capture_at", capture_at=now_utc() + timedelta(seconds=2))).is_done
        await asyncio.sleep(0.5)
        hours(0)(clock)  # NTP: fifty years go by at once
        health = await until(mosquitto, AgentHealth, lambda each: each.captured_count == 1, 10)
    assert health.captured_count == 1
