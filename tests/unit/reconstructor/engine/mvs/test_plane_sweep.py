"""Does the built-in depth engine find the depth of known objects, to a fraction of a pixel on the surface?"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from reconstructor.engine.mvs import correlation, plane_sweep, semi_global_matching
from reconstructor.engine.mvs.consistency import ConsistencyThresholds, filter_consistent
from reconstructor.engine.mvs.densifier import sweep_settings
from reconstructor.engine.mvs.depth_maps import DepthMap
from reconstructor.engine.mvs.plane_sweep import (
    NoSourceError,
    PlaneSweep,
    SweepSettings,
    TooLittleSparseError,
    enlarged,
    inverse_depth_range,
)
from reconstructor.engine.settings import Quality
from tests.unit.reconstructor.engine.analytic import Rendered, arc, ball_before_wall, photographed

ENGINE = PlaneSweep(SweepSettings())


def errors_in_sampling_distances(image: Rendered, inverse_depth: Tensor) -> Tensor:
    return (inverse_depth.reciprocal() - image.depth).abs() / image.depth * float(image.view.intrinsics[0])


@pytest.mark.parametrize(("name", "share"), [("leaning_wall", 0.92), ("ball_before_wall", 0.90), ("two_walls", 0.90)])
def test_depth_is_right_to_two_sampling_distances(name: str, share: float) -> None:
    images = photographed(name)
    depth_map = ENGINE.depth_map(images[2].view, [images[at].view for at in (1, 3, 4)])
    errors = errors_in_sampling_distances(images[2], depth_map.inverse_depth)
    assert float(depth_map.valid.float().mean()) > 0.85
    assert float((errors[depth_map.valid] < 2.0).float().mean()) > share
    assert float(errors[depth_map.valid].median()) < 0.5


def test_quick_depth_is_another_and_nearly_as_right() -> None:
    images = arc(ball_before_wall(), count=3, size=(264, 396))
    views = images[1].view, [images[0].view, images[2].view]
    thorough, quick = ENGINE.depth_map(*views), ENGINE.depth_map(*views, is_quick=True)
    assert not torch.equal(thorough.inverse_depth, quick.inverse_depth)
    errors = errors_in_sampling_distances(images[1], quick.inverse_depth)
    assert float(quick.valid.float().mean()) > 0.8
    assert float((errors[quick.valid] < 2.0).float().mean()) > 0.88


def test_quick_depth_of_a_small_image_is_the_thorough_one() -> None:
    images = photographed("leaning_wall")
    views = images[2].view, [images[1].view, images[3].view]
    assert torch.equal(ENGINE.depth_map(*views).inverse_depth, ENGINE.depth_map(*views, is_quick=True).inverse_depth)


def test_deviations_are_of_the_size_of_the_errors() -> None:
    images = photographed("leaning_wall")
    depth_map = ENGINE.depth_map(images[2].view, [images[at].view for at in (1, 3, 4)])
    errors = (depth_map.inverse_depth - images[2].depth.reciprocal()).abs() / depth_map.deviation
    assert 0.4 < float(errors[depth_map.valid].quantile(0.68)) < 2.0


def test_confident_pixels_are_right_more_often() -> None:
    images = photographed("two_walls")
    depth_map = ENGINE.depth_map(images[2].view, [images[at].view for at in (1, 3, 4)])
    is_right = errors_in_sampling_distances(images[2], depth_map.inverse_depth) < 2.0
    is_sure = depth_map.confidence > depth_map.confidence[depth_map.valid].median()
    sure, unsure = (is_right[depth_map.valid & mask].float().mean() for mask in (is_sure, ~is_sure))
    assert float(sure) > float(unsure)


def test_the_same_images_give_the_same_depth() -> None:
    images = photographed("two_walls")
    sources = [images[1].view, images[3].view]
    first, second = (ENGINE.depth_map(images[2].view, sources) for _ in range(2))
    assert torch.equal(first.inverse_depth, second.inverse_depth)
    assert torch.equal(first.valid, second.valid)


def test_images_of_something_else_give_few_and_unsure_pixels() -> None:
    images = photographed("leaning_wall")
    noise = torch.randint(0, 256, images[1].view.image_rgb.shape, generator=torch.Generator().manual_seed(4))
    sources = [replace(images[at].view, image_rgb=noise.to(torch.uint8)) for at in (1, 3)]
    depth_map = ENGINE.depth_map(images[2].view, sources)
    right = ENGINE.depth_map(images[2].view, [images[1].view, images[3].view])
    assert float(depth_map.valid.float().mean()) < 0.6 * float(right.valid.float().mean())
    assert float(depth_map.confidence[depth_map.valid].median()) < 0.3
    assert float(right.confidence[right.valid].median()) > 0.7


def test_too_little_to_go_by_is_said() -> None:
    view = photographed("leaning_wall")[0].view
    bare = replace(view, sparse_ids=view.sparse_ids[:3], sparse_in_world=view.sparse_in_world[:3])
    with pytest.raises(NoSourceError):
        ENGINE.depth_map(view, [])
    with pytest.raises(TooLittleSparseError, match="8 are needed"):
        ENGINE.depth_map(bare, [photographed("leaning_wall")[1].view])


def test_the_search_range_holds_every_true_depth() -> None:
    for image in photographed("ball_before_wall"):
        nearest, farthest = inverse_depth_range(image.view)
        depths = image.depth.reciprocal()
        assert farthest < float(depths.min())
        assert float(depths.max()) < nearest


@pytest.mark.parametrize("size", [(8, 12), (9, 13)])
def test_enlarging_keeps_a_plane_a_plane(size: tuple[int, int]) -> None:
    rows, columns = torch.meshgrid(torch.arange(4.0), torch.arange(6.0), indexing="ij")
    enlarged_plane = enlarged(2.0 * rows + 3.0 * columns, *size)
    assert enlarged_plane.shape == size
    inner = enlarged_plane[1:7, 1:11]
    assert np.allclose(np.diff(inner.numpy(), axis=0), 1.0, atol=1e-5)
    assert np.allclose(np.diff(inner.numpy(), axis=1), 1.5, atol=1e-5)


def test_larger_pieces_as_on_a_gpu_give_the_same_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    images = photographed("leaning_wall")
    views = images[2].view, [images[1].view, images[3].view]
    expected = ENGINE.depth_map(*views)
    monkeypatch.setattr(semi_global_matching, "one_by_one", semi_global_matching.in_one_batch)
    monkeypatch.setattr(correlation, "_PLANES_AT_ONCE", correlation._PLANES_AT_ONCE_ON_GPU)
    found = ENGINE.depth_map(*views)
    assert torch.equal(found.valid, expected.valid)
    assert torch.equal(found.inverse_depth, expected.inverse_depth)


def test_on_another_device_nothing_is_mixed_with_the_processor_and_nothing_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tensors on the device `meta` have no values: to mix them with others, or to read one, is an error, as on a GPU."""
    images = photographed("leaning_wall")
    views = [replace(images[at].view, image_rgb=images[at].view.image_rgb[:48, :64]) for at in (2, 1, 3)]
    there = [replace(view, compute_device=torch.device("meta")) for view in views]
    monkeypatch.setattr(plane_sweep, "_plane_count", lambda *_: 72)  # reads one value, the longest path
    monkeypatch.setattr(DepthMap, "__post_init__", lambda _: None)  # and this one whether all depths are positive
    depth_map = ENGINE.depth_map(there[0], there[1:])
    others = [(view, depth_map) for view in there[1:]]
    confirmed = filter_consistent(there[0], depth_map, others, ConsistencyThresholds())
    assert {each.device.type for each in (confirmed.inverse_depth, confirmed.deviation, confirmed.valid)} == {"meta"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU at hand")
@pytest.mark.parametrize("quality", Quality)
def test_a_gpu_finds_the_same_depth(quality: Quality) -> None:
    images = photographed("leaning_wall")
    engine = PlaneSweep(sweep_settings(quality))
    views = [images[at].view for at in (2, 1, 3)]
    there = [replace(view, compute_device=torch.device("cuda", 0)) for view in views]
    expected, found = (engine.depth_map(each[0], each[1:]).to(torch.device("cpu")) for each in (views, there))
    valid = expected.valid & found.valid
    assert float(valid.float().mean()) > 0.95 * float(expected.valid.float().mean())
    ratio = found.inverse_depth[valid] / expected.inverse_depth[valid]
    assert float(((ratio - 1.0).abs() < 1e-3).float().mean()) > 0.98
