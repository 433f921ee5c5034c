"""Which inverse depth is best for a pixel and its neighbours? Semi-global matching, all scanlines at once.

Source: Hirschmüller, "Stereo Processing by Semiglobal Matching and Mutual Information", PAMI 2008, section 2.3.
"""

from dataclasses import dataclass
from typing import Final, Self

import torch
from torch import Tensor

from reconstructor.engine.mvs.scanlines import BatchShape, batch_of, walk
from reconstructor.engine.parallel import in_parallel

STEPS_PER_COST = 400  # eight directions of costs up to 1 and jump penalties up to 2 stay far below 32,767
_FEW_HYPOTHESES: Final = 16  # of a refinement, whose count never changes
_COUNTED_BY: Final = 64  # so that images with different counts of planes have batches of one shape
_NEVER: Final = 4 * STEPS_PER_COST  # the cost of a hypothesis that only pads: more than any path and a jump (2) from it


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
    scans = scans_of(costs, gray, smoothness)
    return one_by_one(*scans) if costs.device.type == "cpu" else in_one_batch(*scans)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scans:
    """The directions along one side of an image, downwards and upwards; H is that side.

    Attributes:
        costs: (H, W, D) int16, like all costs here in steps of 1 / 400.
        jumps: (2 * slants, H - 1, W) int16, between each row's pixels and their predecessors in the previous row.
        step_penalty: P1.
        slants: by how many pixels the paths move sideways from row to row.
    """

    costs: Tensor
    jumps: Tensor
    step_penalty: int
    slants: tuple[int, ...]

    @classmethod
    def of(cls, costs: Tensor, gray: Tensor, smoothness: Smoothness, slants: tuple[int, ...]) -> Self:
        """The directions of these slants over costs (H, W, D) int16, 0 to 1 in steps of 1 / 400, and luma (H, W), 0 to 1."""
        lumas = torch.stack([gray, gray.flip(0)])
        jumps = torch.cat([_jump_penalties(lumas, slant, smoothness) for slant in slants])
        return cls(
            costs=costs,
            jumps=(jumps * STEPS_PER_COST).round_().to(torch.int16),
            step_penalty=round(smoothness.step_penalty * STEPS_PER_COST),
            slants=slants,
        )

    def write(self, ways: Tensor) -> None:
        """Write the costs of all directions into (2 * slants, H, W, D) int16, 0 to 1 in steps of 1 / 400."""
        ways[0::2] = self.costs
        ways[1::2] = self.costs.flip(0)

    def total(self, ways: Tensor) -> Tensor:
        """(H, W, D) int16, the sum of the path costs (2 * slants, H, W, D) int16; costs were 0 to 1."""
        down, up = (
            (ways[0], ways[1])
            if len(self.slants) == 1
            else (ways[0::2].sum(dim=0, dtype=torch.int16), ways[1::2].sum(dim=0, dtype=torch.int16))
        )
        return up.flip(0).add_(down)


def scans_of(costs: Tensor, gray: Tensor, smoothness: Smoothness) -> tuple[Scans, Scans]:
    """The vertical and the horizontal directions, whose costs are transposed; arguments as of `semi_global_costs`.

    Args:
        costs: (H, W, D) float32, 0 to 1.
        gray: (H, W) float32 luma, 0 to 1.
        smoothness: the penalties.
    """
    steps = (costs * STEPS_PER_COST).round_().to(torch.int16)
    vertical = Scans.of(steps, gray, smoothness, (0, 1, -1) if smoothness.is_diagonal else (0,))
    return vertical, Scans.of(steps.transpose(0, 1), gray.T, smoothness, (0,))


def one_by_one(vertical: Scans, horizontal: Scans) -> Tensor:
    """The sum over all directions, those along one side and those along the other by themselves: the best for caches.

    Returns:
        (H, W, D) int16, as of `semi_global_costs`: of costs 0 to 1.
    """

    def total(scans: Scans) -> Tensor:
        ways = scans.costs.new_empty((2 * len(scans.slants), *scans.costs.shape))
        scans.write(ways)
        walk(ways, scans.jumps, step_penalty=scans.step_penalty, slants=scans.slants, width=ways.shape[2])
        return scans.total(ways)

    down, across = in_parallel(total, (vertical, horizontal))
    return down.add_(across.transpose(0, 1))


def in_one_batch(vertical: Scans, horizontal: Scans) -> Tensor:
    """The sum over all directions side by side, padded to a square: the fewest steps, and few different shapes.

    Returns:
        (H, W, D) int16, as of `semi_global_costs`: of costs 0 to 1.
    """
    height, width, count = vertical.costs.shape
    shape = BatchShape(
        side=max(height, width),
        count=count if count <= _FEW_HYPOTHESES else -(-count // _COUNTED_BY) * _COUNTED_BY,
        step_penalty=vertical.step_penalty,
        slants=vertical.slants + horizontal.slants,
        width=width,
        device=vertical.costs.device,
    )
    batch = batch_of(shape)
    with batch.lock:
        batch.ways.fill_(_NEVER)
        totals = []
        parts = ((vertical, slice(0, -2)), (horizontal, slice(-2, None)))
        for scans, part in parts:
            rows, columns, _ = scans.costs.shape
            scans.write(batch.ways[part, :rows, :columns, :count])
            batch.jumps[part, : rows - 1, :columns] = scans.jumps
        batch.run()
        for scans, part in parts:
            rows, columns, _ = scans.costs.shape
            totals.append(scans.total(batch.ways[part, :rows, :columns, :count]))
    return totals[0].add_(totals[1].transpose(0, 1))


def _jump_penalties(lumas: Tensor, slant: int, smoothness: Smoothness) -> Tensor:
    """(2, H - 1, W) float32, between each row's pixels and their predecessors in the previous row."""
    contrast = (lumas[:, 1:] - lumas[:, :-1].roll(slant, dims=2)).abs()
    softened = smoothness.jump_penalty / (1.0 + contrast / smoothness.edge_contrast)
    return softened.clamp_min(smoothness.step_penalty)
