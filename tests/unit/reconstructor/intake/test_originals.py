"""Previews go once their originals are compared with them, and a photograph that cannot be read holds up no other."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from unittest.mock import AsyncMock, Mock

import pytest

from broker.ids import ProjectId
from reconstructor.context import Context
from reconstructor.intake import originals
from reconstructor.intake.originals import follow_originals
from reconstructor.signals import Signals
from reconstructor.storage.images import StoredImage
from reconstructor.storage.store import Store
from reconstructor.wanted import WantedLists
from tests.photographs import photograph
from tests.unit.reconstructor.storage.new_images import new_image


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "chapel", refetch_every=10)
    yield opened
    opened.close()


def previewed(store: Store, seed: int) -> StoredImage:
    """An image with its preview and its original, and no job that reads it."""
    original = photograph(seed)
    store.add_preview(replace(new_image(original, seed), sha256=None), photograph(seed + 100))
    image, _ = store.add_image(new_image(original, seed), original)
    job = store.next_job()
    assert job is not None
    store.finish(job)
    return image


async def test_an_original_that_cannot_be_read_keeps_its_preview_and_no_other(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [previewed(store, seed) for seed in range(3)]
    store.path(images[0]).unlink()
    context = SimpleNamespace(
        project=ProjectId("chapel"),
        store=store,
        decoders=Mock(likeness=AsyncMock(return_value=None)),
        signals=Signals(),
        wanted=WantedLists(),
        log=Mock(),
    )
    monkeypatch.setattr(originals, "_PAUSE_S", 0.001)
    task = asyncio.create_task(follow_originals(cast("Context", context)))
    for _ in range(3):
        context.signals.originals.set()
        while context.signals.originals.is_set():
            await asyncio.sleep(0.001)
    async with asyncio.timeout(5):
        while len(store.previews.surplus()) > 1:
            await asyncio.sleep(0.001)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert [image.preview_name is not None for image in store.images()] == [True, False, False]
    assert store.previews.content(images[0]) is not None
    said = [call.args[0] for call in context.log.warning.call_args_list]
    assert said == ["preview_stays"]  # once, though it is looked at again and again
