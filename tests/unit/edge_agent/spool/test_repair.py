"""The start of a spool: which files are read then, and what a disk that fails costs."""

import errno
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from broker.ids import AgentId, ImageId
from broker.messages import ReceiptStatus
from edge_agent.spool.errors import PhotographLostError
from edge_agent.spool.index import SpoolState
from edge_agent.spool.spool import Spool
from tests.unit.edge_agent.spooled import photograph, receipt

RIG = AgentId("rig-north")


@pytest.fixture
def read_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were opened for reading, in order."""
    names: list[str] = []
    watch_opening(monkeypatch, names.append)
    return names


def watch_opening(monkeypatch: pytest.MonkeyPatch, note: Callable[[str], None]) -> None:
    opening = Path.open

    def watched(path: Path, *arguments: Any, **named: Any) -> Any:
        if path.parent.name == "images":
            note(path.name)
        return opening(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", watched)


def refuse(*unreadable: ImageId) -> Callable[[str], None]:
    """A disk with bad sectors in the files of these photographs."""

    def note(name: str) -> None:
        if name.startswith(unreadable):
            raise OSError(errno.EIO, "Input/output error", name)

    return note


def test_a_start_reads_no_photograph_that_the_index_knows(tmp_path: Path, read_names: list[str]) -> None:
    with Spool(tmp_path, RIG) as spool:
        first, *_ = (spool.add(photograph(number)) for number in range(3))
        spool.settle(receipt(first.image_id, ReceiptStatus.REJECTED), first.image_id)
        spool.add(photograph(9), state=SpoolState.QUARANTINED)
    with Spool(tmp_path, RIG) as spool:
        assert read_names == []
        assert spool.counts().waiting_count == 2


def test_a_stored_photograph_whose_file_is_still_there_is_deleted_unread(tmp_path: Path, read_names: list[str]) -> None:
    with Spool(tmp_path, RIG) as spool:
        image = spool.add(photograph(1))
        spool.settle(receipt(image.image_id), image.image_id)
    (tmp_path / "images" / f"{image.image_id}.jpg").write_bytes(photograph(1).content)
    read_names.clear()
    Spool(tmp_path, RIG).close()
    assert list((tmp_path / "images").iterdir()) == []
    assert read_names == []


def test_one_file_that_cannot_be_read_does_not_end_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Spool(tmp_path, RIG) as spool:
        bad, good = (spool.add(photograph(number)).image_id for number in (1, 2))
    for path in tmp_path.glob("index.sqlite*"):
        path.write_bytes(b"not a database" * 100)
    with monkeypatch.context() as patch:
        watch_opening(patch, refuse(bad))
        with Spool(tmp_path, RIG) as spool:
            assert [each.image_id for each in spool.waiting(9)] == [good]
    with Spool(tmp_path, RIG) as spool:  # the disk answers again
        assert {each.image_id for each in spool.waiting(9)} == {bad, good}


def test_a_file_that_the_disk_cannot_read_is_lost_alone_and_waits_again_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Spool(tmp_path, RIG) as spool:
        bad, good = (spool.add(photograph(number)) for number in (1, 2))
        with monkeypatch.context() as patch:
            watch_opening(patch, refuse(bad.image_id))
            with pytest.raises(PhotographLostError, match="the disk cannot read"):
                spool.read(bad)
        assert spool.waiting(9) == [good]
        assert spool.counts().lost_count == 1
    with monkeypatch.context() as patch:
        watch_opening(patch, refuse(bad.image_id))
        with Spool(tmp_path, RIG) as spool:
            assert spool.waiting(9) == [good]
    with Spool(tmp_path, RIG) as spool:
        assert spool.waiting(9) == [bad, good]
        assert spool.read(bad) == photograph(1).content


def test_a_lost_photograph_whose_file_is_damaged_stays_lost(tmp_path: Path) -> None:
    with Spool(tmp_path, RIG) as spool:
        image = spool.add(photograph(1))
        (tmp_path / "images" / f"{image.image_id}.jpg").write_bytes(b"zeroes")
        with pytest.raises(PhotographLostError):
            spool.read(image)
    with Spool(tmp_path, RIG) as spool:
        assert (spool.waiting(9), spool.counts().lost_count) == ([], 1)


def test_an_index_made_again_keeps_the_order_of_sessions_by_the_age_of_their_files(tmp_path: Path) -> None:
    with Spool(tmp_path, RIG):
        """Make the folders."""
    (tmp_path / "index.sqlite").unlink()
    ids = [
        ImageId.build(session=session, sequence=sequence, sha256=sha256(photograph(number).content).hexdigest())
        for number, (session, sequence) in enumerate([("rig-north-b", 7), ("rig-north-b", 999_999), ("rig-north-a", 1)])
    ]
    for number, image_id in enumerate(ids):
        path = tmp_path / "images" / f"{image_id}.jpg"
        path.write_bytes(photograph(number).content)
        os.utime(path, (1e9 + number, 1e9 + number))
    with Spool(tmp_path, RIG) as spool:
        assert [each.image_id for each in spool.waiting(9)] == ids
        latest = spool.add(photograph(9)).image_id
        assert [each.image_id for each in spool.waiting(9)] == [*ids, latest]


def test_a_photograph_whose_file_is_gone_at_the_start_is_lost(tmp_path: Path) -> None:
    with Spool(tmp_path, RIG) as spool:
        image = spool.add(photograph(1))
    (tmp_path / "images" / f"{image.image_id}.jpg").unlink()
    with Spool(tmp_path, RIG) as spool:
        assert (spool.waiting(9), spool.counts().lost_count) == ([], 1)
