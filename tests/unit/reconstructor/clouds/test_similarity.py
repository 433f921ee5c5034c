"""Do similarities compose, invert and fit?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconstructor.clouds.similarity import (
    DegenerateGeometryError,
    Sim3,
    estimate_similarity,
    estimate_similarity_robustly,
    quaternion_from_rotation,
    rotation_from_quaternion,
)

NUMBER = st.floats(-100, 100)


@st.composite
def similarities(draw: st.DrawFn) -> Sim3:
    quaternion = np.array([draw(st.floats(-1, 1)) for _ in range(4)])
    if np.linalg.norm(quaternion) < 0.1:
        quaternion = np.array([1.0, 0.0, 0.0, 0.0])
    return Sim3(
        scale=draw(st.floats(0.01, 100)),
        rotation=rotation_from_quaternion(quaternion),
        translation=np.array([draw(NUMBER) for _ in range(3)]),
    )


@given(similarities())
def test_a_similarity_undoes_its_inverse(target_from_source: Sim3) -> None:
    points = np.random.default_rng(0).normal(size=(8, 3))
    there_and_back = target_from_source.inverse().apply(target_from_source.apply(points))
    assert np.abs(there_and_back - points).max() < 1e-9 * (1 + np.abs(target_from_source.translation).max() * 100)


@given(similarities(), similarities())
def test_composed_similarities_move_points_one_after_the_other(first: Sim3, second: Sim3) -> None:
    points = np.random.default_rng(1).normal(size=(8, 3))
    expected = second.apply(first.apply(points))
    assert np.allclose(second.after(first).apply(points), expected, rtol=1e-9, atol=1e-6)


@given(similarities())
def test_the_similarity_between_two_sets_of_points_is_recovered(truth: Sim3) -> None:
    points = np.random.default_rng(2).normal(size=(20, 3))
    fit = estimate_similarity(points, truth.apply(points))
    assert fit.scale == pytest.approx(truth.scale, rel=1e-6)
    assert np.allclose(fit.rotation, truth.rotation, atol=1e-6)


def test_a_mirrored_set_of_points_is_not_fitted_by_a_reflection() -> None:
    points = np.random.default_rng(3).normal(size=(20, 3))
    fit = estimate_similarity(points, points * [1, 1, -1])
    assert np.linalg.det(fit.rotation) == pytest.approx(1.0)


def test_outliers_do_not_move_a_robust_fit() -> None:
    random = np.random.default_rng(4)
    truth = Sim3(scale=2.0, rotation=rotation_from_quaternion(random.normal(size=4)), translation=np.ones(3))
    points = random.normal(size=(30, 3))
    moved = truth.apply(points) + random.normal(scale=1e-4, size=points.shape)
    moved[:4] += 5.0
    fit = estimate_similarity_robustly(points, moved)
    assert np.linalg.norm(fit.apply(points[4:]) - moved[4:], axis=1).max() < 1e-3


def test_points_on_one_line_are_refused() -> None:
    line = np.outer(np.arange(5.0), [1.0, 2.0, 3.0])
    with pytest.raises(DegenerateGeometryError):
        estimate_similarity(line, line)


@pytest.mark.parametrize("rotation", [np.eye(3) * 2, np.diag([1.0, 1.0, -1.0]), np.full((3, 3), np.nan)])
def test_a_matrix_that_is_no_rotation_is_refused(rotation: np.ndarray) -> None:
    with pytest.raises(DegenerateGeometryError):
        Sim3(scale=1.0, rotation=rotation, translation=np.zeros(3))


@given(similarities())
def test_a_rotation_survives_its_quaternion(similarity: Sim3) -> None:
    quaternion = quaternion_from_rotation(similarity.rotation)
    assert np.allclose(rotation_from_quaternion(quaternion), similarity.rotation, atol=1e-9)
    assert quaternion[0] >= 0
