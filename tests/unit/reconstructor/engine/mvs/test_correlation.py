"""Is the correlation the textbook's, is it highest at the true depth, and is the unseen told from the unlike?"""

import numpy as np
import torch

from reconstructor.engine.mvs.correlation import UNSEEN, box_mean, correlation_scores
from reconstructor.engine.mvs.plane_sweep import matchable
from tests.unit.reconstructor.engine.analytic import photographed


def test_box_means_are_those_of_the_definition() -> None:
    values = torch.rand(12, 15, 5, generator=torch.Generator().manual_seed(1))
    means = box_mean(values, 5)
    assert torch.allclose(means[6, 7], values[4:9, 5:10].mean(dim=(0, 1)), atol=1e-6)
    assert torch.allclose(means[0, 0], values[:3, :3].sum(dim=(0, 1)) / 25.0, atol=1e-6)


def test_the_score_of_an_identical_source_is_the_textbook_correlation() -> None:
    images = photographed("leaning_wall")
    view = images[2].view
    scores = correlation_scores(view.gray(), matchable(view, [view]), torch.ones(1, 1, 1), window=7)
    assert float(scores[5:-5, 5:-5].min()) > 0.88  # one, but for the camera's noise variance in the denominator
    brighter = [(0.5 * gray + 0.2, projection) for gray, projection in matchable(view, [view])]
    changed = correlation_scores(view.gray(), brighter, torch.ones(1, 1, 1), window=7)
    assert float((changed - scores)[5:-5, 5:-5].abs().median()) < 0.05  # the noise variance weighs more
    negative = [(-gray, projection) for gray, projection in matchable(view, [view])]
    opposed = correlation_scores(view.gray(), negative, torch.ones(1, 1, 1), window=7)
    assert float((opposed + scores)[5:-5, 5:-5].abs().max()) < 1e-4


def test_the_true_depth_scores_above_depths_two_percent_off() -> None:
    images = photographed("leaning_wall")
    reference, true = images[2].view, images[2].depth.reciprocal()
    hypotheses = torch.stack([0.98 * true, true, 1.02 * true], dim=2)
    sources = matchable(reference, [images[1].view, images[3].view, images[4].view])
    scores = correlation_scores(reference.gray(), sources, hypotheses, window=7)[8:-8, 24:-24]
    assert float(scores[:, :, 1].median()) > 0.85
    assert float((scores.argmax(dim=2) == 1).float().mean()) > 0.99


def test_one_occluding_source_of_three_does_not_lower_the_score() -> None:
    images = photographed("leaning_wall")
    reference, true = images[2].view, images[2].depth.reciprocal()[:, :, None]
    sources = matchable(reference, [images[1].view, images[3].view])
    hidden = (torch.rand_like(sources[0][0]), sources[0][1])
    clear = correlation_scores(reference.gray(), sources[1:], true, window=7)
    with_hidden = correlation_scores(reference.gray(), [*sources, hidden], true, window=7)
    inner = (slice(8, -8), slice(24, -24))
    assert float((with_hidden - clear)[inner].median()) > -0.05


def test_pixels_that_no_source_sees_are_unseen() -> None:
    images = photographed("leaning_wall")
    reference = images[2].view
    scores = correlation_scores(
        reference.gray(), matchable(reference, [images[1].view]), torch.full((1, 1, 1), 4.0), window=7
    )
    assert bool((scores == UNSEEN).any())
    assert np.isfinite(scores.numpy()).all()
