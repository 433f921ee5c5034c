"""Black boxes of many projects take turns, and idle ones end when they keep too much memory."""

import asyncio

import pytest

from reconstructor.executors.slots import Slots

PLENTY = 1 << 40


class BlackBox:
    """One that is only counted."""

    def __init__(self, memory_bytes: int = 0) -> None:
        self.memory_bytes, self.is_at_rest = memory_bytes, False

    def put_to_rest(self) -> None:
        self.is_at_rest = True


async def work(slots: Slots, name: str, log: list[str], *, is_refetch: bool = False) -> None:
    async with slots.taken(is_refetch=is_refetch):
        log.append(name)
        await asyncio.sleep(0)


@pytest.mark.parametrize("count", [1, 2])
async def test_no_more_work_than_there_are_slots_and_in_the_order_they_came(count: int) -> None:
    slots, log = Slots(count, PLENTY), list[str]()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            for name in "abc":
                tasks.create_task(work(slots, name, log))
    assert log == list("abcabcabc")


async def test_refetches_leave_slots_to_new_photographs() -> None:
    slots, go, log = Slots(4, PLENTY), asyncio.Event(), list[str]()

    async def refetch() -> None:
        async with slots.taken(is_refetch=True):
            log.append("refetch")
            await go.wait()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(refetch())
        await asyncio.sleep(0)
        await work(slots, "image", log)
        assert log == ["refetch", "refetch", "image"]
        go.set()
    assert log.count("refetch") == 4


async def test_those_idle_longest_end_when_idle_ones_keep_too_much() -> None:
    slots, (first, second, third) = Slots(4, 10), (BlackBox(6), BlackBox(4), BlackBox(6))
    slots.note_idle(first)
    slots.note_idle(second)
    assert not first.is_at_rest
    slots.note_awake(first)
    slots.note_idle(first)  # idle for the shortest time now
    slots.note_idle(third)
    assert [each.is_at_rest for each in (first, second, third)] == [True, True, False]
