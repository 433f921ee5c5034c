"""When is a month over? Not while a photograph waits on a rig, even one that came after the last look at it."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from benchmarks.month.clock import Pace
from benchmarks.month.stage import REFETCH_EVERY, Rig, Stage
from benchmarks.month.supervisor import Unit
from broker.ids import AgentId, ImageId
from broker.messages import ReceiptStatus, UploadAcknowledged
from edge_agent.photograph import Photograph
from edge_agent.spool.spool import Spool
from reconstructor.storage.store import Store

CONTENT = b"a photograph"


class Agent(Unit):
    """A unit whose camera has a photograph in hand when it is stopped for the first time."""

    def __init__(self, rig: Rig, in_hand: Photograph | None) -> None:
        super().__init__((), {}, rig.disk.folder / "agent.log")
        self._rig, self._in_hand = rig, in_hand
        self.start_count = 0

    def start(self, extra: dict[str, str] | None = None) -> None:
        self.start_count += 1

    def stop(self) -> None:
        with Spool(self._rig.spool, AgentId(self._rig.name)) as spool:
            if self._in_hand is not None:
                spool.add(self._in_hand)
        self._in_hand = None


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, Pace(began_s=0.0, speed=1.0), seed=1)
    try:
        Store(made.store_folder, refetch_every=REFETCH_EVERY).close()
        yield made
    finally:
        made.close()


def test_a_photograph_that_was_under_way_when_all_looked_done_is_waited_for(stage: Stage) -> None:
    late = Photograph(content=CONTENT, content_type="image/jpeg", captured_at=datetime.now(UTC), file_name="late.jpg")
    agents = [Agent(rig, in_hand) for rig, in_hand in zip(stage.rigs, (late, None), strict=True)]
    for rig, agent in zip(stage.rigs, agents, strict=True):
        rig.unit = agent
        Spool(rig.spool, AgentId(rig.name)).close()
    assert stage.is_idle()
    assert not stage.end_rigs()
    assert [agent.start_count for agent in agents] == [1, 1]
    assert not stage.is_idle()
    _receive_all(stage.rigs[0])
    assert stage.end_rigs()
    assert [agent.start_count for agent in agents] == [1, 1]


def test_a_photograph_without_a_row_waits_too(stage: Stage) -> None:
    rig = stage.rigs[0]
    with Spool(rig.spool, AgentId(rig.name)) as spool:
        image_id = ImageId.build(session=spool.session, sequence=1, sha256=sha256(CONTENT).hexdigest())
    (rig.spool / "images" / f"{image_id}.jpg").write_bytes(CONTENT)
    assert rig.waiting_count() == 1


def _receive_all(rig: Rig) -> None:
    with contextlib.closing(Spool(rig.spool, AgentId(rig.name))) as spool:
        for image in spool.waiting(9):
            name = image.image_id
            receipt = UploadAcknowledged(
                project="month", status=ReceiptStatus.STORED, image_name=name, image_id=name, image_number=1
            )
            spool.settle(receipt, name)
