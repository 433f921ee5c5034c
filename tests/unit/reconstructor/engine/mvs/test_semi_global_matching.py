"""Does semi-global matching do what its definition says, from every side?"""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from reconstructor.engine.mvs.semi_global_matching import (
    STEPS_PER_COST,
    Smoothness,
    in_one_batch,
    one_by_one,
    scans_of,
    semi_global_costs,
)

STEP, JUMP = 0.05, 0.4
SMOOTHNESS = Smoothness(step_penalty=STEP, jump_penalty=JUMP)


def walked(costs: NDArray[np.float64], way: tuple[int, int]) -> NDArray[np.float64]:
    """One direction's path costs by the plain recursion of the paper."""
    height, width, _ = costs.shape
    path = np.zeros_like(costs)
    for row in range(height)[:: -1 if way[0] < 0 else 1]:
        for column in range(width)[:: -1 if way[1] < 0 else 1]:
            path[row, column] = costs[row, column]
            before = row - way[0], column - way[1]
            if not (0 <= before[0] < height and 0 <= before[1] < width):
                continue
            last = path[before]
            low = np.concatenate([[np.inf], last[:-1]]) + STEP
            high = np.concatenate([last[1:], [np.inf]]) + STEP
            path[row, column] += np.min([last, low, high, np.full_like(last, last.min() + JUMP)], axis=0) - last.min()
    return path


@pytest.mark.parametrize("is_diagonal", [False, True])
def test_the_sum_is_that_of_the_plain_recursion(is_diagonal: bool) -> None:
    costs = np.random.default_rng(3).integers(0, STEPS_PER_COST + 1, (7, 9, 6)) / STEPS_PER_COST
    ways = [(1, 0), (-1, 0), (0, 1), (0, -1)]
    if is_diagonal:
        ways += [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    expected = np.sum([walked(costs, way) for way in ways], axis=0)
    smoothness = Smoothness(step_penalty=STEP, jump_penalty=JUMP, is_diagonal=is_diagonal)
    flat = torch.full((7, 9), 0.5)
    found = semi_global_costs(torch.from_numpy(costs.astype(np.float32)), flat, smoothness)
    assert np.array_equal(found.numpy(), np.round(expected * STEPS_PER_COST))


def test_costs_are_not_changed_in_place() -> None:
    costs = torch.rand(6, 6, 8, generator=torch.Generator().manual_seed(2))
    before = costs.clone()
    semi_global_costs(costs, torch.zeros(6, 6), SMOOTHNESS)
    assert torch.equal(costs, before)


def test_lonely_mistakes_give_way_to_their_neighbours() -> None:
    costs = torch.full((20, 20, 8), 0.5)
    costs[:, :, 3] = 0.1
    costs[10, 10, 3], costs[10, 10, 7] = 0.3, 0.05
    assert int(costs[10, 10].argmin()) == 7
    assert bool((semi_global_costs(costs, torch.zeros(20, 20), SMOOTHNESS).argmin(dim=2) == 3).all())


def test_jumps_are_taken_at_the_edge_of_the_image() -> None:
    costs = torch.full((16, 16, 8), 0.5)
    costs[:, :6, 1], costs[:, 10:, 6] = 0.1, 0.1  # nothing is known in columns 6 to 9
    gray = torch.zeros(16, 16)
    gray[:, 9:] = 1.0
    chosen = semi_global_costs(costs, gray, SMOOTHNESS).argmin(dim=2)
    assert bool((chosen[:, :9] == 1).all())
    assert bool((chosen[:, 9:] == 6).all())


@pytest.mark.parametrize("is_diagonal", [False, True])
@pytest.mark.parametrize("shape", [(7, 9, 6), (9, 5, 20), (8, 8, 70)])
def test_one_padded_batch_gives_the_same_sums_and_can_be_used_again(
    shape: tuple[int, int, int], is_diagonal: bool
) -> None:
    random = torch.Generator().manual_seed(5)
    smoothness = Smoothness(step_penalty=0.2, jump_penalty=2.0, is_diagonal=is_diagonal)
    for portrait in (shape, (shape[1], shape[0], shape[2]), shape):
        scans = scans_of(torch.rand(portrait, generator=random), torch.rand(portrait[:2], generator=random), smoothness)
        assert torch.equal(in_one_batch(*scans), one_by_one(*scans))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU at hand")
@pytest.mark.parametrize("is_diagonal", [False, True])
def test_the_captured_graph_gives_the_same_sums_on_a_gpu(is_diagonal: bool) -> None:
    random = torch.Generator().manual_seed(5)
    smoothness = Smoothness(step_penalty=0.2, jump_penalty=2.0, is_diagonal=is_diagonal)
    for _ in range(3):
        costs, gray = torch.rand((40, 61, 70), generator=random), torch.rand((40, 61), generator=random)
        on_gpu = semi_global_costs(costs.cuda(), gray.cuda(), smoothness)
        assert (on_gpu.cpu() - semi_global_costs(costs, gray, smoothness)).abs().max() <= 8  # rounding, a step a path
