from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.ids import AgentId
from edge_agent.cameras.camera import CameraError, CameraExhaustedError, CameraUnusableError
from edge_agent.cameras.folder import FolderAwayError, FolderMissingError
from edge_agent.capture.camera_errors import CameraErrors
from edge_agent.capture.counters import Counters
from edge_agent.spool.spool import Spool
from tests.unit.edge_agent.spooled import photograph


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path, AgentId("rig-north")) as spool:
        yield spool


@pytest.mark.parametrize(
    ("error", "is_final"),
    [
        (CameraError("no light"), False),
        (CameraExhaustedError("that was all"), True),
        (CameraUnusableError("not installed"), True),
        (FolderMissingError("is not a folder"), True),
        (FolderAwayError("is not there"), False),
    ],
)
def test_only_what_no_retry_mends_ends_the_agent(spool: Spool, error: CameraError, *, is_final: bool) -> None:
    spool.destinations.remove([spool.add(photograph(1))])
    assert CameraErrors(spool, Counters()).is_final(error) is is_final


def test_a_missing_folder_is_waited_for_when_photographs_waited_at_the_start(spool: Spool) -> None:
    counters = Counters()
    image = spool.add(photograph(1))
    errors = CameraErrors(spool, counters)
    assert not errors.is_final(FolderMissingError("is not a folder"))
    assert counters.alarms == {"folder_missing"}
    spool.destinations.remove([image])
    assert not errors.is_final(FolderMissingError("is not a folder"))
    errors.note_success()
    assert counters.alarms == set()


def test_a_folder_that_was_there_once_is_waited_for(spool: Spool) -> None:
    errors = CameraErrors(spool, Counters())
    errors.note_success()
    assert not errors.is_final(FolderMissingError("is not a folder"))
