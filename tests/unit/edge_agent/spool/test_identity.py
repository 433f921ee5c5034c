from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.ids import AgentId
from edge_agent.spool.identity import CloneCheck, ClonedRigError
from edge_agent.spool.spool import Spool

RIG = AgentId("rig-north")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool", RIG) as spool:
        CloneCheck(spool, RIG, "pi-1").check()
        yield spool


def test_the_first_machine_is_never_refused(spool: Spool) -> None:
    first = CloneCheck(spool, RIG, "pi-1")
    first.contested()  # must not raise
    first.check()  # must not raise


def test_a_card_that_moved_works_while_its_name_is_not_contested(spool: Spool) -> None:
    # must not raise
    CloneCheck(spool, RIG, "pi-2").check()  # must not raise


def test_a_copy_gives_up_and_stays_away_until_it_has_a_name_of_its_own(spool: Spool) -> None:
    with pytest.raises(ClonedRigError, match="cairn edge join"):
        CloneCheck(spool, RIG, "pi-2").contested()
    with pytest.raises(ClonedRigError):
        CloneCheck(spool, RIG, "pi-2").check()
    CloneCheck(spool, AgentId("rig-south"), "pi-2").check()
    CloneCheck(spool, RIG, "pi-1").check()


def test_a_machine_that_cannot_be_told_apart_is_not_refused(spool: Spool) -> None:
    # must not raise
    CloneCheck(spool, RIG, "").contested()  # must not raise
