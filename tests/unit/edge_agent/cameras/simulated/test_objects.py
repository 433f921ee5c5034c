import numpy as np
import pytest

from edge_agent.cameras.simulated.inscription import LETTER_DEPTH, inscription, letter_cut
from edge_agent.cameras.simulated.objects import OBJECTS


@pytest.mark.parametrize("name", OBJECTS)
def test_neighbours_on_every_path_look_in_similar_directions(name: str) -> None:
    poses = np.array(OBJECTS[name].poses(24))
    assert poses.shape == (24, 4, 4)
    turned = np.einsum("nij,nij->n", poses[:-1, :3, :3], poses[1:, :3, :3])
    angles_deg = np.rad2deg(np.arccos(np.clip((turned - 1) / 2, -1, 1)))
    assert np.sort(angles_deg)[-2] < 16  # one step may be the climb from the lower path to the upper
    assert np.median(angles_deg) > 2


@pytest.mark.parametrize("name", OBJECTS)
def test_a_path_is_the_same_each_time(name: str) -> None:
    np.testing.assert_array_equal(OBJECTS[name].poses(5), OBJECTS[name].poses(5))


def test_the_letters_are_cut_two_millimetres_deep() -> None:
    slab = inscription(spacing=0.004)
    front = slab.vertices[: len(slab.vertices) - np.count_nonzero(slab.vertices[:, 1] >= 0.0119)]
    cut = letter_cut((201, 301)).ravel()
    depth = front[: len(cut), 1]
    assert np.median(depth[cut > 0.99]) - np.median(depth[cut < 0.01]) == pytest.approx(LETTER_DEPTH, rel=0.1)
    assert 0.03 < (cut > 0.5).mean() < 0.3
