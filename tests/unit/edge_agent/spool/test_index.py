import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.ids import AgentId, ProjectId
from broker.messages import ReceiptStatus, UploadAcknowledged
from edge_agent.photograph import Photograph
from edge_agent.spool.errors import SpoolError
from edge_agent.spool.index import SpoolCounts, SpooledImage, SpoolKey, SpoolState
from edge_agent.spool.spool import Spool

RIG = AgentId("rig-north")


def photograph(number: int) -> Photograph:
    return Photograph(content=f"photo {number}".encode() * 100, content_type="image/jpeg")


def receipt(image: SpooledImage, status: ReceiptStatus) -> UploadAcknowledged:
    return UploadAcknowledged(
        project=ProjectId("chapel"), status=status, image_name=image.image_id, image_id=image.image_id
    )


def make_old(folder: Path) -> None:
    """Write a spool back into the form of an older program."""
    with Spool(folder, RIG) as spool:
        spool.remember(SpoolKey.CAMERA_MODEL, "imx708")
        for seed in (1, 2):
            spool.add(photograph(seed))
    connection = sqlite3.connect(folder / "index.sqlite")
    with connection:
        for part in ("TRIGGER count_new_image", "TRIGGER count_new_state", "TABLE state_count"):
            connection.execute(f"DROP {part}")
        connection.execute("ALTER TABLE setting RENAME TO word")
        connection.execute("UPDATE image SET state = 'aside' WHERE sequence = 1")
        connection.execute("UPDATE image SET state = 'thinned' WHERE sequence = 2")
        for name in ("destination_id", "capture_id"):
            connection.execute(f"ALTER TABLE image DROP COLUMN {name}")
    connection.close()


def test_a_spool_of_an_older_program_keeps_its_settings_and_states(tmp_path: Path) -> None:
    make_old(tmp_path)
    assert Spool.read_only(tmp_path).recall(SpoolKey.CAMERA_MODEL) == "imx708"
    assert Spool.read_only(tmp_path).counts().captured_count == 2
    with Spool(tmp_path, RIG) as spool:
        assert spool.recall(SpoolKey.CAMERA_MODEL) == "imx708"
        assert (spool.counts().quarantined_count, spool.counts().evicted_count) == (1, 1)
    assert Spool.read_only(tmp_path).recall(SpoolKey.CAMERA_MODEL) == "imx708"


def test_a_spool_is_read_beside_the_agent_that_uses_it(tmp_path: Path) -> None:
    with Spool(tmp_path, RIG) as spool:
        spool.add(photograph(1))
        beside = Spool.read_only(tmp_path)
        assert beside.counts() == spool.counts()
        assert beside.recall(SpoolKey.SESSION) == spool.session


def test_a_folder_without_a_spool_reads_as_empty_and_stays_empty(tmp_path: Path) -> None:
    beside = Spool.read_only(tmp_path)
    assert beside.counts().captured_count == 0
    assert beside.recall(SpoolKey.SESSION) is None
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_cannot_be_read_is_an_error_of_the_spool(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").write_bytes(b"no database" * 500)
    with pytest.raises(SpoolError):
        Spool.read_only(tmp_path).counts()


def test_counts_follow_every_change_of_state(tmp_path: Path) -> None:
    with Spool(tmp_path, RIG) as spool:
        first, second, third = (spool.add(photograph(number)) for number in range(3))
        spool.add(photograph(3), state=SpoolState.QUARANTINED)
        spool.settle(receipt(first, ReceiptStatus.STORED), first.image_id)
        spool.settle(receipt(second, ReceiptStatus.REJECTED), second.image_id)
        counts = spool.counts()
    assert (counts.captured_count, counts.waiting_count, counts.waiting_bytes) == (4, 1, third.size_bytes)
    assert (counts.stored_count, counts.rejected_count, counts.quarantined_count) == (1, 1, 1)
    assert Spool.read_only(tmp_path).counts() == counts


def test_an_age_is_never_negative_and_unknown_when_the_clock_was_never_set() -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    counts = SpoolCounts.nothing()
    assert counts.oldest_s(now) is None
    assert replace(counts, oldest_at=now - timedelta(hours=1)).oldest_s(now) == 3600
    assert replace(counts, oldest_at=now + timedelta(days=900)).oldest_s(now) == 0
    assert replace(counts, oldest_at=datetime(1970, 1, 1, 0, 5, tzinfo=UTC)).oldest_s(now) is None


def test_status_reads_the_spool_of_a_program_that_knew_no_previews(tmp_path: Path) -> None:
    with Spool(tmp_path, RIG) as spool:
        spool.add(photograph(1))
    connection = sqlite3.connect(tmp_path / "index.sqlite")
    with connection:
        connection.execute("DROP TABLE preview")
    connection.close()
    counts = Spool.read_only(tmp_path).counts()
    assert (counts.waiting_count, counts.previewed_count) == (1, 0)
