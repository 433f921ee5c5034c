"""Is what the dense benchmark says of confidence true?"""

import numpy as np
import pytest

from benchmarks.parts.calibration import calibration_error, monotony, tenths


def told(*, is_honest: bool) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, and errors that are below 1 as often as they say, or as often as the opposite."""
    random = np.random.default_rng(0)
    confidences = random.uniform(0.5, 1.0, 50_000).astype(np.float32)
    chance = confidences if is_honest else 1.5 - confidences
    errors = np.where(random.random(50_000) < chance, random.uniform(0, 1, 50_000), random.uniform(1, 9, 50_000))
    return confidences, errors


def test_honest_confidence_is_calibrated_and_falls_with_the_error() -> None:
    confidences, errors = told(is_honest=True)
    parts = tenths(confidences, errors, right_below=1.0, limit=5.0)
    assert len(parts) == 10
    assert all(part.right == pytest.approx(part.confidence, abs=0.03) for part in parts)
    assert monotony(parts) == pytest.approx(-1.0)
    assert calibration_error(confidences, errors < 1.0) < 0.01


def test_upside_down_confidence_is_seen() -> None:
    confidences, errors = told(is_honest=False)
    assert monotony(tenths(confidences, errors, right_below=1.0, limit=5.0)) == pytest.approx(1.0)
    assert calibration_error(confidences, errors < 1.0) > 0.2


def test_points_of_one_confidence_have_no_order() -> None:
    errors = np.random.default_rng(0).uniform(0, 4, 1000)
    confidences = np.full(1000, 0.95, np.float32)
    assert monotony(tenths(confidences, errors, right_below=2.0, limit=5.0)) == 0.0
    confidences[:100], errors[:100] = 0.7, 4.5
    assert monotony(tenths(confidences, errors, right_below=2.0, limit=5.0)) == pytest.approx(-1.0)


def test_one_wild_point_does_not_decide() -> None:
    errors = np.array([0.1] * 10 + [1e9])
    (part, *_) = tenths(np.zeros(11, np.float32), errors[::-1].copy(), right_below=1.0, limit=5.0)
    assert part.mean_error <= 5.0
