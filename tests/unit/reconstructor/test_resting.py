"""Is the last refetch queued once the project rests, and only then?"""

import asyncio
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
        self.looked = self.asked = 0

    def newest_change(self) -> tuple[int, ...]:
        self.looked += 1
        return (self.looked if self._is_busy else 0,)

    def lacks_refetch(self) -> bool:
        return self.asked == 0

    def request_refetch(self) -> int:
        self.asked += 1
        return 4


async def looked(store: StoreAtRest, rest_s: float = 0.04, count: int = 12) -> list[Any]:
    context = SimpleNamespace(
        store=store, settings=SimpleNamespace(refetch_at_rest_s=rest_s), log=get_logger(), signals=Signals()
    )
    with capture_logs() as logs:
        task = asyncio.create_task(refetch_at_rest(context))  # type: ignore[arg-type]
        while store.looked < count and not task.done():
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return [each["event"] for each in logs]


async def test_a_resting_project_gets_one() -> None:
    store = StoreAtRest()
    assert await looked(store) == ["refetch_at_rest"]
    assert store.asked == 1


@pytest.mark.parametrize("store", [StoreAtRest(is_busy=True), StoreAtRest(is_paused=True)], ids=["busy", "paused"])
async def test_one_that_is_at_work_or_paused_gets_none(store: StoreAtRest) -> None:
    assert await looked(store) == []
    assert store.asked == 0


async def test_none_is_wanted() -> None:
    store = StoreAtRest()
    assert await looked(store, rest_s=0.0) == []
    assert store.looked == 0
