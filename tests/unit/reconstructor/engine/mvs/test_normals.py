"""Do estimated normals stand on the surface and look at the cameras?"""

import numpy as np
import pytest

from reconstructor.engine.mvs.normals import estimated_normals


def test_normals_of_a_ball_look_outwards_at_the_cameras_around_it() -> None:
    random = np.random.default_rng(0)
    outwards = random.normal(size=(20_000, 3))
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    centres = 4.0 * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1.0]])
    offset = np.array([1e6, -2e6, 5.0])
    normals = estimated_normals(outwards + offset, centres + offset)
    assert normals.dtype == np.float32
    assert np.linalg.norm(normals, axis=1) == pytest.approx(1.0, abs=1e-4)
    assert np.degrees(np.arccos(np.clip((normals * outwards).sum(1), -1, 1))).max() < 10


def test_nothing_has_no_normals() -> None:
    assert estimated_normals(np.empty((0, 3)), np.empty((0, 3))).shape == (0, 3)
