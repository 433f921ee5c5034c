"""How is a percentile computed? By the nearest rank."""

import math
from collections.abc import Iterable


def percentile(values: Iterable[float], ratio: float) -> float | None:
    """Return the smallest value that at least this share of the values does not exceed; None of no values."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(ratio * len(ordered)) - 1)]
