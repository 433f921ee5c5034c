"""Which plane fits each pixel best? PatchMatch stereo with checkerboard propagation, for `quality = "high"`.

Pixels of one colour of a checkerboard try the planes of their neighbours, which have the other colour (propagation), and
small changes of their own plane (perturbation), and keep what costs least. The cost is one of correlation and of
difference from the neighbours' planes. The search starts at the result of semi-global matching and stays within a pixel.
Source: Galliani et al., "Massively Parallel Multiview Stereopsis by Surface Normal Diffusion", ICCV 2015, section 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor

from reconstructor.engine.mvs.bilateral_windows import Planes, WeightedWindows
from reconstructor.engine.mvs.correlation import UNSEEN
from reconstructor.engine.mvs.projection import Projection
from reconstructor.engine.mvs.refinement import BestHypothesis

_NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))  # rows and columns
_FIT_RADIUS = 2
_FIT_EDGE_PX = 1.0  # a neighbour whose depth differs by this parallax belongs to another surface
_FIT_FIRMNESS = 1e-3  # regularisation: a pixel without neighbours on its surface gets a fronto-parallel plane
_PEAK_PX = 0.25
_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchMatchSettings:
    """Settings of the search.

    Measured on rendered objects, 7 images of 480 pixels width, 2026-11-24: F at 1 sampling distance grew from 0.73 to
    0.77 (statue), 0.71 to 0.74 (facade) and 0.61 to 0.64 (vault); with half the step cost to 0.76 on the statue.

    Attributes:
        radius: half the side of the windows, pixels.
        luma_sigma: the standard deviation of the Gaussian weight of a difference of luma (0 to 1) in a window.
        rounds: how often both colours are updated.
        change_px: the first perturbation of a pixel's own plane, pixels of parallax; halved with each round.
        reach_px: the largest distance from the starting depth, pixels of parallax.
        step_cost: the cost of one pixel of parallax between a plane and its neighbours' planes; correlation costs 0 to 1.
    """

    radius: int = 3
    luma_sigma: float = 0.06
    rounds: int = 3
    change_px: float = 0.25
    reach_px: float = 1.0
    step_cost: float = 0.3


def patch_match(
    gray: Tensor, sources: Sequence[tuple[Tensor, Projection]], match: BestHypothesis, settings: PatchMatchSettings
) -> BestHypothesis:
    """Refine a match by planes; the scores become those of the weighted windows.

    Args:
        gray: (H, W) float32 luma of the reference, 0 to 1.
        sources: the luma (H', W') float32 of each source, 0 to 1, and the projection from the reference into it.
        match: where the search starts.
        settings: how far and how often it searches.
    """
    return _Search(gray, sources, match, settings).run()


class _Search:
    def __init__(
        self,
        gray: Tensor,
        sources: Sequence[tuple[Tensor, Projection]],
        match: BestHypothesis,
        settings: PatchMatchSettings,
    ) -> None:
        self._settings, self._match = settings, match
        self._windows = WeightedWindows(gray, sources, radius=settings.radius, luma_sigma=settings.luma_sigma)
        self._rows = torch.arange(gray.numel(), device=gray.device)
        self._start = match.inverse_depth.reshape(-1)
        self._speed = match.speed.reshape(-1).clamp_min(torch.finfo(torch.float32).tiny)
        self._planes = fitted_planes(match)
        self._scores = self._windows.scores(self._rows, self._planes)
        self._random = torch.Generator().manual_seed(_SEED)  # on the CPU: the same on every device

    def run(self) -> BestHypothesis:
        width = self._match.speed.shape[1]
        colour = (self._rows // width + self._rows % width) % 2
        for turn in range(self._settings.rounds):
            change_px = self._settings.change_px * 0.5**turn
            for rows in (self._rows[colour == 0], self._rows[colour == 1]):
                self._improve(rows, change_px)
        shape = self._match.speed.shape
        return replace(self._match, inverse_depth=self._peaks().view(shape), score=self._scores.view(shape))

    def _improve(self, rows: Tensor, change_px: float) -> None:
        """Let these pixels take a cheaper plane; their neighbours have the other colour and do not change meanwhile."""
        said = list(self._said_by_neighbours(rows))
        planes, scores = self._planes.take(rows), self._scores[rows]
        costs = self._costs(rows, planes, scores, said)
        for candidate in [*said, *self._changed(rows, change_px)]:
            found = self._windows.scores(rows, candidate)
            found_costs = self._costs(rows, candidate, found, said)
            moved_px = (candidate.inverse_depth - self._start[rows]).abs() * self._speed[rows]
            is_better = (found_costs < costs) & (found > UNSEEN) & (moved_px <= self._settings.reach_px)
            is_better &= candidate.inverse_depth > 0.0
            planes, costs = planes.where(is_better, candidate), torch.where(is_better, found_costs, costs)
            scores = torch.where(is_better, found, scores)
        self._planes.put(rows, planes)
        self._scores[rows] = scores

    def _said_by_neighbours(self, rows: Tensor) -> Iterator[Planes]:
        """Each neighbour's plane, continued to these pixels."""
        height, width = self._match.speed.shape
        row, column = rows // width, rows % width
        for down, across in _NEIGHBOURS:
            other_row, other_column = (row + down).clamp(0, height - 1), (column + across).clamp(0, width - 1)
            yield self._planes.take(other_row * width + other_column).shifted(column - other_column, row - other_row)

    def _changed(self, rows: Tensor, change_px: float) -> Iterator[Planes]:
        """Perturb the pixels' own planes: nearer, farther, and tilted at random."""
        step, planes = change_px / self._speed[rows], self._planes.take(rows)
        for sign in (1.0, -1.0):
            yield replace(planes, inverse_depth=planes.inverse_depth + sign * step)
        turns = torch.randn((2, len(rows)), generator=self._random).to(step.device) * step / (self._settings.radius + 1)
        yield replace(planes, across=planes.across + turns[0], down=planes.down + turns[1])

    def _costs(self, rows: Tensor, planes: Planes, scores: Tensor, said: Sequence[Planes]) -> Tensor:
        gaps = [(planes.inverse_depth - each.inverse_depth).abs() * self._speed[rows] for each in said]
        apart_px = torch.stack([gap.clamp_max(1.0) for gap in gaps]).mean(dim=0)
        return (1.0 - scores) / 2.0 + self._settings.step_cost * apart_px

    def _peaks(self) -> Tensor:
        """The top of the parabola through the scores a quarter of a pixel nearer and farther."""
        step = _PEAK_PX / self._speed
        near, far = (
            self._windows.scores(
                self._rows, replace(self._planes, inverse_depth=self._planes.inverse_depth + sign * step)
            )
            for sign in (1.0, -1.0)
        )
        bend = far - 2.0 * self._scores + near
        offset = (0.5 * (far - near) / bend).clamp(-1.0, 1.0)
        is_peak = (bend < 0.0) & (near > UNSEEN) & (far > UNSEEN)
        return self._planes.inverse_depth + torch.where(is_peak, offset, 0.0) * step


def fitted_planes(match: BestHypothesis) -> Planes:
    """The local planes of a smooth inverse depth map (H, W): least squares over 5 x 5 pixels of the same surface."""
    device = match.inverse_depth.device
    around = F.pad(match.inverse_depth[None, None], [_FIT_RADIUS] * 4, mode="replicate")
    middle = match.inverse_depth.reshape(-1)
    gaps = F.unfold(around, 2 * _FIT_RADIUS + 1)[0] - middle
    weights = (gaps * match.speed.reshape(-1) / _FIT_EDGE_PX).square().neg().exp()
    reach = torch.arange(-_FIT_RADIUS, _FIT_RADIUS + 1, dtype=torch.float32, device=device)
    down, across = torch.meshgrid(reach, reach, indexing="ij")
    terms = torch.stack([torch.ones_like(across), across, down]).reshape(3, -1)  # of the affine function that is fitted
    normal = torch.einsum("ik,jk,kn->nij", terms, terms, weights) + _FIT_FIRMNESS * torch.eye(3, device=device)
    right = torch.einsum("ik,kn,kn->ni", terms, weights, gaps)
    solved = torch.linalg.solve(normal, right)
    return Planes(inverse_depth=middle.clone(), across=solved[:, 1].contiguous(), down=solved[:, 2].contiguous())
