import numpy as np

from edge_agent.cameras.simulated.meshes import Mesh, box, lathe, level_set, merged


def volume(mesh: Mesh) -> float:
    """Volume by the divergence theorem: negative when the triangles face inwards."""
    a, b, c = np.moveaxis(mesh.vertices[mesh.triangles].astype(np.float64), 1, 0)
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def test_a_box_encloses_its_volume_and_faces_outwards() -> None:
    assert np.isclose(volume(box((-1, 0, 2), (1, 0.5, 5))), 3.0, rtol=1e-5)


def test_a_turned_cylinder_encloses_its_volume_and_faces_outwards() -> None:
    column = lathe([(0.0, 0.0), (0.5, 0.0), (0.5, 2.0), (0.0, 2.0)], sides=180)
    assert np.isclose(volume(column), np.pi * 0.25 * 2, rtol=1e-3)


def test_a_level_set_encloses_its_volume_and_faces_outwards() -> None:
    ball = level_set(lambda points: np.linalg.norm(points, axis=1) - 0.5, (-0.6,) * 3, (0.6,) * 3, 0.02)
    assert np.isclose(volume(ball), 4 / 3 * np.pi * 0.125, rtol=5e-3)


def test_merging_and_moving_keep_volume_and_normals() -> None:
    block = box((0, 0, 0), (1, 1, 1))
    both = merged([block, block.moved((3, 0, 0), yaw_deg=30, scale=2.0)])
    assert np.isclose(volume(both), 1 + 8, rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(both.normals, axis=1), 1, atol=1e-5)
