"""What an image costs the database does not grow with the project: steps of SQLite's machine are counted, no time is measured."""

from collections.abc import Callable
from pathlib import Path

import pytest

from broker.ids import ProjectId
from reconstructor.statistics import LatencySamples, collect
from reconstructor.storage.store import Store
from tests.photographs import photograph
from tests.unit.reconstructor.storage.new_images import add, new_image

FEW, MANY = 20, 200
MOST_GROWTH = 1.1  # a tree of pages grows by a level now and then
CHAPEL = ProjectId("chapel")


def store_with(folder: Path, count: int) -> Store:
    """A project of which all images but the last went through the black box."""
    store = Store(folder, refetch_every=10)
    store._database._connection.execute("PRAGMA synchronous = OFF")
    add(store, count)
    with store._database.transaction():
        store._database.change(
            "UPDATE jobs SET state = 'done', started_at = 1, finished_at = 2 WHERE image_number < ?", count
        )
        store._database.change("UPDATE images SET state = 'placed' WHERE number < ?", count)
    return store


def of_an_image(store: Store) -> None:
    """What the service asks and writes for each image."""
    payload = photograph(9999)
    image = new_image(payload, 9999)
    assert store.find(image.image_id, str(image.sha256)) is None
    assert store.find_previewed(image.image_id) is None
    number = store.add_image(image, payload)[0].number
    job = store.next_job()
    assert job is not None
    store.start(job)
    store.references.present()
    store.finish(job)
    store.backlog.queued_since()
    store.backlog.processed_at()
    store.backlog.refetch_s()
    store.image_count()
    store.image(number)
    store.past_events.message(CHAPEL)
    store.rest.newest_change()


def statistics(store: Store) -> None:
    """What is asked once in an interval of the statistics, however many images came in it."""
    collect(CHAPEL, store, LatencySamples())


def steps(store: Store, work: Callable[[Store], None]) -> int:
    count = 0

    def one_more() -> int:
        nonlocal count
        count += 1
        return 0

    store._database._connection.set_progress_handler(one_more, 1)
    work(store)
    store._database._connection.set_progress_handler(None, 1)
    store.close()
    return count


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("projects")


def test_an_image_costs_as_much_in_a_large_project_as_in_a_small_one(folders: Path) -> None:
    few, many = (steps(store_with(folders / f"image-{count}", count), of_an_image) for count in (FEW, MANY))
    assert few > 100
    assert many <= MOST_GROWTH * few


def test_statistics_take_a_dozen_steps_an_image_at_most(folders: Path) -> None:
    few, many = (steps(store_with(folders / f"all-{count}", count), statistics) for count in (FEW, MANY))
    assert few < many <= few + 13 * (MANY - FEW)
