"""Are the newest events kept over restarts, within their number and their bytes?"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.ids import Generation, ImageId, ProjectId
from broker.messages import Error, ProcessingStarted, Progress, ShardUpdate
from broker.wire.history_channels import MAX_HISTORY_BYTES
from reconstructor.storage.past.events import MOST_EVENTS
from reconstructor.storage.store import Store

PROJECT = ProjectId("chapel")
IMAGE = ImageId("walk-000007-0123456789abcdef")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "chapel", refetch_every=10)
    yield opened
    opened.close()


def started(number: int) -> ProcessingStarted:
    return ProcessingStarted(project=PROJECT, image_id=IMAGE, image_number=number)


def test_the_newest_hundred_are_kept_in_order_and_over_a_restart(tmp_path: Path, store: Store) -> None:
    assert store.past_events.message(PROJECT) is None
    events = [started(number) for number in range(1, MOST_EVENTS + 3)]
    for event in events:
        store.past_events.add(event)
    store.close()
    again = Store(tmp_path / "chapel", refetch_every=10)
    kept = again.past_events.message(PROJECT)
    again.close()
    assert kept is not None
    assert list(kept.events) == events[2:]


def test_long_events_push_the_oldest_ones_out(store: Store) -> None:
    for number in range(MOST_EVENTS):
        store.past_events.add(Error(project=PROJECT, code="disk_full", reason=f"{number} " + "ß" * 1500))
    kept = store.past_events.message(PROJECT)
    assert kept is not None
    assert MAX_HISTORY_BYTES * 0.9 < len(kept.encode()) <= MAX_HISTORY_BYTES
    assert isinstance(kept.events[-1], Error)
    assert kept.events[-1].reason.startswith("99 ")


def test_progress_is_not_kept_and_no_list_of_shards(store: Store) -> None:
    store.past_events.add(Progress(project=PROJECT, image_id=IMAGE, stage="solve", done_ratio=0.5))
    update = ShardUpdate(
        project=PROJECT,
        image_id=IMAGE,
        image_number=10,
        generation=Generation(2),
        revision=0,
        shards=tuple(range(20_000)),
        point_count=9,
    )
    store.past_events.add(update)
    kept = store.past_events.message(PROJECT)
    assert kept is not None
    assert kept.events == (update.model_copy(update={"shards": ()}),)
