"""What counts as growth: more than 5 % of memory after the warm-up, or one descriptor."""

import pytest

from benchmarks.parts.growth import Growth, Look


def grown(first_mb: float, last_mb: float, *, opened: int = 0) -> list[str]:
    growth = Growth()
    for number in range(40):
        is_late = number >= 20
        size = int((last_mb if is_late else first_mb) * 1e6)
        if number < 10:
            size //= 2  # warming up counts for nothing
        descriptors = 20 + (opened if is_late else 0)
        growth.looks["broker"].append(Look(own_bytes=size, resident_bytes=size, descriptor_count=descriptors))
    return growth.grown()


@pytest.mark.parametrize(
    ("last_mb", "opened", "found"),
    [
        (104.9, 0, []),
        (105.1, 0, ["broker memory"]),
        (50.0, 0, []),
        (100.0, 1, ["broker descriptors"]),
        (100.0, -3, []),
    ],
)
def test_growth_is_judged_after_the_warm_up(last_mb: float, opened: int, found: list[str]) -> None:
    assert grown(100.0, last_mb, opened=opened) == found
