"""A stored project read beside a running service."""

import sqlite3
from pathlib import Path

import pytest

from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.store import Store
from tests.unit.reconstructor.storage.new_images import add


def test_a_project_without_points_has_images_and_no_manifest(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=2)
    add(store, 1)
    read = Store.read_only(store.folder)
    assert read.images_by_state() == {"queued": 1}
    assert (read.reference(), read.cameras()) == (None, ())
    add(store, 2)  # the writer goes on meanwhile
    assert read.images_by_state() == {"queued": 2}
    store.close()


def test_a_read_only_store_cannot_be_changed(tmp_path: Path) -> None:
    Store(tmp_path / "chapel", refetch_every=2).close()
    with pytest.raises(StoreError, match="readonly") as refused:
        Store.read_only(tmp_path / "chapel")._rows("DELETE FROM images")
    assert isinstance(refused.value.__cause__, sqlite3.OperationalError)


def test_a_folder_without_a_project_is_refused_and_left_alone(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no project 'chapel'"):
        Store.read_only(tmp_path / "chapel")
    assert list(tmp_path.iterdir()) == []
