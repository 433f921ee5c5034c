"""Is the last refetch queued once the project rests, and only then?"""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from broker.logs import get_logger
from reconstructor.resting import refetch_at_rest
from reconstructor.signals import Signals


class StoreAtRest:
    """Counts what is asked of it; a change on every look as long as `is_busy`."""

    def __init__(self, *, is_busy: bool = False, is_paused: bool = False) -> None:
        self.rest, self.is_paused, self._is_busy = self, is_paused, is_busy
        self.settled = False
        self.looked = self.asked = self.change_count = 0

    def newest_change(self) -> tuple[int, ...]:
        self.looked += 1
        return (self.looked if self._is_busy else 0,)

    def lacks_refetch(self) -> bool:
        self.settled = self.asked > 0
        return self.asked == 0

    def request_refetch(self) -> int:
        self.asked += 1
        self.change_count += 1
        return 4


def context_of(store: StoreAtRest, rest_s: float) -> Any:
    settings = SimpleNamespace(refetch_at_rest_s=rest_s)
    return SimpleNamespace(store=store, settings=settings, log=get_logger(), signals=Signals())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


async def looked(store: StoreAtRest, rest_s: float = 0.04, count: int = 12) -> list[Any]:
    context = context_of(store, rest_s)
    with capture_logs() as logs:
        task = asyncio.create_task(refetch_at_rest(context))
        while store.looked < count and not store.settled and not task.done():
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return [each["event"] for each in logs]


async def test_a_resting_project_gets_one() -> None:
    store = StoreAtRest()
    assert await looked(store) == ["refetch_at_rest"]
    assert store.asked == 1


async def test_nothing_is_read_of_one_that_has_its_refetch_until_something_is_written() -> None:
    store = StoreAtRest()
    store.asked = 1
    context = context_of(store, rest_s=0.04)
    task = asyncio.create_task(refetch_at_rest(context))
    await until(lambda: store.settled)
    looked_count = store.looked
    await asyncio.sleep(0.1)
    assert store.looked == looked_count
    store.change_count += 1
    await until(lambda: store.looked > looked_count)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("store", [StoreAtRest(is_busy=True), StoreAtRest(is_paused=True)], ids=["busy", "paused"])
async def test_one_that_is_at_work_or_paused_gets_none(store: StoreAtRest) -> None:
    assert await looked(store) == []
    assert store.asked == 0


async def test_none_is_wanted() -> None:
    store = StoreAtRest()
    assert await looked(store, rest_s=0.0) == []
    assert store.looked == 0
