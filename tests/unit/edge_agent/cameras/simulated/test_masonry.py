import numpy as np
import pytest

from edge_agent.cameras.simulated.masonry import Courses, per_stone


@pytest.fixture
def wall() -> Courses:
    return Courses(low=-3, high=3, bottom=0, top=4, seed=1, course=(0.3, 0.4), stone=(0.4, 0.9))


def along(wall: Courses, height: float) -> np.ndarray:
    u = np.linspace(-3, 3, 6001, dtype=np.float32)
    return wall.at(u, np.full_like(u, height)).stone


def test_stones_of_a_course_are_as_wide_as_asked(wall: Courses) -> None:
    _, counts = np.unique(along(wall, 1.05), return_counts=True)
    inner = counts[1:-1] * 0.001
    assert len(inner) > 5
    assert inner.min() > 0.39
    assert inner.max() < 0.91


def test_no_two_courses_have_their_joints_in_the_same_places(wall: Courses) -> None:
    first, second = (np.flatnonzero(np.diff(along(wall, height))) for height in (0.1, 0.6))
    assert not set(first) & set(second)


def test_the_joint_distance_is_zero_where_the_stone_changes(wall: Courses) -> None:
    u = np.linspace(-3, 3, 6001, dtype=np.float32)
    laid = wall.at(u, np.full_like(u, 2.0))
    changes = np.flatnonzero(np.diff(laid.stone))
    assert laid.joint[changes].max() < 0.002


def test_a_stone_keeps_its_number_wherever_it_is_asked_for() -> None:
    stones = np.array([5, 9, 5, 4101])
    values = per_stone(stones, seed=3)
    assert values[0] == values[2] == values[3]
    assert values[0] != values[1]
