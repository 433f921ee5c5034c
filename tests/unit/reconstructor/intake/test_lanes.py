"""Messages of one sender keep their order; senders do not wait for each other."""

import asyncio
from functools import partial

from reconstructor.intake.lanes import Lanes


async def test_one_slow_sender_holds_nobody_else_and_its_own_order_stays() -> None:
    done: list[str] = []
    may_end = asyncio.Event()

    async def process(topic: str) -> None:
        if topic == "anna/1":
            await may_end.wait()
        done.append(topic)

    async with asyncio.TaskGroup() as tasks:
        lanes = Lanes(tasks)
        for sender, topic in (("anna", "anna/1"), ("anna", "anna/2"), ("rig", "rig/1"), ("rig", "rig/2")):
            lanes.put(sender, partial(process, topic), 10)
        idle = asyncio.create_task(lanes.wait_idle())
        await asyncio.sleep(0.01)
        assert done == ["rig/1", "rig/2"]
        assert not idle.done()
        assert lanes.waiting_bytes == 20
        may_end.set()
        await idle
        assert done == ["rig/1", "rig/2", "anna/1", "anna/2"]
        assert lanes.waiting_bytes == 0
        lanes.put("anna", partial(process, "anna/3"), 10)
    assert done[-1] == "anna/3"
