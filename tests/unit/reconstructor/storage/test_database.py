"""A migration of the store begins only where its copy has room, however often it is tried."""

import shutil
from pathlib import Path

import pytest

from reconstructor.storage.database import STORE_VERSION, Database
from reconstructor.storage.durable_files import DiskFullError


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A store of version 3."""
    path = tmp_path / "store.sqlite"
    database = Database(path)
    with database.transaction():
        database.change("DROP TABLE annotations")
    database.change("PRAGMA user_version = 3")
    database.close()
    return path


def test_a_migration_on_a_full_disk_writes_nothing_and_is_done_when_there_is_room(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage(older.parent))(1 << 40, (1 << 40) - 4096, 4096)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: usage)
        for _ in range(2):
            with pytest.raises(DiskFullError, match=r"needs .* MiB of room to be migrated"):
                Database(older)
    assert list(older.parent.glob("*-before-migration-*")) == []
    database = Database(older)
    assert database.number("PRAGMA user_version") == STORE_VERSION
    assert len(list(older.parent.glob("*-before-migration-from-3.sqlite"))) == 1
    database.close()
