"""Whatever answers first, what is stored follows the order in which the black box made it, and no call waits without end."""

import asyncio
import itertools

import pytest

from reconstructor.jobs.commit_order import CommitOrder, is_add_first
from reconstructor.schedule import JobKind

ADD, REFETCH = JobKind.ADD, JobKind.REFETCH


@pytest.mark.parametrize(
    ("add", "refetch", "known", "is_first"),
    [
        (2, None, 2, True),  # it stands on what viewers have
        (3, None, 2, False),  # it stands on what the refetch will bring
        (2, 3, 2, True),  # the refetch has it already
        (3, 3, 2, False),
        (4, 3, 2, False),
        (3, 4, 2, True),  # a refetch whose answer was lost in a crash, and which runs again
        (0, None, 0, True),  # a black box that says nothing of it
        (0, 0, 0, False),
    ],
)
def test_an_add_goes_first_unless_its_points_stand_on_the_refetch(
    add: int, refetch: int | None, known: int, *, is_first: bool
) -> None:
    assert is_add_first(add, refetch, known) is is_first


class Calls:
    """Calls whose answers come when the test says so; `stored` is the order of their commits."""

    def __init__(self, known: int = 2) -> None:
        self.order = CommitOrder(known)
        self.stored: list[str] = []
        self._answers: dict[str, asyncio.Future[int]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def begin(self, kind: JobKind, name: str) -> None:
        self._answers[name] = asyncio.get_running_loop().create_future()
        self._tasks[name] = asyncio.create_task(self._run(kind, name))
        await rest()

    async def answer(self, name: str, solution: int) -> None:
        self._answers[name].set_result(solution)
        await rest()

    async def fail(self, name: str) -> None:
        self._answers[name].set_exception(ZeroDivisionError())
        await rest()

    async def end(self) -> None:
        async with asyncio.timeout(5):
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _run(self, kind: JobKind, name: str) -> None:
        with self.order.in_flight(kind) as call:
            solution = await self._answers[name]
            await self.order.wait_to_commit(call, solution)
            await asyncio.sleep(0)  # the commit
            self.stored.append(name)


async def rest() -> None:
    """Let everybody come as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_adds_are_stored_while_a_refetch_runs() -> None:
    calls = Calls()
    await calls.begin(REFETCH, "refetch")
    for name in ("first", "second"):
        await calls.begin(ADD, name)
        await calls.answer(name, 2)
    assert calls.stored == ["first", "second"]
    await calls.answer("refetch", 3)
    assert calls.stored == ["first", "second", "refetch"]


async def test_a_refetch_waits_for_an_add_that_was_made_before_it_and_whose_answer_is_late() -> None:
    calls = Calls()
    await calls.begin(REFETCH, "refetch")
    await calls.begin(ADD, "add")
    await calls.answer("refetch", 3)
    assert calls.stored == []
    await calls.answer("add", 2)
    assert calls.stored == ["add", "refetch"]


async def test_an_add_that_was_made_after_it_waits_for_the_refetch_whose_answer_is_late() -> None:
    calls = Calls()
    await calls.begin(REFETCH, "refetch")
    await calls.begin(ADD, "add")
    await calls.answer("add", 3)
    assert calls.stored == []
    await calls.answer("refetch", 3)
    assert calls.stored == ["refetch", "add"]


@pytest.mark.parametrize("failing", ["refetch", "add"])
async def test_nobody_waits_for_a_call_that_came_to_nothing(failing: str) -> None:
    calls = Calls()
    await calls.begin(REFETCH, "refetch")
    await calls.begin(ADD, "add")
    other = "add" if failing == "refetch" else "refetch"
    await calls.answer(other, 3)
    assert calls.stored == []
    await calls.fail(failing)
    await calls.end()
    assert calls.stored == [other]


async def test_both_are_stored_whatever_they_say_and_whichever_comes_first() -> None:
    for known, add, refetch, is_add_early in itertools.product(range(4), range(4), range(4), (True, False)):
        calls = Calls(known)
        await calls.begin(REFETCH, "refetch")
        await calls.begin(ADD, "add")
        early, late = ("add", "refetch") if is_add_early else ("refetch", "add")
        said = {"add": add, "refetch": refetch}
        await calls.answer(early, said[early])
        await calls.answer(late, said[late])
        await calls.end()
        assert sorted(calls.stored) == ["add", "refetch"], said
        if add < refetch:
            assert calls.stored == ["add", "refetch"], said
        elif add > known:
            assert calls.stored == ["refetch", "add"], said
