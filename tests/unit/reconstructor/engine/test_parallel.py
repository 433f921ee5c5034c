"""Do parts that are computed side by side give what they give one after the other?"""

import threading
from collections.abc import Iterator

import pytest
import torch

from reconstructor.engine.parallel import before_each_part, in_parallel, set_thread_count


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    set_thread_count(2)
    yield
    set_thread_count(1)
    torch.set_num_threads(before)


def test_the_results_come_in_the_order_of_the_parts() -> None:
    assert in_parallel(lambda part: part * part, range(50)) == [part * part for part in range(50)]


def test_two_parts_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=30)
    in_parallel(lambda _part: meeting.wait(), range(2))  # one after the other would break the barrier


def test_the_error_of_a_part_is_the_error_of_all() -> None:
    def fail(part: int) -> None:
        if part == 3:
            raise ValueError("part 3")

    with pytest.raises(ValueError, match="part 3"):
        in_parallel(fail, range(5))


@pytest.mark.parametrize("count", [1, 20])
def test_a_call_is_made_before_every_part_of_the_thread_that_asked_for_it(count: int) -> None:
    calls: list[None] = []
    with before_each_part(lambda: calls.append(None)):
        other = threading.Thread(target=lambda: in_parallel(abs, range(5)))
        other.start()
        other.join()
        assert not calls
        in_parallel(abs, range(count))
    in_parallel(abs, range(count))
    assert len(calls) == count


def test_what_is_called_before_a_part_may_end_them_all() -> None:
    def closed() -> None:
        raise InterruptedError("closed")

    with before_each_part(closed), pytest.raises(InterruptedError):
        in_parallel(abs, range(5))


def test_parts_may_write_into_a_tensor_of_inference() -> None:
    with torch.inference_mode():
        whole = torch.zeros(8)
        in_parallel(lambda part: whole[part].fill_(part), range(8))
    assert whole.tolist() == list(range(8))


def test_each_thread_that_asks_has_its_own_helpers() -> None:
    names = {}
    both_have_asked = threading.Barrier(2, timeout=30)  # a thread that has ended may lend its number to the next

    def ask(name: str) -> None:
        names[name] = set(in_parallel(lambda _part: threading.get_ident(), range(20)))
        both_have_asked.wait()

    askers = [threading.Thread(target=ask, args=(name,)) for name in ("live", "refetch")]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert not names["live"] & names["refetch"]
