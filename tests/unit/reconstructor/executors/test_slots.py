"""Black boxes of many projects take turns, and idle ones end when they keep too much memory."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from broker.logs import get_logger
from reconstructor.executors.local import LocalExecutor
from reconstructor.executors.slots import Slots
from reconstructor.worker import Call

CALL = Call(input_img_path="/a.jpg", old_point_cloud="", new_img_id="walk-1")
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


async def test_an_idle_black_box_is_put_to_rest_and_comes_back(tmp_path: Path) -> None:
    idle = LocalExecutor(
        "tests.black_boxes:instant",
        tmp_path,
        memory_limit_bytes=1 << 30,
        load_timeout_s=60,
        log=get_logger(project="chapel"),
        slots=Slots(1, PLENTY),
        rest_s=0.1,
    )
    with capture_logs() as logs:
        await idle.call(CALL, 60)
        async with asyncio.timeout(60):
            while not any(each["event"] == "black_box_at_rest" for each in logs):
                await asyncio.sleep(0.02)
        assert idle.memory_bytes == 0
        assert (await idle.call(CALL, 60)).name
    started = [each["pid"] for each in logs if each["event"] == "black_box_started"]
    assert len(set(started)) == len(started) >= 2
    await idle.close()


def of_four_projects(folder: Path, slots: Slots) -> list[LocalExecutor]:
    return [
        LocalExecutor(
            "tests.black_boxes:beside_its_refetch",
            folder,
            memory_limit_bytes=1 << 30,
            load_timeout_s=60,
            log=get_logger(project=f"chapel-{number}"),
            slots=slots,
        )
        for number in range(4)
    ]


def started_in(logs: list[EventDict]) -> int:
    return len([each for each in logs if each["event"] == "black_box_started"])


async def test_only_the_first_of_many_projects_are_loaded_before_they_have_an_image(tmp_path: Path) -> None:
    every = of_four_projects(tmp_path, Slots(2, PLENTY, early_loads_s=0.0))
    with capture_logs() as logs:
        await asyncio.gather(*(each.start() for each in every))
        await asyncio.gather(*(each.start() for each in every))
        assert [each.is_concurrent for each in every] == [True] * 4
        assert started_in(logs) == 2
        waiting = next(each for each in every if each.memory_bytes == 0)
        assert (await waiting.call(CALL, 60)).name
    assert started_in(logs) == 3
    for each in every:
        await each.close()


async def test_of_black_boxes_that_load_quickly_more_are_loaded_early(tmp_path: Path) -> None:
    every = of_four_projects(tmp_path, Slots(2, PLENTY, early_loads_s=3600.0))
    with capture_logs() as logs:
        await asyncio.gather(*(each.start() for each in every))
    assert started_in(logs) == 4
    for each in every:
        await each.close()
