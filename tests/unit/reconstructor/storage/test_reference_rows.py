"""A change writes the pages that it touches, also in a project of 20,000 shards."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from broker.manifest import CameraEntry, CameraState, camera_pages
from reconstructor.storage.database import STORE_VERSION, Database
from reconstructor.storage.durable_files import StoreError
from reconstructor.storage.reference_set import ReferenceSet
from reconstructor.storage.store import Store
from tests.unit.reconstructor.publishing.entries import PROJECT, entry, reference_of


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "chapel", refetch_every=10)
    yield opened
    opened.close()


def record(store: Store, reference: ReferenceSet) -> None:
    with store._database.transaction():
        store.references.record(reference)


def test_an_increment_writes_its_own_page_only(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = reference_of(entry(index) for index in range(20_000))
    record(store, reference)
    written: list[int] = []
    change = Database.change

    def counting(database: Database, statement: str, *values: object) -> None:
        written.extend(len(value) for value in values if isinstance(value, bytes))
        change(database, statement, *values)

    monkeypatch.setattr(Database, "change", counting)
    grown = reference.with_shards([entry(20_000, image_number=7)]).with_manifest(revision=1, shard_count=20_001)
    record(store, grown)
    assert len(written) == 2  # the manifest and one page
    assert sum(written) < 64_000


def test_20000_shards_are_read_back_and_published_from_the_disk(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=10)
    reference = reference_of(entry(index) for index in range(20_000))
    record(store, reference)
    store.close()
    store = Store(tmp_path / "chapel", refetch_every=10)
    assert store.references.newest() == reference
    assert Store.read_only(tmp_path / "chapel").reference() == reference
    store.close()


def test_fewer_pages_replace_more(store: Store) -> None:
    record(store, reference_of(entry(index) for index in range(200)))
    smaller = reference_of((entry(index) for index in range(70)), revision=1)
    record(store, smaller)
    store.references._known = None
    assert store.references.newest() == smaller


def test_cameras_may_come_before_points_and_go_over_into_the_first_generation(store: Store) -> None:
    camera = CameraEntry.model_validate({"image_id": "walk-000001-0123456789abcdef", "state": CameraState.WAITING})
    waiting = ReferenceSet.empty(PROJECT).with_cameras(camera_pages(PROJECT, [camera])).with_manifest(revision=1)
    record(store, waiting)
    assert store.references.newest() is None
    assert store.references.present() == waiting
    assert (store.references.kept(), store.references.next_generation()) == ({}, 1)
    first = reference_of([entry(0)]).with_cameras(waiting.camera_pages).with_manifest()
    record(store, first)
    store.references._known = None
    assert store.references.newest() == first
    assert store.references.cameras() == (camera,)


def test_a_store_of_schema_1_is_rebuilt_from_its_images(tmp_path: Path) -> None:
    folder = tmp_path / "chapel"
    folder.mkdir()
    database = Database(folder / "store.sqlite")
    with database.transaction():
        for table in ("annotations", "shard_pages", "camera_pages", "generations"):
            database.change(f"DROP TABLE {table}")
        database.change("CREATE TABLE generations (generation INTEGER PRIMARY KEY, revision INTEGER NOT NULL) STRICT")
        database.change("INSERT INTO generations VALUES (7, 3)")
        database.change("DROP TABLE images")
        database.change(
            "CREATE TABLE images (number INTEGER PRIMARY KEY, image_id TEXT NOT NULL UNIQUE, "
            "sha256 TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, file_name TEXT NOT NULL, stored_at REAL NOT NULL, "
            "captured_at REAL, state TEXT NOT NULL) STRICT"
        )
        database.change(
            "INSERT INTO images VALUES (1, 'walk-000001-0123456789abcdef', 'b', 'rig', 'a.jpg', 0.0, NULL, 'placed')"
        )
    database.change("PRAGMA user_version = 1")
    database.close()
    with pytest.raises(StoreError, match=r"the store has version 1, .*: start the service"):
        Store.read_only(folder)
    store = Store(folder, refetch_every=10)
    copy = folder / "store-before-migration-from-1.sqlite"
    with closing(sqlite3.connect(copy)) as before:
        assert before.execute("SELECT * FROM generations").fetchall() == [(7, 3)]
    assert Store.read_only(folder).version == STORE_VERSION
    assert store.references.newest() is None
    assert store.references.next_generation() == 8
    job = store.next_job()
    assert job is not None
    assert (job.kind, job.image_number) == ("refetch", 1)
    (image,) = store.images()
    assert (image.sha256, image.file_name, image.has_original) == ("b", "a.jpg", True)
    store.close()
