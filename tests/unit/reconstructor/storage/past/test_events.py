"""Are the newest events kept over restarts, within their number and their bytes?"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.ids import Generation, ImageId, ProjectId
from broker.messages import Error, EventHistory, ProcessingComplete, ProcessingStarted, Progress, ShardUpdate
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


def started(number: int, image_id: ImageId = IMAGE) -> ProcessingStarted:
    return ProcessingStarted(project=PROJECT, image_id=image_id, image_number=number)


def complete(number: int, image_id: ImageId = IMAGE, *, is_refetch: bool = False) -> ProcessingComplete:
    return ProcessingComplete(
        project=PROJECT,
        image_id=image_id,
        image_number=number,
        state="placed",
        is_refetch=is_refetch,
        new_point_count=500,
        duration_s=3.0,
    )


def shard_update(number: int, image_id: ImageId = IMAGE) -> ShardUpdate:
    return ShardUpdate(
        project=PROJECT,
        image_id=image_id,
        image_number=number,
        generation=Generation(2),
        revision=0,
        shards=tuple(range(20_000)),
        point_count=9,
    )


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


def test_neither_progress_nor_shards_are_kept(store: Store) -> None:
    store.past_events.add(Progress(project=PROJECT, image_id=IMAGE, stage="solve", done_ratio=0.5))
    store.past_events.add(shard_update(10))
    assert store.past_events.message(PROJECT) is None


def test_a_hundred_photographs_are_kept_of_a_day_and_not_a_third(store: Store) -> None:
    ids = [ImageId(f"walk-{number:06d}-0123456789abcdef") for number in range(1, MOST_EVENTS + 1)]
    for number, image_id in enumerate(ids, start=1):
        for event in (started(number, image_id), shard_update(number, image_id), complete(number, image_id)):
            store.past_events.add(event)
    kept = store.past_events.message(PROJECT)
    assert kept is not None
    assert [each.image_id for each in kept.events if isinstance(each, ProcessingComplete)] == ids


@pytest.mark.parametrize(
    "end", [complete(7), Error(project=PROJECT, code="blurred", reason="Blurred.", image_id=IMAGE)]
)
def test_the_start_of_an_image_is_kept_until_its_end(store: Store, end: ProcessingComplete | Error) -> None:
    other = started(8, ImageId("walk-000008-0123456789abcdef"))
    events = (started(7), other, complete(6, is_refetch=True), Error(project=PROJECT, code="disk_full", reason="Full."))
    for event in events:
        store.past_events.add(event)
    assert told(store) == events
    store.past_events.add(end)
    assert told(store) == (*events[1:], end)


def test_what_an_earlier_version_kept_is_read_without_its_shards(store: Store) -> None:
    events = (started(7), shard_update(7).model_copy(update={"shards": ()}))
    payload = EventHistory(project=PROJECT, events=events).model_dump(mode="json", by_alias=True)["events"]
    with store.past_events._database.transaction():
        store.past_events._database.set_fact("past_events", json.dumps(payload).encode())
    assert told(store) == events[:1]


def told(store: Store) -> tuple[object, ...]:
    kept = store.past_events.message(PROJECT)
    return () if kept is None else kept.events
