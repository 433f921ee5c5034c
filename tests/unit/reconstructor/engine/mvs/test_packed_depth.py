"""A depth map is kept as closely as depth is known."""

import numpy as np
import torch

from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.packed_depth import PackedDepth

SHAPE = (60, 80)
SAMPLING_RATIO = 1.0 / 600.0  # one pixel at a focal length of 600 px, in ratio to the depth


def depth_map(inverse_depth: torch.Tensor) -> DepthMap:
    random = torch.Generator().manual_seed(2)
    return DepthMap(
        inverse_depth=inverse_depth,
        deviation=inverse_depth * torch.exp2(-4.0 - 8.0 * torch.rand(SHAPE, generator=random)),
        confidence=torch.rand(SHAPE, generator=random),
        valid=torch.rand(SHAPE, generator=random) < 0.8,
    )


def deep() -> DepthMap:
    """Depths over four octaves."""
    return depth_map(torch.exp2(4.0 * torch.rand(SHAPE, generator=torch.Generator().manual_seed(1))))


def test_depth_deviation_and_confidence_come_back_closely() -> None:
    given = deep()
    kept = PackedDepth.of(given).depth_map
    assert torch.equal(kept.valid, given.valid)
    valid = given.valid
    error = (kept.inverse_depth / given.inverse_depth - 1.0).abs()[valid]
    assert float(error.max()) < SAMPLING_RATIO / 30.0
    assert float((kept.deviation / given.deviation - 1.0).abs()[valid].max()) < 0.03
    assert float((kept.confidence - given.confidence).abs()[valid].max()) < 0.003


def test_keeping_what_was_kept_changes_nothing_to_speak_of() -> None:
    once = PackedDepth.of(deep()).depth_map
    again = PackedDepth.of(once).depth_map
    assert torch.equal(again.valid, once.valid)
    assert float((again.inverse_depth / once.inverse_depth - 1.0).abs()[once.valid].max()) < SAMPLING_RATIO / 30.0


def test_a_file_brings_the_same_codes() -> None:
    kept = PackedDepth.of(deep())
    read = PackedDepth.from_arrays(kept.arrays(), torch.device("cpu"))
    assert torch.equal(read.depth_map.inverse_depth, kept.depth_map.inverse_depth)
    assert torch.equal(read.depth_map.deviation, kept.depth_map.deviation)


def test_a_few_pixels_far_off_cost_the_others_nothing_and_are_left_out() -> None:
    given = deep()
    wild = given.inverse_depth.clone()
    wild[0, :3] = torch.tensor([1e-9, 1e9, 1e6])
    kept = PackedDepth.of(depth_map(wild)).depth_map
    assert not kept.valid[0, :3].any()
    rest = kept.valid.clone()
    assert float((kept.inverse_depth / wild - 1.0).abs()[rest].max()) < SAMPLING_RATIO / 30.0


def test_it_takes_a_third_of_the_bytes() -> None:
    given, kept = deep(), PackedDepth.of(deep())
    before = sum(each.nbytes for each in (given.inverse_depth, given.deviation, given.confidence, given.valid))
    after = sum(array.nbytes for array in kept.arrays().values())
    assert after < before / 3 + 100


def test_nothing_and_one_depth_can_be_kept() -> None:
    nothing = PackedDepth.of(depth_map(torch.ones(SHAPE)).masked(torch.zeros(SHAPE, dtype=torch.bool)))
    assert not nothing.depth_map.valid.any()
    flat = PackedDepth.of(depth_map(torch.full(SHAPE, 0.25))).depth_map
    assert np.allclose(flat.inverse_depth[flat.valid], 0.25, rtol=1e-4)
