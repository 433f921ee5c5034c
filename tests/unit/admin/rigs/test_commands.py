"""Which settings does the next change of a rig carry, and whose answers are read?"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from admin.rigs.commands import Rig, _replies
from broker.ids import AgentId, ProjectId, RequestId
from broker.live import Follower, LiveMessage
from broker.rig_messages import AgentSettings, CommandReply, DesiredSettings, ReportedSettings

CHAPEL, NORTH = ProjectId("chapel"), AgentId("rig-north")


def rig(*, reported: int | None = None, desired: int | None = None) -> Rig:
    settings = AgentSettings(interval_s=10.0, is_gps_stripped=True)
    return Rig(
        name=NORTH,
        settings=ReportedSettings(project=CHAPEL, agent=NORTH, version=reported, settings=AgentSettings())
        if reported is not None
        else None,
        desired=DesiredSettings(project=CHAPEL, version=desired, settings=settings) if desired is not None else None,
    )


@pytest.mark.parametrize(
    ("known", "version", "is_carried"),
    [
        (rig(), 1, False),
        (rig(reported=4), 5, False),
        (rig(reported=4, desired=4), 5, False),  # it follows them already, or has refused them
        (rig(reported=4, desired=5), 6, True),
        (rig(desired=1), 2, True),
    ],
)
def test_what_a_rig_has_not_followed_yet_goes_along(known: Rig, version: int, is_carried: bool) -> None:
    wishes = AgentSettings(interval_s=20.0)
    both = AgentSettings(interval_s=20.0, is_gps_stripped=True)
    assert known.next_settings(wishes) == (version, both if is_carried else wishes)


async def test_an_answer_that_cannot_be_read_hides_no_other() -> None:
    reply = CommandReply(project=CHAPEL, id=RequestId("c1"), agent=NORTH, is_done=True)
    topic = "cairn/v1/chapel/agent/rig-north/reply/c1"
    payloads = [b"{}", reply.model_dump_json(by_alias=True).encode()]

    class Answers:
        async def next_message(self, _timeout_s: float) -> LiveMessage:
            return LiveMessage(topic=topic, payload=payloads.pop(0), is_retained=False)

    until = datetime.now(UTC) + timedelta(seconds=10)
    replies: AsyncIterator[CommandReply] = _replies(cast(Follower, Answers()), until, lambda: bool(payloads))
    assert [each.agent async for each in replies] == [NORTH]
