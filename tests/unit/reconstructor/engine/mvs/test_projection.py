"""Do pixels fall where the geometry says, to a thousandth of a pixel?"""

import numpy as np
import torch

from reconstructor.engine.mvs.depth_maps import points_in_camera
from reconstructor.engine.mvs.projection import Projection, pixel_centers
from tests.unit.reconstructor.engine.analytic import photographed


def test_pixels_fall_where_the_camera_matrices_put_their_points() -> None:
    reference, source = (image.view for image in photographed("leaning_wall")[:2])
    depth = photographed("leaning_wall")[0].depth
    pixels = pixel_centers(reference.height, reference.width, reference.device)
    x, y, ratio = Projection.between(reference, source).at(pixels, depth.reciprocal()[:, :, None])
    points = points_in_camera(reference, depth.reciprocal()).numpy().reshape(3, -1).astype(np.float64)
    to_source = source.camera_from_world @ np.linalg.inv(reference.camera_from_world)
    in_source = to_source[:3, :3] @ points + to_source[:3, 3:]
    expected = source.camera_matrix @ in_source
    assert np.abs(x.numpy().ravel() - expected[0] / expected[2]).max() < 1e-3
    assert np.abs(y.numpy().ravel() - expected[1] / expected[2]).max() < 1e-3
    assert np.abs(ratio.numpy().ravel() - in_source[2] / points[2]).max() < 1e-5


def test_samples_at_pixel_centres_are_the_pixels() -> None:
    reference, source = (image.view for image in photographed("leaning_wall")[:2])
    pixels = pixel_centers(source.height, source.width, source.device)
    gray = source.gray()
    sampled = Projection.between(reference, source).sample(gray, pixels[0][:, :, None], pixels[1][:, :, None])
    assert torch.allclose(sampled[:, :, 0], gray, atol=1e-4)


def test_points_behind_the_source_are_far_outside_and_do_not_move() -> None:
    reference, source = (image.view for image in photographed("leaning_wall")[::4])
    pixels = pixel_centers(reference.height, reference.width, reference.device)
    projection = Projection.between(reference, source)
    side = -1.0 if float(projection.epipole[2]) > 0.0 else 1.0
    nearer = torch.full((1, 1, 1), side * 50.0 / abs(float(projection.epipole[2])))
    x, y, ratio = projection.at(pixels, nearer)
    is_behind = ratio <= 0.0
    assert bool(is_behind.any())
    assert not bool(projection.is_inside(x, y, 0.0)[is_behind].any())
    assert float(projection.pixels_per_inverse_depth(pixels, nearer)[is_behind].abs().max()) == 0.0


def test_speed_is_the_derivative_of_the_path() -> None:
    images = photographed("ball_before_wall")
    reference, source = images[1].view, images[3].view
    inverse_depth = images[1].depth.reciprocal()[:, :, None]
    pixels = pixel_centers(reference.height, reference.width, reference.device)
    projection = Projection.between(reference, source)
    x, y, _ = projection.at(pixels, inverse_depth)
    moved_x, moved_y, _ = projection.at(pixels, inverse_depth + 1e-2)
    speed = projection.pixels_per_inverse_depth(pixels, inverse_depth + 5e-3)
    assert torch.allclose(torch.hypot(moved_x - x, moved_y - y) / 1e-2, speed, rtol=1e-2)
