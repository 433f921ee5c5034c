"""Does a plane for each pixel come nearer to the surface than what it begins with?"""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.patch_match import PatchMatchSettings, fitted_planes, patch_match
from reconstructor.engine.mvs.plane_sweep import PlaneSweep, SweepSettings, matchable
from reconstructor.engine.mvs.refinement import BestHypothesis
from tests.unit.reconstructor.engine.analytic import Rendered, photographed

STANDARD, HIGH = PlaneSweep(SweepSettings()), PlaneSweep(SweepSettings(slant=PatchMatchSettings()))


def errors_in_sampling_distances(image: Rendered, inverse_depth: Tensor) -> Tensor:
    return (inverse_depth.reciprocal() - image.depth).abs() / image.depth * float(image.view.intrinsics[0])


def matched(name: str, engine: PlaneSweep) -> tuple[Tensor, DepthMap]:
    """Errors (H, W) of an object's middle image, and its depth."""
    images = photographed(name)
    depth_map = engine.depth_map(images[2].view, [images[at].view for at in (1, 3, 4)])
    return errors_in_sampling_distances(images[2], depth_map.inverse_depth), depth_map


def is_at_edge(depth: Tensor) -> Tensor:
    """(H, W) bool: within 4 pixels of a jump by 0.3, where the cameras are 4 away."""
    farthest, nearest = (F.max_pool2d(sign * depth[None, None], 9, 1, 4)[0, 0] for sign in (1.0, -1.0))
    return farthest + nearest > 0.3


@pytest.mark.parametrize("name", ["ball_before_wall", "two_walls"])
def test_more_pixels_beside_an_edge_are_right(name: str) -> None:
    at_edge = is_at_edge(photographed(name)[2].depth)
    shares = []
    for engine in (STANDARD, HIGH):
        errors, depth_map = matched(name, engine)
        assert float(depth_map.valid.float().mean()) > 0.9
        shares.append(float((errors[depth_map.valid & at_edge] < 1.0).float().mean()))
    assert shares[1] > max(0.68, shares[0] + 0.03)  # 0.62 and 0.71, 0.65 and 0.70


def test_an_oblique_wall_is_flatter() -> None:
    medians = []
    for engine in (STANDARD, HIGH):
        errors, depth_map = matched("leaning_wall", engine)
        medians.append(float(errors[depth_map.valid].median()))
    assert medians[1] < 0.8 * medians[0]  # 0.07 and 0.11


def test_planes_are_those_that_the_map_has() -> None:
    rows, columns = torch.meshgrid(torch.arange(20.0), torch.arange(30.0), indexing="ij")
    match = BestHypothesis(
        inverse_depth=0.2 + 0.001 * columns - 0.002 * rows,
        score=torch.ones(20, 30),
        speed=torch.full((20, 30), 100.0),
    )
    planes = fitted_planes(match)
    inner = torch.zeros(20, 30, dtype=torch.bool)
    inner[3:-3, 3:-3] = True
    assert torch.allclose(planes.across[inner.reshape(-1)], torch.tensor(0.001), rtol=0.01)
    assert torch.allclose(planes.down[inner.reshape(-1)], torch.tensor(-0.002), rtol=0.01)


def test_a_pixel_that_is_right_stays_and_one_that_is_off_comes_back() -> None:
    images = photographed("leaning_wall")
    view, true = images[2].view, images[2].depth.reciprocal()
    pairs = matchable(view, [images[at].view for at in (1, 3, 4)])
    speed = torch.stack(
        [pair[1].pixels_per_inverse_depth(_centres(view.height, view.width), true[:, :, None]) for pair in pairs]
    )
    speed = speed[:, :, :, 0].amax(dim=0)
    off = true + 0.4 * torch.sign(torch.randn(true.shape, generator=torch.Generator().manual_seed(1))) / speed
    inner = (slice(10, -10), slice(30, -30))
    for start, most_px in ((true, 0.1), (off, 0.2)):
        match = BestHypothesis(inverse_depth=start, score=torch.zeros_like(true), speed=speed)
        found = patch_match(view.gray(), pairs, match, PatchMatchSettings())
        assert float(((found.inverse_depth - true).abs() * speed)[inner].median()) < most_px
        assert float(found.score[inner].median()) > 0.8


def test_the_same_images_give_the_same_depth() -> None:
    first, second = (matched("two_walls", HIGH)[1] for _ in range(2))
    assert torch.equal(first.inverse_depth, second.inverse_depth)
    assert torch.equal(first.valid, second.valid)


def _centres(height: int, width: int) -> Tensor:
    rows, columns = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    return torch.stack([columns + 0.5, rows + 0.5])
