"""Which inverse depth is best for a pixel and its neighbours? Semi-global matching, all scanlines at once.

Source: Hirschmüller, "Stereo Processing by Semiglobal Matching and Mutual Information", PAMI 2008, section 2.3.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

STEPS_PER_COST = 400  # eight directions of costs up to 1 and jump penalties up to 2 stay far below 32,767


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothness:
    """Penalties in units of the cost (0 to 1).

    Attributes:
        step_penalty: P1, for a difference of one plane between neighbours.
        jump_penalty: P2, for any larger difference, where the image has no edge.
        edge_contrast: the difference of luma (0 to 1) at which the jump penalty is halved.
        is_diagonal: eight directions instead of four.
    """

    step_penalty: float
    jump_penalty: float
    edge_contrast: float = 0.06
    is_diagonal: bool = False


def semi_global_costs(costs: Tensor, gray: Tensor, smoothness: Smoothness) -> Tensor:
    """Aggregate the costs along straight paths to each pixel, from four or eight directions.

    Args:
        costs: (H, W, D) float32, 0 to 1, of D ordered hypotheses for each pixel.
        gray: (H, W) float32 luma of the same pixels, 0 to 1; jumps are cheaper across its edges.
        smoothness: the penalties.

    Returns:
        (H, W, D) int16, the sum over all directions, in steps of 1 / 400: half the memory and half the time of float32,
        the same depth to a thousandth for 98 % of the pixels (2026-11-28).
    """
    slants = (0, 1, -1) if smoothness.is_diagonal else (0,)
    steps = (costs * STEPS_PER_COST).round_().to(torch.int16)
    vertical = _both_ways(steps, gray, smoothness, slants)
    horizontal = _both_ways(steps.transpose(0, 1), gray.T, smoothness, (0,))
    return vertical.add_(horizontal.transpose(0, 1))


def _both_ways(costs: Tensor, gray: Tensor, smoothness: Smoothness, slants: tuple[int, ...]) -> Tensor:
    """Aggregate downwards and upwards at once: both directions of all slants are one batch of 2 * len(slants)."""
    ways = torch.stack([costs, costs.flip(0)])
    if len(slants) > 1:
        ways = ways.repeat(len(slants), 1, 1, 1)
    lumas = torch.stack([gray, gray.flip(0)])
    jumps = torch.cat([_jump_penalties(lumas, slant, smoothness) for slant in slants])
    jumps = (jumps * STEPS_PER_COST).round_().to(torch.int16)
    step_penalty = round(smoothness.step_penalty * STEPS_PER_COST)
    for row in range(1, ways.shape[1]):
        before = _shifted(ways[:, row - 1], slants)
        lowest = before.amin(dim=2, keepdim=True)
        best = torch.minimum(before, lowest + jumps[:, row - 1, :, None])
        stepped = before + step_penalty
        torch.minimum(best[:, :, 1:], stepped[:, :, :-1], out=best[:, :, 1:])
        torch.minimum(best[:, :, :-1], stepped[:, :, 1:], out=best[:, :, :-1])
        ways[:, row] += best.sub_(lowest)
    down, up = (
        (ways[0], ways[1])
        if len(slants) == 1
        else (ways[0::2].sum(dim=0, dtype=torch.int16), ways[1::2].sum(dim=0, dtype=torch.int16))
    )
    return up.flip(0).add_(down)


def _shifted(paths: Tensor, slants: tuple[int, ...]) -> Tensor:
    """(2 * slants, W, D) moved sideways to the next row's pixels; a path from beyond the border starts at zero."""
    if slants == (0,):
        return paths
    moved = []
    for pair, slant in zip(torch.split(paths, 2), slants, strict=True):
        moved.append(pair.roll(slant, dims=1))
        if slant != 0:
            moved[-1][:, 0 if slant > 0 else -1] = 0
    return torch.cat(moved)


def _jump_penalties(lumas: Tensor, slant: int, smoothness: Smoothness) -> Tensor:
    """(2, H - 1, W) float32, between each row's pixels and their predecessors in the previous row."""
    contrast = (lumas[:, 1:] - lumas[:, :-1].roll(slant, dims=2)).abs()
    softened = smoothness.jump_penalty / (1.0 + contrast / smoothness.edge_contrast)
    return softened.clamp_min(smoothness.step_penalty)
