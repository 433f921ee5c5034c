"""How much does this machine do besides? A fixed computation says how fast it is at this moment.

On rented machines the same loop takes between 0.5 and 0.9 s within seconds, whatever runs here (measured 2026-11-30).
"""

import time
from typing import Final

TRIES: Final = 3
STEPS: Final = 200_000


def disturbance_s() -> float:
    """Seconds of a fixed computation in one thread, the fastest of three: the less, the quieter the machine."""
    return min(_computed_s() for _ in range(TRIES))


def _computed_s() -> float:
    began = time.perf_counter()
    total = 0
    for step in range(STEPS):
        total += step * step
    return time.perf_counter() - began
