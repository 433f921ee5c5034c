"""Does a project lack a refetch exactly when images came since the last one and nothing is left to do?"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.ids import ImageId
from reconstructor.schedule import JobKind
from reconstructor.storage.store import Change, Store
from tests.photographs import photograph
from tests.unit.reconstructor.storage.new_images import add, new_image


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "chapel", refetch_every=10)
    yield opened
    opened.close()


def finish_all(store: Store, *, refetch_code: str = "") -> None:
    while (job := store.next_job()) is not None:
        store.start(job)
        if job.kind is JobKind.REFETCH and refetch_code:
            store.fail(job, refetch_code)
        else:
            store.commit(job, Change(states={}))
            store.finish(job)


@pytest.mark.parametrize(("count", "lacks"), [(0, False), (2, False), (3, True), (9, True), (10, False)])
def test_only_images_that_no_refetch_has_seen_lack_one(store: Store, count: int, lacks: bool) -> None:
    add(store, count)
    assert not store.rest.lacks_refetch()  # or images wait for the black box
    finish_all(store)
    assert store.rest.lacks_refetch() is lacks


@pytest.mark.parametrize("code", ["", "black_box_failed"])
def test_one_is_enough_whatever_comes_of_it(store: Store, code: str) -> None:
    add(store, 4)
    finish_all(store)
    before = store.rest.newest_change()
    assert store.request_refetch() == 4
    assert not store.rest.lacks_refetch()
    assert store.rest.newest_change() != before
    finish_all(store, refetch_code=code)
    assert not store.rest.lacks_refetch()


def add_preview(store: Store, number: int) -> None:
    preview = replace(new_image(photograph(number), number), sha256=None, suffix=".webp", content_type="image/webp")
    assert store.add_preview(preview, b"preview %d" % number)[1]


def add_original(store: Store, number: int) -> ImageId:
    image, is_taken = store.add_image(new_image(photograph(number), number), photograph(number))
    assert is_taken
    return image.image_id


def test_originals_that_replace_previews_after_the_last_refetch_lack_one(store: Store) -> None:
    for number in range(4):
        add_preview(store, number)
    finish_all(store)
    store.request_refetch()
    finish_all(store)
    assert not store.rest.lacks_refetch()
    before = store.rest.newest_change()
    add_original(store, 2)
    after = store.rest.newest_change()
    assert after != before  # so that it waits until the others are here, too
    add_original(store, 0)
    assert store.rest.newest_change() not in (before, after)
    assert store.rest.lacks_refetch()
    assert store.request_refetch() == 4
    finish_all(store)
    assert not store.rest.lacks_refetch()


def test_an_original_that_comes_while_a_refetch_runs_lacks_another_one(store: Store) -> None:
    for number in range(4):
        add_preview(store, number)
    finish_all(store)
    add_original(store, 0)
    store.request_refetch()
    job = store.next_job()
    assert job is not None
    store.start(job)
    add_original(store, 1)
    store.fail(job, "black_box_failed")
    assert store.rest.lacks_refetch()
