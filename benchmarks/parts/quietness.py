"""How fast is this machine at this moment? The time of a fixed computation and of copying memory.

On rented machines the same loop takes between 0.5 and 0.9 s within seconds, whatever runs here. Of 16 loads of the page the
rate correlated by -0.66 with this loop before and after it, by -0.70 with the copies, and by -0.4 with a loop a third as
long (measured 2026-11-30).
"""

import time
from typing import Final

import numpy as np
from numpy.typing import NDArray

_TRIES: Final = 2
_STEPS: Final = 600_000
_COPIES: Final = 3
_COPIED: Final = 8_000_000  # 64 MB, more than any cache


def disturbance_s() -> float:
    """Seconds of both, each the faster of two; more while something else uses the processor or its memory."""
    source = np.ones(_COPIED)
    target = np.empty_like(source)
    target.fill(0)  # its pages are there before the clock runs
    return min(_computed_s() for _ in range(_TRIES)) + min(_copied_s(source, target) for _ in range(_TRIES))


def _computed_s() -> float:
    began = time.perf_counter()
    total = 0
    for step in range(_STEPS):
        total += step * step % 7
    return time.perf_counter() - began


def _copied_s(source: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    began = time.perf_counter()
    for _ in range(_COPIES):
        np.copyto(target, source)
    return time.perf_counter() - began
