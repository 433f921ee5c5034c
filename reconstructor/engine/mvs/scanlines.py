"""How are the path costs of semi-global matching computed along thousands of rows? A recursion over the rows of a batch.

Each row takes seven small kernels. On a GPU to launch them costs more than to run them: 13,000 for one depth map of 1,224
pixels. There the whole recursion is captured once, as a CUDA graph, and launched with one call; the code is the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from threading import Lock
from typing import Final

import torch
from torch import Tensor

_KEPT_BATCHES: Final = 8  # the levels of a depth map, each with up to three counts of hypotheses


def walk(ways: Tensor, jumps: Tensor, *, step_penalty: int, slants: tuple[int, ...], width: int) -> None:
    """Turn costs into path costs, in place, row by row.

    Source: Hirschmüller, PAMI 2008, equation 13, whose last term here is subtracted before the minimum is taken.

    Args:
        ways: (2 * slants, H, W, D) int16, the costs of D ordered hypotheses, 0 to 1 in steps of 1 / 400; two directions
            of each slant.
        jumps: (2 * slants, H - 1, W) int16, the penalty of a jump from each row to the next.
        step_penalty: that of one hypothesis up or down.
        slants: by how many pixels each pair of paths moves sideways from row to row.
        width: of the slanted paths' rows, at most W; a path that comes from beyond starts at zero.
    """
    for row in range(1, ways.shape[1]):
        before = _shifted(ways[:, row - 1], slants, width)
        best = before - before.amin(dim=2, keepdim=True)
        stepped = best + step_penalty
        torch.minimum(best, jumps[:, row - 1, :, None], out=best)
        torch.minimum(best[:, :, 1:], stepped[:, :, :-1], out=best[:, :, 1:])
        torch.minimum(best[:, :, :-1], stepped[:, :, 1:], out=best[:, :, :-1])
        ways[:, row].add_(best)


def _shifted(paths: Tensor, slants: tuple[int, ...], width: int) -> Tensor:
    """(2 * slants, W, D) moved sideways to the next row's pixels."""
    if not any(slants):
        return paths
    moved = []
    for pair, slant in zip(torch.split(paths, 2), slants, strict=True):
        moved.append(pair.roll(slant, dims=1))
        if slant != 0:
            moved[-1][:, 0 if slant > 0 else width - 1] = 0
    return torch.cat(moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchShape:
    """What a captured recursion depends on: it can run again for all costs of this shape.

    Attributes:
        side: rows and columns; the directions of an image run along both of its sides.
        count: hypotheses.
        step_penalty, slants, width: as of `walk`.
        device: where it runs.
    """

    side: int
    count: int
    step_penalty: int
    slants: tuple[int, ...]
    width: int
    device: torch.device


class Batch:
    """The recursion over all directions at once, in memory of its own. Hold `lock` from the first write to the last read.

    Attributes:
        ways: (2 * slants, side, side, count) int16, the costs before `run`, the path costs after it.
        jumps: (2 * slants, side - 1, side) int16.
    """

    def __init__(self, shape: BatchShape) -> None:
        self.lock = Lock()
        batch, side = 2 * len(shape.slants), shape.side
        with torch.inference_mode(mode=False):  # tensors made in that mode could not be changed outside of it
            self.ways = torch.zeros((batch, side, side, shape.count), dtype=torch.int16, device=shape.device)
            self.jumps = torch.zeros((batch, side - 1, side), dtype=torch.int16, device=shape.device)
        recursion = partial(
            walk,
            self.ways,
            self.jumps,
            step_penalty=shape.step_penalty,
            slants=shape.slants,
            width=shape.width,
        )
        self.run: Callable[[], None] = _captured(recursion, shape.device) if self.ways.is_cuda else recursion


@lru_cache(maxsize=_KEPT_BATCHES)
def batch_of(shape: BatchShape) -> Batch:
    """The batch of this shape; those used last are kept, because a capture takes as long as the first run."""
    return Batch(shape)


def _captured(function: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """Record the kernels that a function launches; the result launches all of them again, on the same memory."""
    with torch.cuda.device(device):
        beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            function()  # loads the kernels, which must not happen during a capture
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        # other threads may go on to use the GPU meanwhile: images are added beside a refetch
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            function()
    return graph.replay
