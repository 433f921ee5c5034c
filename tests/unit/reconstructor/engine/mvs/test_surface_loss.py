"""Is surface that a refetch would take away counted, and nothing else?"""

from dataclasses import replace

import torch

from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.entry import Entry
from reconstructor.engine.mvs.surface_loss import surface_lost_share
from reconstructor.engine.mvs.views import View
from tests.unit.reconstructor.engine.analytic import photographed

IMAGES = {image.view.image_number: image for image in photographed("leaning_wall")}
VIEWS = {number: image.view for number, image in IMAGES.items()}
SHAPE = (VIEWS[0].height, VIEWS[0].width)
EVERYWHERE = torch.ones(SHAPE, dtype=torch.bool)
LEFT_THIRD = torch.arange(SHAPE[1]).expand(SHAPE) < SHAPE[1] // 3


def entry(number: int, published: torch.Tensor, scale: float = 1.0) -> Entry:
    depth = IMAGES[number].depth * scale
    is_there = torch.isfinite(depth)
    depth_map = DepthMap(
        inverse_depth=torch.where(is_there, depth.reciprocal(), 1.0),
        deviation=torch.full(SHAPE, 0.001),
        confidence=torch.full(SHAPE, 0.5),
        valid=is_there,
    )
    sources = [view for other, view in VIEWS.items() if other != number][:3]
    return Entry.of(VIEWS[number], sources, depth_map).publishing(published & is_there)


def live() -> dict[int, Entry]:
    return {number: entry(number, EVERYWHERE) for number in (0, 1, 2)}


def test_the_same_maps_lose_nothing() -> None:
    assert surface_lost_share(live(), live(), VIEWS) == 0.0


def test_a_surface_of_another_scale_is_still_there() -> None:
    shrunk = {number: entry(number, EVERYWHERE, scale=0.7) for number in (0, 1, 2)}
    moved = {number: _scaled(view, 0.7) for number, view in VIEWS.items()}
    assert surface_lost_share(live(), shrunk, moved) == 0.0


def test_what_no_map_shows_any_more_is_lost() -> None:
    """The left third of every image; other images show a part of what one of them loses there."""
    after = {number: entry(number, ~LEFT_THIRD) for number in (0, 1, 2)}
    assert 0.05 < surface_lost_share(live(), after, VIEWS) < 0.34


def test_what_another_image_shows_is_not_lost() -> None:
    only_first = {0: entry(0, EVERYWHERE)}
    after = {0: entry(0, ~LEFT_THIRD), **{number: entry(number, EVERYWHERE) for number in (1, 2, 3)}}
    assert surface_lost_share(only_first, after, VIEWS) < 0.1


def test_an_image_that_is_no_longer_placed_is_not_counted() -> None:
    rest = {number: VIEWS[number] for number in (0, 1)}
    assert surface_lost_share(live(), {number: entry(number, EVERYWHERE) for number in rest}, rest) == 0.0


def test_provisional_points_are_not_counted() -> None:
    provisional = {0: replace(entry(0, EVERYWHERE), sources=(VIEWS[1],))}
    assert surface_lost_share(provisional, {}, {}) == 0.0


def _scaled(view: View, factor: float) -> View:
    pose = view.camera_from_world.copy()
    pose[:3, 3] *= factor
    return replace(view, camera_from_world=pose, sparse_in_world=view.sparse_in_world * factor)
