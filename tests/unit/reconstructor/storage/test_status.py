"""The figures of a stored project, read beside a running service."""

from pathlib import Path

import pytest

from broker.ids import ProjectId
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.status import read_status
from reconstructor.storage.store import Store
from tests.unit.reconstructor.storage.new_images import add


def test_a_project_in_use_can_be_looked_at(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=2)
    add(store, 2)
    status = read_status(tmp_path / "chapel", ProjectId("chapel"))
    assert (status.images, status.images_by_state) == (2, {"queued": 2})
    assert status.jobs_by_state == {"queued": 3}
    assert status.generation is None
    store.close()


def test_a_project_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no project 'chapel'"):
        read_status(tmp_path / "chapel", ProjectId("chapel"))


def test_a_database_that_is_none_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(StoreError, match="cannot be read"):
        read_status(tmp_path, ProjectId("chapel"))
