"""Does a project lack a refetch exactly when images came since the last one and nothing is left to do?"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconstructor.schedule import JobKind
from reconstructor.storage.store import Change, Store
from tests.unit.reconstructor.storage.new_images import add


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
