"""A stored project read beside a running service."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.store import Store
from tests.photographs import photograph
from tests.unit.reconstructor.storage.new_images import add, new_image


def test_a_project_without_points_has_images_and_no_manifest(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=2)
    add(store, 1)
    read = Store.read_only(store.folder)
    assert read.images_by_state() == {"queued": 1}
    assert (read.reference(), read.cameras()) == (None, ())
    add(store, 2)  # the writer goes on meanwhile
    assert read.images_by_state() == {"queued": 2}
    store.close()


def test_an_images_file_is_the_preview_until_its_original_is_there(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=2)
    original = photograph(1)
    image, _ = store.add_preview(replace(new_image(original), sha256=None, suffix=".webp"), b"preview")
    read = Store.read_only(store.folder)
    assert read.image_path(image.image_id) == store.folder / f"previews/{image.image_id}.webp"
    store.add_image(new_image(original), original)
    assert read.image_path(image.image_id) == store.folder / f"images/{image.image_id}.jpg"
    assert read.image_path("another") is None
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
