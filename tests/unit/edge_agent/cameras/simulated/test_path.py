import numpy as np
import pytest

from edge_agent.cameras.simulated.path import looking_at, orbit, walk


@pytest.mark.parametrize("target", [(0.0, 0.0, 0.0), (1.0, -2.0, 4.0), (3.0, -4.0, 9.0)])
def test_the_target_lies_on_the_optical_axis_at_its_distance(target: tuple[float, float, float]) -> None:
    position = (3.0, -4.0, 2.0)
    world_from_camera = looking_at(position, target)
    in_camera = (np.array(target) - world_from_camera[:3, 3]) @ world_from_camera[:3, :3]
    distance = float(np.linalg.norm(np.subtract(target, position)))
    np.testing.assert_allclose(in_camera, np.array([0.0, 0.0, distance]), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(world_from_camera[:3, :3]), 1)


def test_up_in_the_world_is_up_in_the_picture() -> None:
    world_from_camera = looking_at((0, -5, 1), (0, 0, 1))
    assert (np.array([0, 0, 1]) @ world_from_camera[:3, :3])[1] == pytest.approx(-1)


def test_a_full_orbit_does_not_end_where_it_began() -> None:
    places = [place for place, _ in orbit(8, centre=(0, 0, 1), radius=2, height=1, start_deg=0, sweep_deg=360)]
    gaps = np.linalg.norm(np.diff([*places, places[0]], axis=0), axis=1)
    np.testing.assert_allclose(gaps, gaps[0])


def test_a_walk_bows_away_from_the_wall_midway() -> None:
    places = np.array([place for place, _ in walk(5, ((-2, -3, 1), (2, -3, 1)), ((0, 0, 0), (0, 0, 0)), bow=1.0)])
    np.testing.assert_allclose(places[:, 0], [-2, -1, 0, 1, 2])
    assert places[2, 1] == pytest.approx(-4)
    assert places[0, 1] == pytest.approx(-3)
