"""How the cameras of an imported project are compared, and when a benchmark of it fails."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.moved_project import is_whole
from benchmarks.parts.kept_project import compared


def pose(x: float, y: float, *, turn_rad: float = 0.0) -> NDArray[np.float64]:
    cosine, sine = math.cos(turn_rad), math.sin(turn_rad)
    matrix = np.eye(4)
    matrix[:2, :2] = [[cosine, -sine], [sine, cosine]]
    matrix[:2, 3] = (x, y)
    return matrix


def scaled(matrix: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    larger = matrix.copy()
    larger[:3, 3] *= scale
    return larger


def test_cameras_are_compared_in_parts_of_their_extent_after_the_best_similarity() -> None:
    first = {name: pose(x, y) for name, x, y in (("a", 0.0, 0.0), ("b", 10.0, 0.0), ("c", 5.0, 5.0), ("d", 5.0, -5.0))}
    turned = pose(0.0, 0.0, turn_rad=0.3)
    turned[:3, 3] = (7.0, -2.0, 1.0)
    second = {name: turned @ scaled(each, 1.2) for name, each in first.items()} | {"e": pose(1.0, 0.0)}
    found = compared(first, second)
    assert found["import_worst_camera_change"] == pytest.approx(0.0, abs=1e-6)
    assert found["import_worst_turn_rad"] == pytest.approx(0.0, abs=1e-6)
    assert isinstance(found["import_world_change"], float)
    assert found["import_world_change"] > 0.5
    assert (found["import_placed_before"], found["import_placed"], found["import_not_in_both"]) == (4, 5, 1)

    first["d"][:3, 3] += (0.0, 0.0, 0.1)  # a hundredth of the extent, of which the fit takes a part
    assert 0.002 < float(str(compared(first, second)["import_worst_camera_change"])) < 0.01
    first["a"][:3, :3] = pose(0.0, 0.0, turn_rad=0.05)[:3, :3]
    assert float(str(compared(first, second)["import_worst_turn_rad"])) == pytest.approx(0.05, abs=0.03)


def test_with_fewer_than_three_cameras_nothing_is_claimed() -> None:
    two = {"a": pose(0.0, 0.0), "b": pose(1.0, 0.0)}
    assert compared(two, two)["import_worst_camera_change"] is None


WHOLE: dict[str, object] = {
    "lost": 0,
    "twice": 0,
    "revision_decreased": 0,
    "backup_shards_changed": 0,
    "backup_same_cloud": True,
    "import_not_in_both": 0,
    "import_worst_camera_change": 1e-4,
    "import_worst_turn_rad": 1e-4,
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lost", 1),
        ("backup_shards_changed", 2),
        ("backup_same_cloud", False),
        ("import_not_in_both", 1),
        ("import_worst_camera_change", 0.0011),
        ("import_worst_camera_change", None),
        ("import_worst_turn_rad", 0.01),
    ],
)
def test_one_wrong_figure_is_enough_to_fail(name: str, value: object) -> None:
    assert is_whole(WHOLE)
    assert not is_whole(WHOLE | {name: value})
