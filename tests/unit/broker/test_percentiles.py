"""Is a percentile the smallest value that covers its share?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.percentiles import percentile

VALUES = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1)


@given(VALUES, st.floats(0.0, 1.0))
def test_a_percentile_is_the_smallest_value_that_covers_its_share(values: list[float], ratio: float) -> None:
    value = percentile(values, ratio)
    assert value in values
    assert sum(each <= value for each in values) >= ratio * len(values)
    assert sum(each < value for each in values) <= ratio * len(values)


@pytest.mark.parametrize(("ratio", "expected"), [(0.0, 1.0), (0.5, 2.0), (0.95, 4.0), (1.0, 4.0)])
def test_known_percentiles_of_four_values(ratio: float, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], ratio) == expected


def test_no_values_have_no_percentile() -> None:
    assert percentile([], 0.5) is None
