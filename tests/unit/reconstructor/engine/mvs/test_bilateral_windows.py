"""Is the weighted correlation that of its definition, and do windows end at edges?"""

import numpy as np
import pytest
import torch

from reconstructor.engine.mvs.bilateral_windows import Planes, WeightedWindows
from reconstructor.engine.mvs.correlation import NOISE_VARIANCE, UNSEEN
from reconstructor.engine.mvs.plane_sweep import matchable
from tests.unit.reconstructor.engine.analytic import photographed


def planes(count: int, inverse_depth: float = 0.25) -> Planes:
    level = torch.zeros(count)
    return Planes(inverse_depth=torch.full((count,), inverse_depth), across=level, down=level.clone())


@pytest.mark.parametrize("luma_sigma", [0.05, 1e6])
def test_the_score_is_the_definitions(luma_sigma: float) -> None:
    images = photographed("leaning_wall")
    view, other = images[2].view, images[3].view
    projection = matchable(view, [other])[0][1]
    windows = WeightedWindows(view.gray(), matchable(view, [other]), radius=3, luma_sigma=luma_sigma)
    row, column, inverse_depth = 50, 70, 0.25
    score = windows.scores(torch.tensor([row * view.width + column]), planes(1, inverse_depth))
    ys, xs = np.mgrid[row - 3 : row + 4, column - 3 : column + 4] + 0.5
    pixels = torch.from_numpy(np.stack([xs, ys]).astype(np.float32))
    x, y, _ = projection.at(pixels, torch.full((1, 1, 1), inverse_depth))
    there = projection.sample(other.gray(), x, y)[:, :, 0].numpy().astype(np.float64)
    here = view.gray().numpy().astype(np.float64)[row - 3 : row + 4, column - 3 : column + 4]
    weight = np.exp(-0.5 * ((here - here[3, 3]) / luma_sigma) ** 2)
    weight /= weight.sum()
    means = (weight * here).sum(), (weight * there).sum()
    covariance = (weight * (here - means[0]) * (there - means[1])).sum()
    variances = [(weight * (each - mean) ** 2).sum() for each, mean in zip((here, there), means, strict=True)]
    wanted = covariance / np.sqrt((variances[0] + NOISE_VARIANCE) * (variances[1] + NOISE_VARIANCE))
    assert float(score) == pytest.approx(wanted, abs=2e-3)


def test_a_true_plane_scores_above_one_that_leans_the_other_way() -> None:
    images = photographed("leaning_wall")
    view, true = images[2].view, images[2].depth.reciprocal()
    windows = WeightedWindows(view.gray(), matchable(view, [images[0].view, images[4].view]), radius=4, luma_sigma=1.0)
    inner = torch.zeros_like(true, dtype=torch.bool)
    inner[12:-12, 40:-40] = True
    rows = inner.reshape(-1).nonzero()[:, 0]
    down, across = torch.gradient(true)
    leaning = Planes(inverse_depth=true[inner], across=across[inner], down=down[inner])
    wrong = Planes(inverse_depth=true[inner], across=-5.0 * across[inner], down=-5.0 * down[inner])
    assert float(windows.scores(rows, leaning).median()) > float(windows.scores(rows, wrong).median()) + 0.01


def test_what_no_source_sees_is_unseen() -> None:
    images = photographed("leaning_wall")
    view = images[2].view
    windows = WeightedWindows(view.gray(), matchable(view, [images[1].view]), radius=3, luma_sigma=0.1)
    rows = torch.arange(view.height * view.width)
    scores = windows.scores(rows, planes(len(rows), 4.0))
    assert bool((scores == UNSEEN).any())
    assert bool(torch.isfinite(scores).all())


def test_planes_move_with_their_pixels() -> None:
    held = Planes(inverse_depth=torch.tensor([0.5]), across=torch.tensor([0.01]), down=torch.tensor([-0.02]))
    there = held.shifted(torch.tensor([3]), torch.tensor([2]))
    assert float(there.inverse_depth) == pytest.approx(0.5 + 0.03 - 0.04)
    assert (float(there.across), float(there.down)) == pytest.approx((0.01, -0.02))
