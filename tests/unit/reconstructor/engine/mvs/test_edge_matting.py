"""Do pixels beside an object lose the depth of the object, and nothing else its own?"""

import numpy as np
import torch
from torch import Tensor

from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.edge_matting import without_rims
from reconstructor.engine.mvs.views import View

SIZE = 80
SQUARE = (slice(20, 60), slice(20, 60))
FAT = (slice(17, 63), slice(17, 63))  # the square's depth as a wide window finds it
STONE, PAVING = (200, 170, 120), (60, 80, 90)


def photographed(behind: tuple[int, int, int] = PAVING) -> View:
    pixels = torch.tensor(behind, dtype=torch.uint8).expand(SIZE, SIZE, 3).clone()
    pixels[SQUARE] = torch.tensor(STONE, dtype=torch.uint8)
    return View(
        image_number=1,
        image_rgb=pixels,
        intrinsics=np.array([80.0, 80.0, 40.0, 40.0]),
        camera_from_world=np.eye(4),
        sparse_ids=np.empty(0, np.int64),
        sparse_in_world=np.empty((0, 3)),
    )


def matched(*, has_background: bool) -> DepthMap:
    inverse = torch.full((SIZE, SIZE), 0.25)
    inverse[FAT] = 0.5
    valid = torch.full((SIZE, SIZE), has_background)
    valid[FAT] = True
    return DepthMap(
        inverse_depth=inverse,
        deviation=torch.full_like(inverse, 0.01),
        confidence=torch.ones_like(inverse),
        valid=valid,
    )


def lost(before: DepthMap, view: View) -> Tensor:
    return before.valid & ~without_rims(view, before).valid


def in_rim() -> Tensor:
    rim = torch.zeros((SIZE, SIZE), dtype=torch.bool)
    rim[FAT] = True
    rim[SQUARE] = False
    return rim


def test_the_rim_before_a_background_is_cut_and_nothing_else() -> None:
    assert torch.equal(lost(matched(has_background=True), photographed()), in_rim())


def test_the_rim_before_the_sky_which_has_no_depth_is_cut_too() -> None:
    assert torch.equal(lost(matched(has_background=False), photographed()), in_rim())


def test_where_both_sides_look_alike_nothing_is_cut() -> None:
    assert not bool(lost(matched(has_background=True), photographed(behind=STONE)).any())


def test_sides_that_hardly_differ_tell_nothing() -> None:
    """A pixel of the near side may be nearer in colour to the far one by noise alone."""
    assert not bool(lost(matched(has_background=True), photographed(behind=(204, 173, 123))).any())


def test_small_holes_are_no_background() -> None:
    depth_map = matched(has_background=False)
    holes = depth_map.valid.clone()
    holes[40:43, 40:43] = False
    view = photographed()
    view.image_rgb[38:45, 38:45] = torch.tensor(PAVING, dtype=torch.uint8)
    holed = depth_map.masked(holes)
    assert not bool(lost(holed, view)[30:50, 30:50].any())


def test_a_map_without_edges_stays() -> None:
    flat = torch.full((SIZE, SIZE), 0.5)
    whole = DepthMap(
        inverse_depth=flat, deviation=flat * 0.01, confidence=flat, valid=torch.ones_like(flat, dtype=torch.bool)
    )
    assert without_rims(photographed(), whole) is whole
