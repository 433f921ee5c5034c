"""Is the reason for waiting the one that helps?"""

import numpy as np
import pytest

from reconstructor.engine.features.pairs import Pair
from reconstructor.engine.sfm.waiting_reasons import why_waiting

UNCALIBRATED, PANORAMIC = 3, 5


def pair(count: int, configuration: int = UNCALIBRATED) -> Pair:
    matches = np.zeros((count, 2), np.uint32)
    return Pair(earlier=1, newer=2, matches=matches, configuration=configuration, matrices=np.zeros((3, 3, 3)))


@pytest.mark.parametrize(
    ("pairs", "placed", "features", "visible", "word"),
    [
        ([], {1}, 20, 0, "too_few_features"),
        ([], {1}, 900, 0, "too_few_matches"),
        ([pair(300, PANORAMIC)], set(), 900, 0, "needs_parallax"),
        ([pair(300)], set(), 900, 0, "needs_parallax"),
        ([pair(20)], set(), 900, 0, "too_few_matches"),
        ([pair(300)], {5, 6}, 900, 0, "not_connected"),
        ([pair(300)], {1, 5}, 900, 12, "too_few_points"),
        ([pair(300)], {1, 5}, 900, 200, "unsure_pose"),
    ],
)
def test_the_reason_that_helps_is_given(
    pairs: list[Pair], placed: set[int], features: int, visible: int, word: str
) -> None:
    reason = why_waiting(
        is_only_image=False,
        feature_count=features,
        pairs=pairs,
        placed=placed,
        number=2,
        visible_point_count=visible,
    )
    assert reason.code == word
    assert reason.reason.endswith(".")
