"""What is safe, what it is called, and what a restart finds."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconstructor.engine.features.photographs import read_photograph
from reconstructor.engine.settings import EngineSettings
from reconstructor.schedule import JobKind, JobState
from reconstructor.storage.durable_files import DiskFullError, StoreError
from reconstructor.storage.images import ImageRecord, ImageState
from reconstructor.storage.lock import StoreInUseError
from reconstructor.storage.room import Room
from reconstructor.storage.store import Change, Store
from tests.photographs import photograph
from tests.unit.reconstructor.storage.new_images import add, new_image


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "chapel", refetch_every=3)
    yield opened
    opened.close()


def test_images_are_numbered_from_one_without_gaps_over_restarts(tmp_path: Path) -> None:
    for first in (0, 2):
        store = Store(tmp_path / "chapel", refetch_every=10)
        for seed in (first, first + 1):
            payload = photograph(seed)
            store.add_image(new_image(payload, seed), payload)
        store.close()
    store = Store(tmp_path / "chapel", refetch_every=10)
    assert [image.number for image in store.images()] == [1, 2, 3, 4]
    store.close()


def test_an_image_lies_beside_its_record(store: Store) -> None:
    (image,) = add(store, 1)
    record = ImageRecord.model_validate_json((store.images_folder / f"{image.image_id}.json").read_bytes())
    assert (record.image_id, record.sender, record.width_px) == (image.image_id, "rig-north", 80)
    assert record.size_bytes == store.path(image).stat().st_size


def test_the_photographers_name_and_the_sender_lie_where_the_black_box_reads_them(store: Store) -> None:
    payload = photograph(9, width_px=160, height_px=120)
    image, _ = store.add_image(replace(new_image(payload, 9), photographers_name="Tür 1.jpg"), payload)
    path = store.path(image)
    assert json.loads(path.with_name(f"{path.name}.json").read_text()) == {"file_name": "Tür 1.jpg"}
    read = read_photograph(path, EngineSettings(threads=1))
    assert (read.file_name, read.sensor.name) == ("Tür 1.jpg", "of rig-north")


def test_every_third_image_brings_a_refetch_after_its_own_job(store: Store) -> None:
    add(store, 4)
    seen = []
    while (job := store.next_job()) is not None:
        seen.append((job.image_number, job.kind))
        store.start(job)
        store.commit(job, Change(states={}))
        store.finish(job)
    assert seen == [
        (1, JobKind.ADD),
        (2, JobKind.ADD),
        (3, JobKind.ADD),
        (3, JobKind.REFETCH),
        (4, JobKind.ADD),
    ]


def test_a_running_job_runs_again_after_a_restart_and_a_stored_one_is_published(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=10)
    add(store, 2)
    first = store.next_job()
    assert first is not None
    store.start(first)
    store.close()
    store = Store(tmp_path / "chapel", refetch_every=10)
    again = store.next_job()
    assert again is not None
    assert (again.number, again.state) == (first.number, JobState.RUNNING)
    store.commit(again, Change(states={}))
    store.close()
    store = Store(tmp_path / "chapel", refetch_every=10)
    stored = store.next_job()
    assert stored is not None
    assert (stored.number, stored.state) == (first.number, JobState.STORED)
    store.close()


def test_a_failed_job_is_over_and_its_image_stays(store: Store) -> None:
    add(store, 1)
    job = store.next_job()
    assert job is not None
    store.fail(job, "black_box_timeout")
    assert store.next_job() is None
    assert store.image(1).state is ImageState.FAILED
    assert store.path(store.image(1)).exists()


def test_a_second_program_in_the_same_folder_is_refused(store: Store) -> None:
    with pytest.raises(StoreInUseError, match="another reconstructor"):
        Store(store.folder, refetch_every=10)


def test_a_store_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "chapel", refetch_every=10).close()
    with sqlite3.connect(tmp_path / "chapel/store.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    for use in (lambda folder: Store(folder, refetch_every=10), Store.read_only):
        with pytest.raises(StoreError, match=r"has version 99, .* up to \d+: update cairn") as refused:
            use(tmp_path / "chapel")
        assert "\n" not in refused.value.sentence


def test_nothing_is_taken_while_the_disk_is_nearly_full(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=10, room=Room(reserve_bytes=1 << 60))
    payload = photograph(0)
    with pytest.raises(DiskFullError):
        store.add_image(new_image(payload), payload)
    assert store.image_count() == 0
    store.close()


def test_a_refetch_can_be_asked_for_once_at_a_time(store: Store) -> None:
    assert store.request_refetch() is None
    add(store, 1)
    assert store.request_refetch() == 1
    assert store.request_refetch() == 1
    kinds = []
    while (job := store.next_job()) is not None:
        kinds.append(job.kind)
        store.finish(job)
    assert kinds == [JobKind.ADD, JobKind.REFETCH]


def test_a_black_box_asks_for_a_refetch_that_is_queued_once(store: Store) -> None:
    add(store, 2)
    for _ in range(2):
        job = store.next_job((JobKind.ADD,))
        assert job is not None
        store.commit(job, Change(states={}, wants_refetch=True))
        store.finish(job)
    refetch = store.next_job()
    assert refetch is not None
    assert (refetch.kind, refetch.image_number) == (JobKind.REFETCH, 1)
    store.finish(refetch)
    assert store.next_job() is None


def test_refetches_that_came_due_while_images_were_added_are_made_once(store: Store) -> None:
    add(store, 7)
    while (job := store.next_job((JobKind.ADD,))) is not None:
        store.finish(job)
    refetch = store.next_job((JobKind.REFETCH,))
    assert refetch is not None
    assert refetch.image_number == 6
    store.finish(refetch)
    assert store.next_job() is None


def test_the_newest_solution_outlives_a_restart_and_never_goes_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=10)
    add(store, 2)
    for solution in (3, 2):
        job = store.next_job()
        assert job is not None
        store.commit(job, Change(states={}, solution=solution))
        store.finish(job)
    store.close()
    store = Store(tmp_path / "chapel", refetch_every=10)
    assert store.solution == 3
    store.close()


def test_a_pause_and_counts_outlive_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=10)
    assert not store.is_paused
    store.pause(is_paused=True)
    store.count_rejected()
    store.count_error()
    store.count_error()
    store.close()
    store = Store(tmp_path / "chapel", refetch_every=10)
    counts = store.counts()
    assert store.is_paused
    assert (counts["rejected_count"], counts["error_count"]) == (1, 2)
    store.close()


def test_an_unknown_number_is_an_error_in_words(store: Store) -> None:
    with pytest.raises(StoreError, match="no image 5"):
        store.image(5)
