"""How far is a rig's clock from the reconstructor's?"""

from datetime import UTC, datetime, timedelta

import pytest

from broker.ids import ProjectId, RequestId, Verb
from broker.messages import Response
from edge_agent.doctor import clock_ahead_s


@pytest.mark.parametrize("ahead_s", [0.0, 60.0, -60.0])
def test_the_reconstructors_stamp_lies_in_the_middle_of_the_round_trip(ahead_s: float) -> None:
    there = datetime(2026, 11, 28, 12, tzinfo=UTC)
    response = Response(
        project=ProjectId("chapel"),
        id=RequestId("a"),
        verb=Verb.PING,
        is_done=True,
        request_sent_at=there + timedelta(seconds=ahead_s - 0.5),  # half a second of way
        received_at=there,
    )
    assert clock_ahead_s(response, 1.0) == pytest.approx(ahead_s)
