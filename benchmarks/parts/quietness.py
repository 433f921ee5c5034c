"""How fast is this machine at this moment? The time of a fixed computation.

On rented machines the same loop takes between 0.5 and 0.9 s within seconds, whatever runs here (measured 2026-11-30).
"""

import time
from typing import Final

TRIES: Final = 3
STEPS: Final = 200_000


def disturbance_s() -> float:
    """Seconds of a fixed computation in one thread, the fastest of three; more while something else uses the processor."""
    return min(_computed_s() for _ in range(TRIES))


def _computed_s() -> float:
    began = time.perf_counter()
    total = 0
    for step in range(STEPS):
        total += step * step
    return time.perf_counter() - began
