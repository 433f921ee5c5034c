"""How are parts of one computation shared among threads? Each thread that asks has its own few helpers.

Torch's own threads divide every single operation. At the sizes of a photograph's depth map that gains nothing: with two
threads an image took 1.1 s, with one 1.1 s (2 cores, 2026-11-29). So torch computes with one thread, and whole parts run
side by side: blocks of planes, pairs of photographs.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


class _Threads(threading.local):
    """The helpers of the present thread; new threads inherit its priority, so a refetch's are as low as it is."""

    def __init__(self) -> None:
        self.pool: ThreadPoolExecutor | None = None
        self.before_part: Callable[[], None] = lambda: None


_count = 1
_threads = _Threads()


def set_thread_count(count: int) -> None:
    """Compute with so many threads from now on, in this process; a thread that has helpers already keeps them."""
    global _count  # noqa: PLW0603 - as torch's own setting, one of the whole process
    torch.set_num_threads(1)
    _count = count


@contextmanager
def before_each_part(call: Callable[[], None]) -> Iterator[None]:
    """Let the present thread and its helpers make a call before every part, for as long as the context is open."""
    _threads.before_part, before = call, _threads.before_part
    try:
        yield
    finally:
        _threads.before_part = before


def in_parallel(function: Callable[[_Part], _Result], parts: Iterable[_Part]) -> list[_Result]:
    """The results of all parts, in their order; the first error of a part is raised."""
    every, before_part = list(parts), _threads.before_part
    if _count == 1 or len(every) == 1:
        found = []
        for part in every:
            before_part()
            found.append(function(part))
        return found
    if _threads.pool is None:
        _threads.pool = ThreadPoolExecutor(_count, thread_name_prefix=threading.current_thread().name)
    is_inference = torch.is_inference_mode_enabled()  # each thread has its own mode

    def compute(part: _Part) -> _Result:
        before_part()
        with torch.inference_mode(is_inference):
            return function(part)

    return list(_threads.pool.map(compute, every))
