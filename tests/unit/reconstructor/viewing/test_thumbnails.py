"""The ids of old images are read once in a while, and a photograph that cannot be read holds up no other."""

import asyncio
import contextlib
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from unittest.mock import AsyncMock, Mock

import pytest

from broker.ids import ImageId, ProjectId
from broker.topics import TopicSpace
from reconstructor.context import Context
from reconstructor.signals import Signals
from reconstructor.storage.store import Store
from reconstructor.viewing import thumbnails
from tests.unit.reconstructor.storage.new_images import add

OLD, NEW = ImageId("walk-000001-0123456789abcdef"), ImageId("walk-000002-0123456789abcdef")


async def test_old_ids_are_not_read_with_each_image_and_an_old_image_gets_no_thumbnail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = time.time()
    images = [
        SimpleNamespace(image_id=OLD, stored_at=now_s - 3 * 86_400),
        SimpleNamespace(image_id=NEW, stored_at=now_s),
    ]
    store, published, count = Mock(), list[ImageId](), 1
    store.senders.stored_before.return_value = frozenset({OLD})
    store.image_count.side_effect = lambda: count
    store.image.side_effect = lambda number: images[min(number, 2) - 1]

    async def publish(_: Context, image: SimpleNamespace) -> None:
        published.append(image.image_id)

    monkeypatch.setattr(thumbnails, "publish_thumbnail", publish)
    monkeypatch.setattr(thumbnails, "_list", AsyncMock(return_value={OLD}))
    delivery = Mock(wait_connected=AsyncMock(return_value=SimpleNamespace(count=1)), publish=AsyncMock())
    context = SimpleNamespace(
        project=ProjectId("chapel"),
        settings=SimpleNamespace(thumbnail_days=1.0, broker=None),
        store=store,
        delivery=delivery,
        signals=Signals(),
        space=TopicSpace("cairn/v1"),
        log=Mock(),
    )
    task = asyncio.create_task(thumbnails.publish_thumbnails(cast("Context", context)))
    for count in (2, 3, 4):  # noqa: B007 - read by the store
        context.signals.thumbnails.set()
        while context.signals.thumbnails.is_set() or not published:
            await asyncio.sleep(0.001)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert (published, store.senders.stored_before.call_count) == ([NEW], 1)
    assert delivery.publish.await_count == 1  # the old one is cleared


async def test_a_photograph_that_cannot_be_read_holds_up_no_thumbnail_of_another(tmp_path: Path) -> None:
    store = Store(tmp_path / "chapel", refetch_every=10)
    images = add(store, 3)
    store.path(images[1]).unlink()
    context = SimpleNamespace(
        project=ProjectId("chapel"),
        settings=SimpleNamespace(thumbnail_days=0.0, broker=None),
        store=store,
        delivery=Mock(wait_connected=AsyncMock(return_value=SimpleNamespace(count=0)), publish=AsyncMock()),
        decoders=Mock(thumbnail=AsyncMock(return_value=b"small")),
        signals=Signals(),
        space=TopicSpace("cairn/v1"),
        log=Mock(),
    )
    task = asyncio.create_task(thumbnails.publish_thumbnails(cast("Context", context)))
    async with asyncio.timeout(5):
        while context.delivery.publish.await_count < 2 and not task.done():
            await asyncio.sleep(0.001)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    store.close()
    topics = [call.args[0].topic for call in context.delivery.publish.call_args_list]
    assert [images[number].image_id in topics[place] for place, number in enumerate((0, 2))] == [True, True]
    assert [call.args[0] for call in context.log.warning.call_args_list] == ["thumbnail_not_made"]
