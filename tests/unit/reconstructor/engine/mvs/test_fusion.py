"""Does fusing keep what it must: bounds, order, detail, and itself?"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconstructor.engine.mvs.depth_maps import SurfacePoints
from reconstructor.engine.mvs.fusion import fitting, fused, fused_in_groups, without_outliers, without_strays


def cloud(seed: int, count: int, *, distances: tuple[float, ...] = (0.01,), extent: float = 0.2) -> SurfacePoints:
    rng = np.random.default_rng(seed)
    normals = rng.normal(size=(count, 3))
    return SurfacePoints(
        points_in_world=rng.uniform(-extent, extent, (count, 3)) + rng.uniform(-100.0, 100.0, 3),
        normals_in_world=(normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32),
        colors_rgb=rng.integers(0, 256, (count, 3), dtype=np.uint8),
        deviations=rng.uniform(0.001, 0.01, count).astype(np.float32),
        sampling_distances=rng.choice(np.array(distances, np.float32), count),
        confidences=rng.uniform(0.0, 1.0, count).astype(np.float32),
    )


def ordered(points: SurfacePoints) -> SurfacePoints:
    return points.take(np.lexsort(points.points_in_world.T.round(9)))


CLOUDS = st.builds(
    cloud,
    st.integers(0, 10_000),
    st.integers(1, 400),
    distances=st.sampled_from([(0.01,), (0.01, 0.03), (0.004, 0.01, 0.08)]),
)


@settings(max_examples=60, deadline=None)
@given(points=CLOUDS)
def test_fusing_again_changes_nothing(points: SurfacePoints) -> None:
    once = ordered(fused(points))
    twice = ordered(fused(once))
    assert len(once) == len(twice)
    assert np.abs(once.points_in_world - twice.points_in_world).max() < 1e-9
    assert np.array_equal(once.colors_rgb, twice.colors_rgb)


@pytest.mark.parametrize("distances", [(0.01,), (0.004, 0.01, 0.08)])
def test_too_many_points_are_fused_in_larger_voxels_until_they_fit(distances: tuple[float, ...]) -> None:
    points = fused(cloud(1, 5000, distances=distances))
    assert fitting(points, len(points)) is points
    thin = fitting(points, 600)
    assert 200 < len(thin) <= 600
    low, high = points.points_in_world.min(axis=0), points.points_in_world.max(axis=0)
    assert ((thin.points_in_world >= low) & (thin.points_in_world <= high)).all()
    assert np.ptp(thin.points_in_world, axis=0).min() > 0.8 * (high - low).max()  # of all parts
    assert len(fitting(points, 1)) == 1


@pytest.mark.parametrize("count", [0, 1, 4, 5, 23])
def test_fusing_in_groups_gives_the_points_of_fusing_at_once(count: int) -> None:
    whole = cloud(3, 400)
    parts = [whole.take(np.arange(400) % max(1, count) == part) for part in range(count)]
    grouped = ordered(fused_in_groups(parts))
    at_once = ordered(fused(SurfacePoints.join(parts)))
    assert len(grouped) == len(at_once)
    assert np.abs(grouped.points_in_world - at_once.points_in_world).max(initial=0.0) < 1e-6


@settings(max_examples=60, deadline=None)
@given(points=CLOUDS, seed=st.integers(0, 1000))
def test_the_order_of_points_does_not_matter(points: SurfacePoints, seed: int) -> None:
    shuffled = points.take(np.random.default_rng(seed).permutation(len(points)))
    first, second = ordered(fused(points)), ordered(fused(shuffled))
    assert len(first) == len(second)
    assert np.abs(first.points_in_world - second.points_in_world).max() < 1e-9
    assert np.abs(first.colors_rgb.astype(int) - second.colors_rgb.astype(int)).max() <= 1


@settings(max_examples=60, deadline=None)
@given(points=CLOUDS)
def test_large_clouds_are_fused_slab_by_slab_with_the_same_result(points: SurfacePoints) -> None:
    whole = ordered(fused(points))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reconstructor.engine.mvs.fusion._SLAB_POINTS", 20)
        slabs = ordered(fused(points))
    assert len(slabs) == len(whole)
    assert np.abs(slabs.points_in_world - whole.points_in_world).max() < 1e-9
    assert np.array_equal(slabs.colors_rgb, whole.colors_rgb)


def test_outliers_are_found_in_parts_as_in_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    points = cloud(7, 3000)
    whole = without_outliers(points)
    monkeypatch.setattr("reconstructor.engine.mvs.fusion._SLAB_POINTS", 700)
    assert np.array_equal(without_outliers(points).points_in_world, whole.points_in_world)


@settings(max_examples=60, deadline=None)
@given(points=CLOUDS)
def test_no_point_leaves_the_bounds_and_none_is_added(points: SurfacePoints) -> None:
    result = fused(points)
    assert 1 <= len(result) <= len(points)
    assert (result.points_in_world >= points.points_in_world.min(axis=0)).all()
    assert (result.points_in_world <= points.points_in_world.max(axis=0)).all()
    assert np.abs(np.linalg.norm(result.normals_in_world, axis=1) - 1.0).max() < 1e-5


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 400), part=st.integers(1, 400))
def test_fusing_in_parts_is_fusing_all_at_once(seed: int, count: int, part: int) -> None:
    points = cloud(seed, count)
    whole = ordered(fused(points))
    in_parts = ordered(fused(SurfacePoints.join([fused(points.take(slice(0, part))), points.take(slice(part, None))])))
    assert np.abs(whole.points_in_world - in_parts.points_in_world).max() < 1e-5
    assert np.abs(whole.deviations / in_parts.deviations - 1.0).max() < 1e-5


def test_surer_points_weigh_more() -> None:
    pair = cloud(1, 2)
    pair = SurfacePoints(
        points_in_world=np.array([[0.001, 0.001, 0.001], [0.004, 0.001, 0.001]]),
        normals_in_world=pair.normals_in_world,
        colors_rgb=np.array([[0, 0, 0], [100, 200, 50]], np.uint8),
        deviations=np.array([0.001, 0.002], np.float32),
        sampling_distances=np.full(2, 0.01, np.float32),
        confidences=np.array([0.3, 0.9], np.float32),
    )
    result = fused(pair)
    assert np.allclose(result.points_in_world, [[0.0016, 0.001, 0.001]])
    assert result.colors_rgb.tolist() == [[20, 40, 10]]
    assert float(result.confidences[0]) == np.float32(0.9)


def test_coarse_points_give_way_where_there_is_a_finer_look() -> None:
    fine, coarse = cloud(2, 500), cloud(2, 500)
    coarse = SurfacePoints(
        points_in_world=np.concatenate([fine.points_in_world[:250], fine.points_in_world[250:] + 5.0]),
        normals_in_world=coarse.normals_in_world,
        colors_rgb=coarse.colors_rgb,
        deviations=coarse.deviations,
        sampling_distances=np.full(500, 0.05, np.float32),
        confidences=coarse.confidences,
    )
    together = fused(SurfacePoints.join([fine, coarse]))
    far_away = together.points_in_world[:, 0] > fine.points_in_world[:, 0].max() + 1.0
    assert (together.sampling_distances[far_away] == np.float32(0.05)).all()
    assert far_away.sum() > 100
    assert (together.sampling_distances[~far_away] == np.float32(0.01)).all()


def test_noise_averages_out_on_a_plane() -> None:
    rng = np.random.default_rng(5)
    flat = cloud(5, 40_000, extent=0.5)
    points = np.column_stack([rng.uniform(-0.5, 0.5, (40_000, 2)), rng.normal(0.0, 0.004, 40_000) + 0.0075])
    noisy = SurfacePoints(
        points_in_world=points,
        normals_in_world=flat.normals_in_world,
        colors_rgb=flat.colors_rgb,
        deviations=np.full(40_000, 0.004, np.float32),
        sampling_distances=np.full(40_000, 0.01, np.float32),
        confidences=flat.confidences,
    )
    result = fused(noisy)
    assert len(result) < 13_000
    dense = result.points_in_world[np.abs(result.points_in_world[:, 2] - 0.0075) < 0.0075]
    assert np.median(np.abs(dense[:, 2] - 0.0075)) < np.median(np.abs(points[:, 2] - 0.0075))


def test_lonely_points_are_left_out_and_the_surface_is_not() -> None:
    rng = np.random.default_rng(6)
    sheet = cloud(6, 5_050)
    points = np.column_stack([rng.uniform(0.0, 0.7, (5_000, 2)), np.zeros(5_000)])
    lonely = rng.uniform(2.0, 5.0, (50, 3))
    mixed = SurfacePoints(
        points_in_world=np.concatenate([points, lonely]),
        normals_in_world=sheet.normals_in_world,
        colors_rgb=sheet.colors_rgb,
        deviations=sheet.deviations,
        sampling_distances=sheet.sampling_distances,
        confidences=sheet.confidences,
    )
    kept = without_outliers(mixed).points_in_world
    assert (kept[:, 2] == 0.0).all()
    assert len(kept) > 4_900


def test_a_handful_of_points_has_no_outliers() -> None:
    assert len(without_outliers(cloud(7, 5))) == 5


def surface_with(heights: tuple[float, ...], *, confidence: float = 0.75, sure: float = 0.9) -> SurfacePoints:
    """A flat sheet of 1,600 sure points at a sampling distance of 0.01, and others over its middle at these heights."""
    columns, rows = np.meshgrid(np.arange(40) * 0.01, np.arange(40) * 0.01)
    sheet = np.column_stack([columns.ravel(), rows.ravel(), np.zeros(1_600)])
    others = [[0.2, 0.2, height] for height in heights]
    every = cloud(8, 1_600 + len(heights))
    return replace(
        every,
        points_in_world=np.concatenate([sheet, others]) + 70.0,
        normals_in_world=np.tile(np.array([0, 0, 1], np.float32), (len(every), 1)),
        confidences=np.array([sure] * 1_600 + [confidence] * len(heights), np.float32),
    )


def test_doubtful_points_beside_a_sure_surface_are_left_out_and_those_on_it_or_far_from_it_are_not() -> None:
    points = surface_with((0.02, -0.03, 0.01, 0.2))
    kept = without_strays(points).points_in_world
    assert len(kept) == 1_602
    assert np.allclose(kept[-2:, 2], [70.01, 70.2])


def test_sure_points_beside_a_surface_stay() -> None:
    assert len(without_strays(surface_with((0.02, -0.03), confidence=0.82))) == 1_602


def test_where_nothing_is_sure_nothing_is_left_out() -> None:
    assert len(without_strays(surface_with((0.02, -0.03), sure=0.82))) == 1_602
    assert len(without_strays(SurfacePoints.empty())) == 0


def test_stray_points_are_found_in_parts_as_in_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    points = surface_with(tuple(np.linspace(-0.05, 0.05, 100)))
    whole = without_strays(points)
    monkeypatch.setattr("reconstructor.engine.mvs.fusion._SLAB_POINTS", 7)
    assert np.array_equal(without_strays(points).points_in_world, whole.points_in_world)
    assert 1_600 < len(whole) < 1_700
