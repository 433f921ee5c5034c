"""Does the table hold every bound, and does it say of each what was measured?"""

from dataclasses import replace

from reconstructor.engine.sfm.gate import bounds
from reconstructor.engine.sfm.gate.bounds import KEPT, TABLE, TIGHT_SHARE, Bound


def test_every_bound_is_a_row_of_the_table_and_no_figure_has_two() -> None:
    assert {id(each) for each in vars(bounds).values() if isinstance(each, Bound)} == {id(each) for each in TABLE}
    assert len({each.name for each in TABLE}) == len(TABLE)


def test_a_row_says_what_was_measured_and_what_was_not() -> None:
    assert TIGHT_SHARE.row().endswith(": ≥ 0.25 (right 0.319, wrong 0.22)")
    assert KEPT.row().endswith(": ≥ 0.95 (right not measured, wrong not measured)")
    assert replace(KEPT, right=0.0).row().endswith("(right 0, wrong not measured)")


def test_a_figure_at_its_bound_meets_it() -> None:
    for bound in TABLE:
        assert bound.is_met(bound.value)
        assert bound.is_met(None)
        worse = -0.001 if bound.side is bounds.Side.AT_LEAST else 0.001
        assert not bound.is_met(bound.value + worse)
