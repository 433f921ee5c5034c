"""Are views checked at the border, and are the sources those that triangulate well?"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from reconstructor.engine.mvs.views import (
    BadViewError,
    best_sources,
    has_content,
    largest_around,
    triangulation_angles_deg,
)
from tests.unit.reconstructor.engine.analytic import looking_at, photographed, plane, render


def test_angles_at_points_are_those_of_a_known_triangle() -> None:
    points = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, np.sqrt(3.0)]])
    angles = triangulation_angles_deg(points, np.array([-1.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0]))
    assert np.allclose(angles, [90.0, 60.0])


def test_sources_are_ordered_by_angle_and_the_reference_is_not_among_them() -> None:
    views = [image.view for image in photographed("leaning_wall")]  # 8 degrees apart
    names = [source.image_number for source in best_sources(views[0], views, 3)]
    assert names == [2, 1, 3]  # 16, 8 and 24 degrees: the best is 12, and small angles hurt more
    assert 2 not in [source.image_number for source in best_sources(views[2], views, 9)]


def test_an_image_from_the_same_place_is_the_last_choice() -> None:
    views = [image.view for image in photographed("leaning_wall")]
    twin = replace(views[2], image_number=90)
    assert best_sources(views[2], [twin, views[1], views[3]], 3)[-1].image_number == 90


def test_images_without_common_points_are_no_sources() -> None:
    views = [image.view for image in photographed("leaning_wall")]
    stranger = replace(views[1], image_number=91, sparse_ids=views[1].sparse_ids + 1_000_000)
    assert best_sources(views[0], [stranger], 3) == []


def test_black_of_a_mask_has_no_content_and_dark_pixels_have() -> None:
    view = photographed("leaning_wall")[0].view
    pixels = torch.clamp(view.image_rgb, min=1)
    pixels[:, :10] = 0
    content = has_content(replace(view, image_rgb=pixels))
    assert not content[:, :9].any()
    assert content[:, 9:].all()  # the mask's edge touches what is shown


def test_halving_keeps_what_a_pixel_sees() -> None:
    wall = plane((0.0, 0.0, 1.0), (0.0, 0.0, -1.0))
    whole = render(wall, looking_at((0.0, 0.3, -3.0), (0.0, 0.0, 1.0)), size=(41, 61), noise=0.0).view
    half = whole.halved()
    assert (half.height, half.width) == (20, 30)
    assert np.allclose(half.camera_matrix[:2], whole.camera_matrix[:2] / 2.0)
    block = whole.image_rgb[4:6, 8:10].to(torch.float32).mean(dim=(0, 1))
    assert torch.allclose(half.image_rgb[2, 4].to(torch.float32), block, atol=0.51)


@pytest.mark.parametrize(
    "change",
    [
        {"image_rgb": torch.zeros(4, 4, 3)},
        {"intrinsics": np.array([0.0, 1.0, 2.0, 2.0])},
        {"intrinsics": np.array([1.0, 1.0, np.nan, 2.0])},
        {"camera_from_world": np.full((4, 4), np.inf)},
        {"sparse_ids": np.arange(3)},
    ],
)
def test_views_that_do_not_fit_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadViewError):
        replace(photographed("leaning_wall")[0].view, **change)


def test_pixels_stay_in_main_memory_until_they_are_needed_on_the_device() -> None:
    view = replace(photographed("leaning_wall")[0].view, compute_device=torch.device("meta"))
    assert (view.device.type, view.image_rgb.device.type) == ("meta", "cpu")
    there = view.on_device()
    assert there.image_rgb.device.type == there.halved().gray().device.type == "meta"
    assert view.without_pixels().image_rgb.device.type == "meta"
    assert there.on_device() is there


@pytest.mark.parametrize(("shape", "reach_px"), [((23, 31), 4), ((5, 40), 8), ((9, 9), 1)])
def test_the_largest_around_is_that_of_max_pooling(shape: tuple[int, int], reach_px: int) -> None:
    values = torch.rand(shape, generator=torch.Generator().manual_seed(reach_px)) - 0.5
    pooled = torch.nn.functional.max_pool2d(values[None], 2 * reach_px + 1, stride=1, padding=min(reach_px, 8))[0]
    assert torch.equal(largest_around(values, reach_px), pooled)
    assert torch.equal(largest_around(values > 0.4, reach_px), pooled > 0.4)


def test_half_the_size_holds_means_of_four_pixels() -> None:
    view = photographed("leaning_wall")[0].view
    pixels = view.image_rgb[:94, :142].to(torch.float32)
    odd = replace(view, image_rgb=view.image_rgb[:95, :143].contiguous()).halved().image_rgb
    assert torch.equal(odd, pixels.reshape(47, 2, 71, 2, 3).mean(dim=(1, 3)).round().to(torch.uint8))
