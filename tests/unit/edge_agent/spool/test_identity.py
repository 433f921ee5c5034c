from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.ids import AgentId
from edge_agent.spool.identity import ClonedRigError, Original
from edge_agent.spool.spool import Spool

RIG = AgentId("rig-north")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool", RIG) as spool:
        Original(spool, RIG, "pi-1").check()
        yield spool


def test_the_first_machine_is_never_refused(spool: Spool) -> None:
    first = Original(spool, RIG, "pi-1")
    first.contested()
    first.check()


def test_a_card_that_moved_works_while_nobody_contests_its_name(spool: Spool) -> None:
    Original(spool, RIG, "pi-2").check()


def test_a_copy_gives_up_and_stays_away_until_it_has_a_name_of_its_own(spool: Spool) -> None:
    with pytest.raises(ClonedRigError, match="cairn edge join"):
        Original(spool, RIG, "pi-2").contested()
    with pytest.raises(ClonedRigError):
        Original(spool, RIG, "pi-2").check()
    Original(spool, AgentId("rig-south"), "pi-2").check()
    Original(spool, RIG, "pi-1").check()


def test_a_machine_that_cannot_be_told_apart_is_not_refused(spool: Spool) -> None:
    Original(spool, RIG, "").contested()
