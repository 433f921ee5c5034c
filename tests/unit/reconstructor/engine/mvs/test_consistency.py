"""Do other images confirm what is right, refuse what is wrong, and sharpen what they confirm?"""

from dataclasses import replace

import torch
from torch import Tensor

from reconstructor.engine.mvs.consistency import ConsistencyThresholds, filter_consistent, is_new_surface
from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.views import View
from tests.unit.reconstructor.engine.analytic import Rendered, photographed


def measured(image: Rendered, *, noise: float, seed: int) -> DepthMap:
    """Exact inverse depth with Gaussian noise of a known standard deviation."""
    exact = image.depth.reciprocal()
    wobble = torch.randn(exact.shape, generator=torch.Generator().manual_seed(seed)) * noise
    return DepthMap(
        inverse_depth=exact + wobble,
        deviation=torch.full_like(exact, noise),
        confidence=torch.full_like(exact, 0.6),
        valid=torch.ones_like(exact, dtype=torch.bool),
    )


def check_images(name: str, noise: float = 2e-4) -> tuple[list[Rendered], list[tuple[View, DepthMap]]]:
    images = list(photographed(name))
    return images, [(image.view, measured(image, noise=noise, seed=at)) for at, image in enumerate(images)]


def errors(image: Rendered, depth_map: DepthMap) -> Tensor:
    return (depth_map.inverse_depth - image.depth.reciprocal())[depth_map.valid].abs()


def test_right_depths_are_confirmed_and_the_mean_is_sharper() -> None:
    images, others = check_images("leaning_wall")
    view, depth_map = others[2]
    result = filter_consistent(view, depth_map, [others[at] for at in (0, 1, 3, 4)], ConsistencyThresholds())
    assert float(result.valid.float().mean()) > 0.8
    assert float(errors(images[2], result).square().mean().sqrt()) < 0.65 * 2e-4
    expected = errors(images[2], result).square().mean().sqrt()
    assert 0.5 < float(result.deviation[result.valid].mean() / expected) < 2.0
    assert 0.75 < float(result.confidence[result.valid].min()) <= float(result.confidence.max()) <= 0.95


def test_wrong_depths_are_refused() -> None:
    images, others = check_images("leaning_wall")
    view, depth_map = others[2]
    is_wrong = torch.rand(depth_map.valid.shape, generator=torch.Generator().manual_seed(9)) < 0.3
    mixed = torch.where(is_wrong, 1.05 * depth_map.inverse_depth, depth_map.inverse_depth)
    result = filter_consistent(
        view, replace(depth_map, inverse_depth=mixed), [others[1], others[3]], ConsistencyThresholds()
    )
    assert not bool((result.valid & is_wrong).any())
    assert float(errors(images[2], result).max()) < 1.2e-3


def test_one_witness_is_not_enough_unless_one_is_asked_for() -> None:
    _, others = check_images("leaning_wall")
    view, depth_map = others[2]
    assert not bool(filter_consistent(view, depth_map, [others[3]], ConsistencyThresholds()).valid.any())
    assert bool(filter_consistent(view, depth_map, [others[3]], ConsistencyThresholds(min_count=1)).valid.any())


def test_a_noisier_layer_is_averaged_in_but_confirms_nothing() -> None:
    _, others = check_images("leaning_wall")
    view, depth_map = others[2]
    other, its_map = others[3]
    layer = (other, replace(its_map, inverse_depth=1.014 * its_map.inverse_depth))
    strict = replace(ConsistencyThresholds(min_count=1), round_trip_px=10.0, averaged_round_trip_px=10.0)
    assert not bool(filter_consistent(view, depth_map, [layer], strict).valid[20:-20, 20:-20].any())
    both = filter_consistent(view, depth_map, [others[1], layer], strict)
    alone = filter_consistent(view, depth_map, [others[1]], strict)
    shift = (both.inverse_depth / alone.inverse_depth - 1.0)[both.valid & alone.valid]
    assert 0.003 < float(shift.median()) < 0.007  # a third of the way: all three are as sure


def test_witnesses_from_the_same_place_prove_nothing() -> None:
    _, others = check_images("leaning_wall")
    view, depth_map = others[2]
    twins = [(replace(view, image_number=100 + number), depth_map) for number in range(3)]
    assert not bool(filter_consistent(view, depth_map, twins, ConsistencyThresholds()).valid.any())


def test_invalid_pixels_of_a_witness_do_not_count() -> None:
    _, others = check_images("leaning_wall")
    view, depth_map = others[2]
    blind = [(other, replace(seen, valid=torch.zeros_like(seen.valid))) for other, seen in (others[1], others[3])]
    assert not bool(filter_consistent(view, depth_map, blind, ConsistencyThresholds()).valid.any())


def test_occluded_pixels_are_not_confirmed_by_what_hides_them() -> None:
    images, others = check_images("two_walls", noise=1e-6)
    view, depth_map = others[0]
    result = filter_consistent(view, depth_map, others[1:], ConsistencyThresholds())
    assert float(errors(images[0], result).max()) < 1e-3
    assert float(result.valid.float().mean()) > 0.7


def test_what_an_earlier_image_shows_is_not_new_and_what_it_hides_is() -> None:
    images, others = check_images("two_walls", noise=1e-6)
    view, depth_map = others[4]
    is_new = is_new_surface(view, depth_map, [others[2]], ConsistencyThresholds())
    is_hidden = hidden(images[4], images[2])
    assert float(is_new[~is_hidden].float().mean()) < 0.06  # the border of the hidden, and a pixel beside it
    assert float(is_new[is_hidden].float().mean()) > 0.9


def test_a_sharper_look_is_new() -> None:
    _, others = check_images("leaning_wall")
    view, depth_map = others[2]
    coarse = (others[1][0], replace(others[1][1], deviation=2.0 * others[1][1].deviation))
    assert bool(is_new_surface(view, depth_map, [coarse], ConsistencyThresholds()).all())


def hidden(image: Rendered, other: Rendered) -> Tensor:
    """Pixels whose true point the other image does not show, by its true depth."""
    truth = measured(image, noise=1e-9, seed=0), measured(other, noise=1e-9, seed=0)
    shown = filter_consistent(
        image.view, truth[0], [(other.view, truth[1])], ConsistencyThresholds(min_count=1, min_angle_deg=0.1)
    )
    return ~shown.valid


def test_what_is_stored_where_there_is_no_depth_disturbs_no_neighbour() -> None:
    _, others = check_images("leaning_wall")
    view, depth_map = others[2]
    holes = torch.zeros_like(depth_map.valid)
    holes[::6, ::6] = True
    confirmed_by = []
    for nonsense in (1.0, 0.1):
        stored = torch.where(holes, nonsense * depth_map.inverse_depth, depth_map.inverse_depth)
        spoiled = [
            (other, replace(its, inverse_depth=torch.where(holes, stored, its.inverse_depth), valid=~holes))
            for other, its in (others[1], others[3])
        ]
        found = filter_consistent(view, depth_map, spoiled, ConsistencyThresholds())
        confirmed_by.append((found.valid, found.inverse_depth[found.valid]))
    assert torch.equal(confirmed_by[0][0], confirmed_by[1][0])
    assert torch.allclose(confirmed_by[0][1], confirmed_by[1][1])
    assert float(confirmed_by[0][0].float().mean()) > 0.7
