"""Is a shard that is damaged on the disk replaced once, though several tasks read it?"""

from types import SimpleNamespace
from typing import cast
from unittest.mock import AsyncMock, Mock

from reconstructor.context import Context
from reconstructor.signals import Signals
from reconstructor.storage.generation_files import ShardGoneError


async def test_two_tasks_that_find_the_same_damage_ask_for_one_refetch() -> None:
    store = Mock()
    store.references.leave_out_damaged.side_effect = [1, 0]
    context = SimpleNamespace(publish_error=AsyncMock(), signals=Signals(), store=store, log=Mock())
    for _ in range(2):
        await Context.leave_out_damaged(cast("Context", context), ShardGoneError("shard 1 is damaged"))
    assert store.request_refetch.call_count == 1
    assert context.publish_error.await_count == 2
