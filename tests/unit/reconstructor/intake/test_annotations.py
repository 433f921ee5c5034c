"""Of two changes of the same state, the first counts: the second is refused and the stored one put back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from unittest.mock import AsyncMock, Mock

import pytest

from broker.contract import MEASURE, match
from broker.ids import AnnotationId, Generation, SenderId
from broker.topics import TopicSpace
from broker.wire.annotations import MOST_REVISION, Measure, MeasureKind
from reconstructor.context import Context
from reconstructor.intake.annotations import BadAnnotationError, receive_annotation
from reconstructor.signals import Signals
from reconstructor.storage.annotations import AnnotationKey
from reconstructor.storage.store import Store
from tests.unit.reconstructor.publishing.entries import PROJECT, entry, reference_of

SPACE = TopicSpace("cairn")
KEY = AnnotationKey(type="measure", user=SenderId("anna"), annotation=AnnotationId("a1"))
TOPIC = SPACE.topic(PROJECT, MEASURE.template, user=KEY.user, annotation=KEY.annotation)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "chapel", refetch_every=10)
    reference = reference_of([entry(0)])
    with opened._database.transaction():
        opened.references.record(reference)
    yield opened
    opened.close()


@pytest.fixture
def context(store: Store) -> SimpleNamespace:
    return SimpleNamespace(
        project=PROJECT,
        space=SPACE,
        store=store,
        signals=Signals(),
        delivery=Mock(publish=AsyncMock()),
        quotas=Mock(),
        log=Mock(),
    )


def door(store: Store, name: str, revision: int) -> bytes:
    reference = store.references.newest()
    assert reference is not None
    return Measure(
        project=PROJECT,
        generation=Generation(reference.manifest.generation),
        revision=revision,
        kind=MeasureKind.DISTANCE,
        points=((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)),
        name=name,
    ).encode()


async def receive(context: SimpleNamespace, payload: bytes) -> None:
    await receive_annotation(cast("Context", context), match(SPACE, TOPIC), payload, is_retained=True)


async def test_the_second_of_two_changes_of_one_state_is_refused(context: SimpleNamespace, store: Store) -> None:
    first = door(store, "portal", 2)
    await receive(context, door(store, "door", 1))
    await receive(context, first)
    with pytest.raises(BadAnnotationError, match="changed meanwhile"):
        await receive(context, door(store, "window", 2))
    assert store.annotations.find(KEY) == first
    assert context.delivery.publish.await_args.args[0].payload == first


async def test_a_repeated_change_is_taken(context: SimpleNamespace, store: Store) -> None:
    await receive(context, door(store, "door", 1))
    await receive(context, door(store, "portal", 2))
    await receive(context, door(store, "portal", 2))  # sent again, at another time


async def test_the_highest_revision_can_still_be_changed(context: SimpleNamespace, store: Store) -> None:
    last = door(store, "window", MOST_REVISION)
    await receive(context, door(store, "door", MOST_REVISION))
    await receive(context, last)
    assert store.annotations.find(KEY) == last


async def test_what_is_stored_counts_when_the_world_is_free(context: SimpleNamespace, store: Store) -> None:
    first = door(store, "portal", 2)
    await receive(context, door(store, "door", 1))
    async with context.signals.changing:
        second = asyncio.create_task(receive(context, door(store, "window", 2)))
        for _ in range(20):
            await asyncio.sleep(0.01)
        store.annotations.keep(KEY, 1, first)
    with pytest.raises(BadAnnotationError):
        await second
    assert store.annotations.find(KEY) == first
    assert context.delivery.publish.await_args.args[0].payload == first
