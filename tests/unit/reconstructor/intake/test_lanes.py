"""Messages of one sender keep their order; senders do not wait for each other."""

import asyncio

from broker.delivery import Incoming
from reconstructor.intake.lanes import Lanes


def message(topic: str) -> Incoming:
    return Incoming(topic=topic, payload=b"", qos=1, is_retained=False)


async def test_one_slow_sender_holds_nobody_else_and_its_own_order_stays() -> None:
    done: list[str] = []
    may_end = asyncio.Event()

    async def process(each: Incoming) -> None:
        if each.topic == "anna/1":
            await may_end.wait()
        done.append(each.topic)

    async with asyncio.TaskGroup() as tasks:
        lanes = Lanes(tasks, process)
        for sender, topic in (("anna", "anna/1"), ("anna", "anna/2"), ("rig", "rig/1"), ("rig", "rig/2")):
            lanes.put(sender, message(topic))
        idle = asyncio.create_task(lanes.wait_idle())
        await asyncio.sleep(0.01)
        assert done == ["rig/1", "rig/2"]
        assert not idle.done()
        may_end.set()
        await idle
        assert done == ["rig/1", "rig/2", "anna/1", "anna/2"]
        lanes.put("anna", message("anna/3"))
    assert done[-1] == "anna/3"
