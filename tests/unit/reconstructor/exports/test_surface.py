"""Is a surface turned upright and made metric without being bent?"""

import numpy as np
import pytest

from reconstructor.exports.surface import Surface, turn_up


def surface() -> Surface:
    random = np.random.default_rng(0)
    normals = random.normal(size=(50, 3))
    return Surface(
        points=random.normal(size=(50, 3)),
        normals=(normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32),
        colors_rgb=random.integers(0, 256, (50, 3), np.uint8),
        confidences=None,
    )


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("up", [(0.2, -0.9, 0.4), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0), (0.0, 0.0, 1.0)])
def test_up_becomes_the_axis_by_a_proper_turn(up: tuple[float, float, float], axis: int) -> None:
    direction = np.array(up) / np.linalg.norm(up)
    turn = turn_up(direction, axis)
    assert turn @ direction == pytest.approx(np.eye(3)[axis], abs=1e-12)
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1.0)


def test_without_up_nothing_turns() -> None:
    assert np.array_equal(turn_up(None, 1), np.eye(3))


def test_points_and_normals_turn_together() -> None:
    before, turn = surface(), turn_up(np.array([0.6, 0.0, 0.8]), 1)
    after = before.turned(turn)
    assert (after.points * after.normals).sum(1) == pytest.approx((before.points * before.normals).sum(1), abs=1e-5)


def test_a_known_scale_makes_metres_and_an_unknown_one_changes_nothing() -> None:
    before = surface()
    assert before.scaled(None) is before
    assert (before.unit, before.scaled(2.5).unit) == ("unscaled", "metres")
    assert np.array_equal(before.scaled(2.5).points, 2.5 * before.points)
